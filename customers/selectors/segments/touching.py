"""Who was touched: by changes in a stretch of transactions, or by time that went by. Read by what keeps segments."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection

from customers.rules.segments.mentions import Clock

Touched = dict[int, set[str]]
"""Topics by customer."""
ROWS: Final = 20_000
"""A stretch ends where it would hold more touches than these, unless one transaction alone does."""


@dataclass(frozen=True, slots=True)
class TouchSource:
    """A log beside the touches whose new rows may move people: `touched(after, upto, topics)` answers the topics by
    customer of the transactions in (after, upto], `oldest(after)` when the first row behind was written, and
    `ready(topics)` up to which transaction it may be read, if something must come before."""

    name: str
    touched: Callable[[int, int, Collection[str]], Mapping[int, Collection[str]]]
    oldest: Callable[[int], datetime | None]
    ready: Callable[[Collection[str]], int | None]


Passing = Callable[[Clock, datetime, datetime], tuple[str, Mapping[str, Any]]]
"""(clock, since, until) -> a query for the ids of customers with a fact in [since, until]."""

_sources: dict[str, TouchSource] = {}
_clocks: dict[str, Passing] = {}


def register_touch_source(source: TouchSource) -> None:
    """Let segments follow this log too; a name may be taken once."""
    if source.name in _sources:
        raise ValueError(f"{source.name} is registered twice")
    _sources[source.name] = source


def register_clock(name: str, passing: Passing) -> None:
    """Let segments know whom time moves in or out by facts of this source; a name may be taken once."""
    if name in _clocks:
        raise ValueError(f"{name} is registered twice")
    _clocks[name] = passing


def readable(*, after: int, upto: int, topics: Collection[str]) -> int:
    """Where a stretch behind `after` has to end: at `upto` or before."""
    limits = [limit for source in _sources.values() if (limit := source.ready(topics)) is not None]
    upto = min([upto, *limits])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT xid FROM customers_touch WHERE xid > %s AND xid <= %s ORDER BY xid OFFSET %s LIMIT 1",
            [after, upto, ROWS],
        )
        row = cursor.fetchone()
    return max(row[0] - 1, after + 1) if row else upto


def touched_between(*, after: int, upto: int | None, topics: Collection[str]) -> Touched:
    """Who was touched in one of these topics by transactions in (after, upto], or in all that are visible behind."""
    found: Touched = defaultdict(set)
    end = 2**62 if upto is None else upto
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT customer_id, topics FROM customers_touch WHERE xid > %s AND xid <= %s AND topics && %s::text[]",
            [after, end, sorted(topics)],
        )
        for customer_id, changed in cursor:
            found[customer_id].update(changed)
    for source in _sources.values():
        for customer_id, changed in source.touched(after, end, topics).items():
            found[customer_id].update(changed)
    return found


def passed_between(*, clocks: Iterable[Clock], since: datetime, until: datetime) -> dict[Clock, set[int]]:
    """Whose facts began or ceased to count between two instants; one query a clock."""
    found = {}
    with connection.cursor() as cursor:
        for clock in clocks:
            sql, parameters = _clocks[clock.source](clock, since - clock.age, until - clock.age)
            cursor.execute(sql, dict(parameters))
            found[clock] = {row[0] for row in cursor}
    return found


def oldest_waiting(*, after: int) -> datetime | None:
    """When the first touch or row of a source behind the transaction `after` was written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(at) FROM customers_touch WHERE xid > %s", [after])
        found = [cursor.fetchone()[0], *(source.oldest(after) for source in _sources.values())]
    return min((at for at in found if at is not None), default=None)


_FACTS: Final[dict[str, str]] = {
    "orders": "SELECT customer_id FROM customers_purchase f WHERE f.purchased_at BETWEEN %(since)s AND %(until)s",
    "tags": "SELECT customer_id FROM customers_customertag f WHERE f.expires_at BETWEEN %(since)s AND %(until)s",
    "consent": "SELECT id FROM customers_customer c WHERE c.consent_until BETWEEN %(since)s AND %(until)s",
    "changes": (
        "SELECT customer_id FROM customers_profilechange f"
        " WHERE f.field = ANY(%(fields)s) AND f.at BETWEEN %(since)s AND %(until)s"
    ),
}
_DATED_AHEAD: Final = {"orders": " AND f.purchased_at > f.created_at"}
_HISTORY: Final = {"profile": "", "attribute": "attributes."}


def _own_facts(clock: Clock, since: datetime, until: datetime) -> tuple[str, Mapping[str, Any]]:
    ahead = "" if clock.age else _DATED_AHEAD.get(clock.source, "")
    kinds = (kind.partition(":") for kind in clock.kinds)
    fields = [_HISTORY[kind] + name for kind, _, name in kinds] if clock.source == "changes" else []
    return _FACTS[clock.source] + ahead, {"since": since, "until": until, "fields": fields}


def _profile_instants(clock: Clock, since: datetime, until: datetime) -> tuple[str, Mapping[str, Any]]:
    """By the index of the column; the time of the latest order by the orders of that time."""
    if clock.kinds == ("last_order_at",):
        return _own_facts(Clock("orders", clock.age), since, until)
    # A column of this table, from the names that rules/segments/own.py lists.
    sql = f"SELECT c.id FROM customers_customer c WHERE c.{clock.kinds[0]} BETWEEN %(since)s AND %(until)s"  # noqa: S608
    return sql, {"since": since, "until": until}


OWN_CLOCKS: Final[dict[str, Passing]] = {**dict.fromkeys(_FACTS, _own_facts), "profile": _profile_instants}
