"""How one value looks, the same in tables, panels and templates: figures, instants, states, ids."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

Cell = Callable[[Any], str]

NOTHING: Final = mark_safe('<span class="text-secondary" aria-label="none">—</span>')
MASK: Final = "••••"
_STEPS: Final = ((86400 * 365, "y"), (86400 * 30, "mo"), (86400, "d"), (3600, "h"), (60, "min"))
_SYMBOLS: Final = {"EUR": "€", "GBP": "£", "USD": "$"}


@dataclass(frozen=True, slots=True)
class State:
    """A word for a state and its tone: good, bad, warn, idle or info. The dot repeats what the word says."""

    word: str
    tone: str = "idle"


States = Mapping[str, State]


def text(value: object) -> str:
    """Plain text; a dash for nothing."""
    return NOTHING if value in (None, "") else str(value)


def number(value: int | float | Decimal | None) -> str:
    """A figure with thousands separated."""
    return NOTHING if value is None else f"{value:,}"


def money(amount: Decimal | None, currency: str = "") -> str:
    """An amount with two decimals and its currency, for example `€ 60.75`."""
    if amount is None:
        return NOTHING
    return f"{_SYMBOLS.get(currency, currency)} {amount:,.2f}".strip()


def percent(value: float | Decimal | None) -> str:
    """A share between 0 and 1 with one decimal: `99.2 %`."""
    return NOTHING if value is None else f"{value * 100:.1f} %"


def code(value: object) -> str:
    """An id, a scope, a path: fixed width."""
    return NOTHING if value in (None, "") else format_html("<code>{}</code>", value)


def strong(value: object) -> str:
    """The name of the row."""
    return NOTHING if value in (None, "") else format_html("<strong>{}</strong>", value)


def tags(values: Iterable[object]) -> str:
    """Badges in a row."""
    return format_html_join(" ", '<span class="badge bg-indigo-lt">{}</span>', ((value,) for value in values))


def yes_no(value: bool | None) -> str:
    """`Yes` or `No` in words."""
    return NOTHING if value is None else ("Yes" if value else "No")


def instant(value: datetime | None) -> str:
    """Local date and time to the minute; the zone stands once, at the foot of the menu."""
    if value is None:
        return NOTHING
    local = timezone.localtime(value)
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), local.strftime("%Y-%m-%d %H:%M"))


def day(value: date | datetime | None) -> str:
    """Local date."""
    if value is None:
        return NOTHING
    return timezone.localtime(value).strftime("%Y-%m-%d") if isinstance(value, datetime) else value.isoformat()


def ago(value: datetime | None) -> str:
    """How long ago or in how long, with the exact local instant as title; kept current in the browser."""
    if value is None:
        return NOTHING
    title = timezone.localtime(value).strftime("%Y-%m-%d %H:%M:%S")
    words = in_words(value, timezone.now())
    return format_html('<time datetime="{}" title="{}" data-ago>{}</time>', value.isoformat(), title, words)


def in_words(value: datetime, now: datetime) -> str:
    """`3 min ago`, `in 2 d`, `just now`; months are 30 days and years 365."""
    seconds = int(abs(now - value) / timedelta(seconds=1))
    for size, unit in _STEPS:
        if seconds >= size:
            amount = f"{seconds // size} {unit}"
            return f"{amount} ago" if value < now else f"in {amount}"
    return "just now"


def dot(state: State) -> SafeString:
    """A dot and a word."""
    return format_html('<span class="state state-{}">{}</span>', state.tone, state.word)


def state(states: States) -> Cell:
    """A cell for the states of one kind of object; a state it does not know is a defect and raises KeyError."""

    def draw(value: Any) -> str:
        return NOTHING if value in (None, "") else dot(states[value])

    return draw


def link(url: str, label: object, detail: object = "") -> SafeString:
    """A link with an optional quieter word behind it."""
    if detail:
        return format_html('<a href="{}">{}</a> <span class="text-secondary">{}</span>', url, label, detail)
    return format_html('<a href="{}">{}</a>', url, label)


def masked_email(address: str) -> str:
    """`j••••@example.com`: what a reader without the right to personal data sees."""
    name, at, domain = address.partition("@")
    return f"{name[:1]}{MASK}{at}{domain}"


def icon(name: str, size: str = "") -> SafeString:
    """A decorative icon of the sprite; `sm` is smaller. A name that the sprite lacks fails a test."""
    sprite = static("vendor/icons/icons.svg")
    css = f"icon icon-{size}" if size else "icon"
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}#{}"></use></svg>', css, sprite, name)
