"""One person's story from every floor: sources register, readers get one list, newest first, page by page."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db.models import Q

from core.errors import NotFound
from customers.models import Purchase


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened. `row` is a unique, sortable id inside its source; `details` is plain JSON."""

    at: datetime
    row: str
    kind: str
    title: str
    source: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Before:
    """What a source may still yield: entries before `at`, and at `at` those behind `row`, or all when `inclusive`."""

    at: datetime
    row: str = ""
    inclusive: bool = False

    def condition(self, at_field: str, row_field: str) -> Q:
        """The same as a filter over two columns."""
        if self.inclusive:
            return Q(**{f"{at_field}__lte": self.at})
        earlier = Q(**{f"{at_field}__lt": self.at})
        return earlier | Q(**{at_field: self.at, f"{row_field}__lt": self.row}) if self.row else earlier


AT_ONE_INSTANT: Final = 500
Fetch = Callable[[Sequence[int], Before, int], Sequence[Entry]]


@dataclass(frozen=True, slots=True)
class Source:
    """A place that knows something about customers.

    `fetch(customer_ids, before, limit)` answers at most `limit` entries, newest first by (at, row), with an index.
    """

    name: str
    label: str
    fetch: Fetch


@dataclass(frozen=True, slots=True)
class Position:
    """Behind which entry to go on: its instant, its source, its row."""

    at: datetime
    source: str
    row: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """A page of a timeline; `next` is None at its end."""

    entries: list[tuple[str, Entry]]
    next: Position | None


_sources: dict[str, Source] = {}


def register_source(source: Source) -> None:
    """Make a source part of every timeline."""
    _sources[source.name] = source


def sources() -> list[Source]:
    """Every source, by name."""
    return [_sources[name] for name in sorted(_sources)]


def read_timeline(
    *, customer_ids: Sequence[int], now: datetime, limit: int, after: Position | None = None, only: Collection[str] = ()
) -> Stretch:
    """At most `limit` entries of these customers (one person and the visitors she absorbed), newest first.

    Begins at `now` or behind `after`; `only` names sources. One query a source.
    """
    chosen = [source for source in sources() if not only or source.name in only]
    found = [
        (source.name, entry)
        for source in chosen
        for entry in source.fetch(customer_ids, _before(source.name, after, now), limit + 1)
    ]
    found.sort(key=lambda pair: (pair[1].at, pair[0], pair[1].row), reverse=True)
    if len(found) <= limit:
        return Stretch(entries=found, next=None)
    name, last = found[limit - 1]
    return Stretch(entries=found[:limit], next=Position(at=last.at, source=name, row=last.row))


def find_entry(*, customer_ids: Sequence[int], position: Position) -> Entry:
    """The entry that stands at this position; NotFound when it is gone."""
    source = _sources.get(position.source)
    before = Before(at=position.at, inclusive=True)
    found = source.fetch(customer_ids, before, AT_ONE_INSTANT) if source else ()
    entry = next((entry for entry in found if (entry.at, entry.row) == (position.at, position.row)), None)
    if entry is None:
        raise NotFound("This entry is not on the timeline any more.")
    return entry


def _before(name: str, after: Position | None, now: datetime) -> Before:
    if after is None:
        return Before(at=now, inclusive=True)
    if name == after.source:
        return Before(at=after.at, row=after.row)
    return Before(at=after.at, inclusive=name < after.source)


def fetch_purchases(customer_ids: Sequence[int], before: Before, limit: int) -> list[Entry]:
    """The built-in source: orders and refunds."""
    rows = (
        Purchase.objects.filter(customer_id__in=customer_ids)
        .filter(before.condition("purchased_at", "public_id"))
        .order_by("-purchased_at", "-public_id")[:limit]
    )
    return [
        Entry(
            at=row.purchased_at,
            row=row.public_id,
            kind="purchase" if row.amount >= 0 else "refund",
            title="Placed order" if row.amount >= 0 else "Refund",
            source=row.source,
            details={"order_id": row.order_id, "amount": f"{row.amount:.2f}", "currency": row.currency},
        )
        for row in rows
    ]


PURCHASES = Source(name="purchases", label="Orders", fetch=fetch_purchases)
