"""Telling who came into segments and who left: to whoever follows the outbox, in the history, in the daily counts."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from django.db import connection

from core import outbox
from customers.models import ChangeReason, Customer, Segment, Status
from customers.selectors.segments.followed import SEGMENT_TOPIC, referred

TOLD_AT_ONCE: Final = 10_000
_HISTORY: Final = """
INSERT INTO customers_segmentchange (segment_id, customer_id, entered, reason, conditions, at)
SELECT (r.row ->> 0)::bigint, (r.row ->> 1)::bigint, (r.row ->> 2)::boolean, r.row ->> 3,
    ARRAY(SELECT jsonb_array_elements_text(r.row -> 4)), %s
FROM jsonb_array_elements(%s::jsonb) WITH ORDINALITY AS r (row, place) ORDER BY r.place
"""
_DAY: Final = """
INSERT INTO customers_segmentday AS d (segment_id, day, members, entered, exited)
SELECT s.id, %s, v.members, c.entered, c.exited
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS c (segment_id, entered, exited)
JOIN customers_segment s ON s.id = c.segment_id JOIN customers_segmentversion v ON v.id = s.current_id ORDER BY s.id
ON CONFLICT (segment_id, day) DO UPDATE SET members = excluded.members, entered = d.entered + excluded.entered,
    exited = d.exited + excluded.exited
"""
_TOUCH: Final = """
INSERT INTO customers_touch (customer_id, topics)
SELECT r.id, array_agg(DISTINCT r.topic) FROM unnest(%s::bigint[], %s::text[]) AS r (id, topic) GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Change:
    """A customer who came into a segment or left it, why, and where the conditions stand that changed."""

    segment_id: int
    customer_id: int
    entered: bool
    reason: ChangeReason
    conditions: Sequence[str] = ()


def tell(*, changes: Sequence[Change], now: datetime, kept: bool = True) -> None:
    """Each change is in the history and in the outbox, counted for its day, and touches whoever asks about its segment.

    The members and their number were changed by the caller, in the same transaction. Nothing is kept about somebody
    who was erased (`kept` is false while she is); the outbox names her public id and says why.
    """
    segments = Segment.objects.in_bulk({change.segment_id for change in changes})
    for start in range(0, len(changes), TOLD_AT_ONCE):
        part = changes[start : start + TOLD_AT_ONCE]
        people = Customer.objects.filter(pk__in={change.customer_id for change in part})
        names = {pk: (public_id, status) for pk, public_id, status in people.values_list("pk", "public_id", "status")}
        _keep(
            [one for one in part if kept and names.get(one.customer_id, ("", ""))[1] not in ("", Status.DELETED)], now
        )
        outbox.publish_many(
            [
                _fact(one, segments[one.segment_id], names[one.customer_id][0])
                for one in part
                if one.customer_id in names
            ]
        )
    count_day(changes=changes, now=now)
    pass_on(pairs=[(one.customer_id, segments[one.segment_id].slug) for one in changes])


def _keep(changes: Sequence[Change], now: datetime) -> None:
    rows = [[one.segment_id, one.customer_id, one.entered, one.reason, list(one.conditions)] for one in changes]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_HISTORY, [now, msgspec.json.encode(rows).decode()])


def _fact(change: Change, segment: Segment, customer: str) -> outbox.Fact:
    payload = payload_of(segment=segment, reason=change.reason, conditions=change.conditions)
    return outbox.Fact(topic=topic(entered=change.entered), subject=customer, payload=payload)


def payload_of(*, segment: Segment, reason: str, conditions: Sequence[str] = ()) -> dict[str, Any]:
    """What a message about a coming or going says beside whom it is about."""
    return {
        "segment": segment.slug,
        "segment_id": segment.public_id,
        "reason": str(reason),
        "conditions": list(conditions),
    }


def topic(*, entered: bool) -> str:
    """`segment.entered` or `segment.exited`."""
    return "segment.entered" if entered else "segment.exited"


def count_day(*, changes: Sequence[Change], now: datetime) -> None:
    """The day's row of each segment says how many are in it and counts who came and went."""
    entered = Counter(one.segment_id for one in changes if one.entered)
    exited = Counter(one.segment_id for one in changes if not one.entered)
    add_to_day(counts={pk: (entered[pk], exited[pk]) for pk in sorted(entered.keys() | exited.keys())}, now=now)


def add_to_day(*, counts: dict[int, tuple[int, int]], now: datetime) -> None:
    """(entered, exited) of each segment are added to its day."""
    if counts:
        columns = [list(counts), [one for one, _ in counts.values()], [one for _, one in counts.values()]]
        with connection.cursor() as cursor:
            cursor.execute(_DAY, [now.date(), *columns])


def pass_on(*, pairs: Collection[tuple[int, str]]) -> None:
    """Customers (ids) whose membership in a segment (slug) changed are looked at again where a rule asks about it."""
    asked = referred() if pairs else set()
    told = [(pk, f"{SEGMENT_TOPIC}{slug}") for pk, slug in pairs if slug in asked]
    if told:
        with connection.cursor() as cursor:
            cursor.execute(_TOUCH, [[pk for pk, _ in told], [topic for _, topic in told]])
