"""Where automations hear of things: logs, each registered by the floor that owns it, read by transaction or by person.

Reading by transaction (below the oldest one still running) misses nothing and is what moves people; reading by person
is the second look, taken before anything is done to her, at what has not been read yet.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection

from campaigns.rules.automations.signals import Signal
from customers.models import Segment, SegmentKind, SegmentState
from customers.selectors.segments.comparing import KNOWN_SQL


@dataclass(frozen=True, slots=True)
class SignalSource:
    """A log. `on` is the word of triggers that listen to it.

    `read(after, upto, kinds)` answers the signals of the transactions in (after, upto], `recent(since, kinds)` those
    of some customers since an instant each, both oldest first; `oldest(after)` when the first row behind a transaction
    was written; `wrong(trigger)` says in sentences why a trigger cannot be listened to; `choices()` what can be.
    """

    on: str
    read: Callable[[int, int, Collection[str]], Iterable[Signal]]
    recent: Callable[[Mapping[int, datetime], Collection[str]], Iterable[Signal]]
    oldest: Callable[[int], datetime | None]
    wrong: Callable[[Mapping[str, Any]], list[str]]
    choices: Callable[[], list[tuple[str, str]]]


_sources: dict[str, SignalSource] = {}


def register_signal_source(source: SignalSource) -> None:
    """Let automations listen to this log; a word may be taken once."""
    if source.on in _sources:
        raise ValueError(f"{source.on} is registered twice")
    _sources[source.on] = source


def sources() -> Mapping[str, SignalSource]:
    """Every log by its word."""
    return dict(_sources)


def wrong_with(trigger: Mapping[str, Any]) -> list[str]:
    """Why a trigger cannot be listened to; [] when it can."""
    source = _sources.get(trigger["on"])
    return source.wrong(trigger) if source else [f"Nothing can be heard of “{trigger['on']}”."]


def read_signals(*, after: int, upto: int, kinds: Collection[str]) -> list[Signal]:
    """What happened by transactions in (after, upto] that somebody listens for, oldest first."""
    found = [one for on, some in _by_source(kinds).items() for one in _sources[on].read(after, upto, some)]
    return sorted(found, key=lambda signal: signal.at)


def recent_signals(*, since: Mapping[int, datetime], kinds: Collection[str]) -> dict[int, list[Signal]]:
    """What happened to these customers since an instant each, oldest first; read from the logs themselves."""
    found: dict[int, list[Signal]] = {}
    for on, some in _by_source(kinds).items() if since else ():
        for signal in _sources[on].recent(since, some):
            found.setdefault(signal.customer_id, []).append(signal)
    for signals in found.values():
        signals.sort(key=lambda signal: signal.at)
    return found


def oldest_waiting(*, after: int) -> datetime | None:
    """When the first row of any log behind the transaction `after` was written; None when there is none."""
    return min((at for source in _sources.values() if (at := source.oldest(after))), default=None)


def _by_source(kinds: Collection[str]) -> dict[str, list[str]]:
    """Names of kinds without the word of their source, by that word."""
    found: dict[str, list[str]] = {}
    for kind in sorted(kinds):
        on, _, name = kind.partition(":")
        if on in _sources:
            found.setdefault(on, []).append(name)
    return found


ORDER_MEMBERS: Final = ("orderId", "value", "currency")
"""What conditions on an order may look at."""
_PERSON: Final = """
JOIN customers_customer v ON v.{by} JOIN customers_customer c ON c.id = coalesce(v.merged_into_id, v.id)
AND """ + KNOWN_SQL.replace("%", "%%")
_ORDERS_READ: Final = f"""
SELECT c.id, p.public_id, p.purchased_at, p.order_id, p.amount::float8, p.currency
FROM core_outboxmessage m JOIN customers_purchase p ON p.public_id = m.subject {_PERSON.format(by="id = p.customer_id")}
WHERE m.xid > %s AND m.xid <= %s AND m.topic = 'purchase.recorded' AND p.amount >= 0 ORDER BY m.xid, m.id
"""  # noqa: S608
_ORDERS_RECENT: Final = """
SELECT s.id, p.public_id, p.purchased_at, p.order_id, p.amount::float8, p.currency
FROM unnest(%s::bigint[], %s::timestamptz[]) AS s (id, since) JOIN customers_purchase p ON p.customer_id = s.id
AND p.purchased_at >= s.since AND p.amount >= 0 ORDER BY p.purchased_at
"""
_SEGMENTS_READ: Final = f"""
SELECT c.id, m.id, m.created_at, m.payload ->> 'segment'
FROM core_outboxmessage m {_PERSON.format(by="public_id = m.subject")}
WHERE m.xid > %s AND m.xid <= %s AND m.topic = 'segment.entered' AND m.payload ->> 'segment' = ANY(%s)
ORDER BY m.xid, m.id
"""  # noqa: S608
_SEGMENTS_RECENT: Final = """
SELECT s.id, h.id, h.at, g.slug FROM unnest(%s::bigint[], %s::timestamptz[]) AS s (id, since)
JOIN customers_segmentchange h ON h.customer_id = s.id AND h.entered AND h.at >= s.since
JOIN customers_segment g ON g.id = h.segment_id AND g.slug = ANY(%s) ORDER BY h.at
"""


def _rows(statement: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def _order(row: tuple[Any, ...]) -> Signal:
    customer, public_id, at, order_id, amount, currency = row
    facts = dict(zip(ORDER_MEMBERS, (order_id, amount, currency), strict=True))
    return Signal("order", f"order:{public_id}", customer, at, facts)


def _no_member(trigger: Mapping[str, Any]) -> list[str]:
    wrong = [one["field"] for one in trigger.get("where", ()) if one["field"] not in ORDER_MEMBERS]
    return [f"An order has no “{name[:60]}”; it has {', '.join(ORDER_MEMBERS)}." for name in wrong]


def _entered(row: tuple[Any, ...]) -> Signal:
    customer, number, at, slug = row
    return Signal(f"segment:{slug}", f"segment:{number}", customer, at, {"segment": slug})


def _oldest_told(after: int) -> datetime | None:
    found = _rows("SELECT created_at FROM core_outboxmessage WHERE xid > %s ORDER BY xid, id LIMIT 1", [after])
    return found[0][0] if found else None


def _unknown_segment(trigger: Mapping[str, Any]) -> list[str]:
    slug = trigger["segment"]
    kind = Segment.objects.filter(slug=slug, state=SegmentState.ACTIVE).values_list("kind", flat=True).first()
    if kind is None:
        return [f"There is no segment “{slug[:60]}”."]
    if kind == SegmentKind.SNAPSHOT:
        return [f"“{slug[:60]}” was put together once and for all: nobody comes into it any more."]
    return []


def _segments() -> list[tuple[str, str]]:
    rows = Segment.objects.filter(state=SegmentState.ACTIVE).exclude(kind=SegmentKind.SNAPSHOT)
    return list(rows.order_by("name").values_list("slug", "name")[:1_000])


ORDERS: Final = SignalSource(
    on="order",
    read=lambda after, upto, _: map(_order, _rows(_ORDERS_READ, [after, upto])),
    recent=lambda since, _: map(_order, _rows(_ORDERS_RECENT, [list(since), list(since.values())])),
    oldest=_oldest_told,
    wrong=_no_member,
    choices=list,
)
SEGMENTS: Final = SignalSource(
    on="segment",
    read=lambda after, upto, slugs: map(_entered, _rows(_SEGMENTS_READ, [after, upto, list(slugs)])),
    recent=lambda since, slugs: map(
        _entered, _rows(_SEGMENTS_RECENT, [list(since), list(since.values()), list(slugs)])
    ),
    oldest=_oldest_told,
    wrong=_unknown_segment,
    choices=_segments,
)
