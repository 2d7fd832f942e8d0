"""What upper floors contribute to the console: menu items, panels of detail pages, palette searches, alerts.

Each registry is filled at start-up (`hooks.py`, console URLs) and read on every page; the reader's permissions
decide what is shown. A name may be taken once, by the same thing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from django.core.cache import cache
from django.http import HttpRequest
from redis.exceptions import RedisError

SECTIONS: Final = ("", "Audience", "Marketing", "Compliance", "Integrations", "System")
COUNT_SECONDS: Final = 60
ALERT_SECONDS: Final = 15

Thing = TypeVar("Thing")


class Reader(Protocol):
    """Whoever looks at the page."""

    def has_perm(self, permission: str) -> bool:
        """Whether the reader holds this permission."""
        ...


@dataclass(frozen=True, slots=True)
class MenuItem:
    """One line of the side menu; `count` answers the figure beside it and is asked at most once a minute."""

    label: str
    url_name: str
    icon: str
    section: str
    permission: str
    order: int = 100
    count: Callable[[], int] | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """One card of a detail page, drawn by `template` with what `context(request, subject)` answers.

    `place` is `figure` (the row of key figures), `main` or `side`. A `lazy` panel is fetched after the page; one
    with `poll` seconds is fetched again while the tab is visible, until its context holds `"finished": True`.
    """

    name: str
    title: str
    template: str
    permission: str
    context: Callable[[HttpRequest, Any], Mapping[str, Any]]
    place: str = "main"
    order: int = 100
    icon: str = ""
    lazy: bool = False
    poll: int = 0


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found by the palette."""

    label: str
    url: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Search:
    """A kind of object the palette can find; `find(text, reader)` answers a handful, masked as the reader needs."""

    label: str
    icon: str
    permission: str
    find: Callable[[str, Reader], Sequence[Hit]]
    order: int = 100


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that needs a person; a `banner` stands on every page, the others behind the bell."""

    text: str
    url: str = ""
    tone: str = "warn"
    banner: bool = False


@dataclass(frozen=True, slots=True)
class AlertSource:
    """Answers the alerts of one part of the product; asked at most every 15 seconds."""

    name: str
    permission: str
    find: Callable[[], Sequence[Alert]]


_items: dict[str, MenuItem] = {}
_panels: dict[str, dict[str, Panel]] = {}
_searches: dict[str, Search] = {}
_alerts: dict[str, AlertSource] = {}


def add_item(item: MenuItem) -> None:
    """Put an item into the side menu."""
    if item.section not in SECTIONS:
        raise ValueError(f"{item.label}: {item.section!r} is no section of the menu")
    _put(_items, item.url_name, item)


def add_panel(area: str, panel: Panel) -> None:
    """Show a panel on the page that calls itself `area`, for example `customer` or `home`."""
    _put(_panels.setdefault(area, {}), panel.name, panel)


def add_search(search: Search) -> None:
    """Let the palette find one more kind of object."""
    _put(_searches, search.label, search)


def add_alerts(source: AlertSource) -> None:
    """Let one more part of the product raise alerts."""
    _put(_alerts, source.name, source)


def items() -> list[MenuItem]:
    """Every item of the menu in its order, whoever reads."""
    return sorted(_items.values(), key=lambda item: (SECTIONS.index(item.section), item.order, item.label))


def items_for(reader: Reader) -> list[MenuItem]:
    """The items this reader may open, in their order."""
    return [item for item in items() if reader.has_perm(item.permission)]


def counts_of(shown: Iterable[MenuItem]) -> dict[str, int]:
    """The figure of each item that has one, by URL name, at most COUNT_SECONDS old; none while Redis is away."""
    keys = {f"menu:{item.url_name}": item for item in shown if item.count}
    try:
        known: dict[str, int] = cache.get_many(keys)
        missing = {key: item.count() for key, item in keys.items() if item.count and key not in known}
        if missing:
            cache.set_many(missing, COUNT_SECONDS)
    except RedisError:
        return {}
    return {keys[key].url_name: value for key, value in {**known, **missing}.items()}


def panels_for(area: str, reader: Reader, own: Iterable[Panel] = ()) -> list[Panel]:
    """A page's own panels and those added to its area that this reader may see, in their order."""
    found = [*own, *_panels.get(area, {}).values()]
    return sorted((p for p in found if reader.has_perm(p.permission)), key=lambda panel: (panel.order, panel.name))


def searches_for(reader: Reader) -> list[Search]:
    """The palette searches of this reader, in their order."""
    found = [search for search in _searches.values() if reader.has_perm(search.permission)]
    return sorted(found, key=lambda search: (search.order, search.label))


def alerts_for(reader: Reader) -> list[Alert]:
    """What needs this reader's care now, at most ALERT_SECONDS old, banners first."""
    sources = [source for source in _alerts.values() if reader.has_perm(source.permission)]
    found = [alert for source in sources for alert in _alerts_of(source)]
    return sorted(found, key=lambda alert: not alert.banner)


def _alerts_of(source: AlertSource) -> Sequence[Alert]:
    try:
        return cache.get_or_set(f"alerts:{source.name}", lambda: list(source.find()), ALERT_SECONDS) or ()
    except RedisError:
        return source.find()


def _put(registry: dict[str, Thing], name: str, thing: Thing) -> None:
    if registry.setdefault(name, thing) != thing:
        raise ValueError(f"{name} is registered twice")
