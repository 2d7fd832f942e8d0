"""Telling what a calculation changed against the members before it, and why a reconcile differs from the follower."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.db.models import Count

from core import outbox
from core.models import Cursor
from customers.models import (
    ChangeReason,
    RunKind,
    Segment,
    SegmentChange,
    SegmentKind,
    SegmentMember,
    SegmentRun,
    SegmentVersion,
)
from customers.selectors.segments.followed import SEGMENT_TOPIC, mention_of, referred
from customers.services.segment_catching_up import Stretch, people_in
from customers.services.segment_changes import TOLD_AT_ONCE, add_to_day, payload_of, topic

TOLD_SINGLY: Final = 100_000
"""More comings and goings by one calculation than this are told as one `segment.rebuilt` with their numbers."""
_BOTH: Final = """
SELECT count(*) FROM customers_segmentmember n JOIN customers_segmentmember o ON o.customer_id = n.customer_id
WHERE n.version_id = %s AND o.version_id = %s
"""
_CAME: Final = """
INSERT INTO customers_segmentchange (segment_id, customer_id, entered, reason, conditions, run_id, at)
SELECT %(segment)s, m.customer_id, %(entered)s, %(reason)s, '{}', %(run)s, %(now)s FROM customers_segmentmember m
JOIN customers_customer c ON c.id = m.customer_id AND c.status <> 'deleted'
WHERE m.version_id = %(this)s AND NOT EXISTS (
    SELECT FROM customers_segmentmember o WHERE o.version_id = %(other)s AND o.customer_id = m.customer_id
) ORDER BY m.customer_id
"""
_DIFFERENT: Final = """
(SELECT customer_id FROM customers_segmentmember WHERE version_id = %(new)s
EXCEPT SELECT customer_id FROM customers_segmentmember WHERE version_id = %(old)s)
UNION ALL
(SELECT customer_id FROM customers_segmentmember WHERE version_id = %(old)s
EXCEPT SELECT customer_id FROM customers_segmentmember WHERE version_id = %(new)s)
"""
_TOUCH: Final = f"""
INSERT INTO customers_touch (customer_id, topics)
SELECT d.customer_id, ARRAY[%(topic)s] FROM ({_DIFFERENT}) AS d ORDER BY d.customer_id
"""  # noqa: S608
_WHY: Final = """
UPDATE customers_segmentchange SET why = CASE WHEN customer_id = ANY(%(waiting)s::bigint[]) THEN 'waiting'
    WHEN customer_id = ANY(%(window)s::bigint[]) THEN 'window' ELSE %(otherwise)s END
WHERE run_id = %(run)s
"""

_REASONS: Final = {
    RunKind.RECONCILE: ChangeReason.REBUILT,
    RunKind.DEFINITION: ChangeReason.RULE,
    RunKind.LIST: ChangeReason.LIST,
}


@dataclass(frozen=True, slots=True)
class Counts:
    """How many came and went, and whether each of them was told."""

    entered: int
    exited: int
    told_singly: bool


def tell_rebuilt(
    *,
    segment: Segment,
    run: SegmentRun,
    old: SegmentVersion | None,
    new: SegmentVersion,
    followed: Cursor,
    now: datetime,
) -> Counts:
    """Everybody whom the version in place of `old` brought in or lost is told; the first version tells nobody singly.

    Of a reconcile each difference to what was followed has its cause, and the run counts them.
    """
    if old is None:
        add_to_day(counts={segment.pk: (new.members, 0)}, now=now)
        return Counts(new.members, 0, told_singly=False)
    run.kind = _kind_of(segment, old, new)
    both = _in_both(new.pk, old.pk)
    before = _size(old.pk)
    counts = Counts(new.members - both, before - both, new.members + before - 2 * both <= TOLD_SINGLY)
    if counts.entered or counts.exited:
        add_to_day(counts={segment.pk: (counts.entered, counts.exited)}, now=now)
        _touch_whoever_asks(segment, old.pk, new.pk)
        if counts.told_singly:
            _keep(segment, run, old.pk, new.pk, _REASONS[run.kind], now)
            if run.kind == RunKind.RECONCILE:
                run.differences = _causes(run, new, followed)
            _publish(segment, run)
    return counts


def _kind_of(segment: Segment, old: SegmentVersion, new: SegmentVersion) -> RunKind:
    if segment.kind == SegmentKind.STATIC:
        return RunKind.LIST
    return RunKind.RECONCILE if old.definition == new.definition else RunKind.DEFINITION


def _in_both(new: int, old: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_BOTH, [new, old])
        return int(cursor.fetchone()[0])


def _size(version: int) -> int:
    return SegmentMember.objects.filter(version_id=version).count()


def _touch_whoever_asks(segment: Segment, old: int, new: int) -> None:
    if segment.slug in referred():
        with connection.cursor() as cursor:
            cursor.execute(_TOUCH, {"topic": SEGMENT_TOPIC + segment.slug, "old": old, "new": new})


def _keep(segment: Segment, run: SegmentRun, old: int, new: int, reason: ChangeReason, now: datetime) -> None:
    names: dict[str, Any] = {"segment": segment.pk, "run": run.pk, "reason": reason.value, "now": now}
    with connection.cursor() as cursor:
        for entered, this, other in ((True, new, old), (False, old, new)):
            cursor.execute(_CAME, names | {"entered": entered, "this": this, "other": other})


def _causes(run: SegmentRun, version: SegmentVersion, followed: Cursor) -> dict[str, int]:
    """How many of the differences have which cause."""
    _, mention = mention_of(version.rule)
    stretch = Stretch(after=followed.xid, upto=None, since=followed.at or run.as_of, until=run.as_of)
    waiting, passed = people_in(stretch=stretch, mention=mention)
    otherwise = "whole" if mention.ranked or mention.periods else "unexplained"
    names: dict[str, Any] = {
        "waiting": sorted(waiting),
        "window": sorted(passed),
        "otherwise": otherwise,
        "run": run.pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(_WHY, names)
    found = SegmentChange.objects.filter(run=run).values_list("why").annotate(people=Count("pk")).order_by("why")
    return dict(found)


def _publish(segment: Segment, run: SegmentRun) -> None:
    """In batches, since there may be a hundred thousand."""
    last = 0
    while True:
        rows = SegmentChange.objects.filter(run=run, pk__gt=last).order_by("pk")
        page = list(rows.values_list("pk", "customer__public_id", "entered", "reason")[:TOLD_AT_ONCE])
        if not page:
            return
        last = page[-1][0]
        outbox.publish_many(
            [
                outbox.Fact(topic(entered=entered), public_id, payload_of(segment=segment, reason=reason))
                for _, public_id, entered, reason in page
            ]
        )
