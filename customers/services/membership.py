"""Segments follow what happens: whoever was touched is looked at again by the rules that mention what changed.

Effects and cursor move in one transaction, so a killed worker leaves nothing half done and nothing is done twice. The
same cursor remembers until when windows of time were looked at (docs/decisions/0013-segments-follow-touches.md).
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction

from core import outbox
from core.actors import SYSTEM
from core.models import Cursor
from customers.models import ChangeReason, Segment, SegmentState
from customers.rules.segments import mentions
from customers.rules.segments.mentions import ANYTHING, Clock
from customers.selectors.segments.followed import SEGMENT_TOPIC, Followed, followed_segments, levels
from customers.selectors.segments.touching import (
    Touched,
    oldest_waiting,
    passed_between,
    readable,
    touched_between,
)
from customers.services.log_steps import walk_log
from customers.services.segment_changes import Change, tell
from customers.services.segment_members import FOLLOWER, settle
from customers.services.segments import start_build

KEPT: Final = timedelta(days=1)
"""How long a touch is kept once it was read: longer than any calculation, which looks back at those of its time."""
_TRIM: Final = """
DELETE FROM customers_touch WHERE id = ANY(ARRAY(
    SELECT id FROM customers_touch WHERE xid <= %s AND at < %s ORDER BY xid LIMIT 20000
))
"""


def follow_segments(*, now: datetime, steps: int = 2_000) -> int:
    """Members are what the rules say about everything that ended before now; returns who came and went.

    At most `steps` transactions of work; answers at once when another worker is at it. A failure undoes the step it
    happened in and no other.
    """
    return walk_log(steps=steps, step=lambda horizon, width: _one_step(horizon, width, now))


@transaction.atomic
def _one_step(horizon: int, width: int, now: datetime) -> int | None:
    """Who moved in one step; None when there is nothing left or somebody else is at it."""
    cursor = outbox.locked_cursor(FOLLOWER)
    if cursor is None:
        return None
    swept = cursor.at or now
    sweeps = now - swept >= timedelta(seconds=settings.SEGMENT_SWEEP_SECONDS) or cursor.at is None
    if cursor.xid >= horizon - 1 and not sweeps:
        return None
    segments = followed_segments()
    topics = {ANYTHING}.union(*(one.mention.topics for one in segments))
    begun, upto = cursor.xid, readable(after=cursor.xid, upto=min(cursor.xid + width, horizon - 1), topics=topics)
    if upto <= begun and not sweeps:
        return None
    upto, at = max(upto, begun), max(now, swept)
    touched = touched_between(after=begun, upto=upto, topics=topics) if segments and upto > begun else {}
    clocks = _passed(segments, swept, at) if sweeps else {}
    moved = _look_again(segments, touched, clocks, at)
    if sweeps:
        _trim(upto, at)
    outbox.move_cursor(cursor=cursor, xid=upto, row=0, at=at if sweeps else swept, now=at)
    return moved if upto > begun else None


def _look_again(segments: Sequence[Followed], touched: Touched, passed: Mapping[Clock, set[int]], now: datetime) -> int:
    """Who moved; segments that ask about others are looked at after those, for whoever moved there too."""
    by_topic: dict[str, set[int]] = defaultdict(set)
    for customer_id, topics in touched.items():
        for topic in topics:
            by_topic[topic].add(customer_id)
    moved = 0
    for level in levels(segments):
        people = {one.version_id: _people(one, by_topic, passed) for one in level if not one.mention.ranked}
        affected = {one.version_id: one for one in level if people.get(one.version_id)}
        if affected:
            asked = sorted(set().union(*(people[version] for version in affected)))
            changes = _settled(affected, asked, by_topic, passed, now)
            tell(changes=changes, now=now)
            slugs = {one.segment_id: one.slug for one in level}
            for change in changes:
                by_topic[SEGMENT_TOPIC + slugs[change.segment_id]].add(change.customer_id)
            moved += len(changes)
    return moved


def _people(one: Followed, by_topic: Mapping[str, set[int]], passed: Mapping[Clock, set[int]]) -> set[int]:
    """Whom a segment has to look at again."""
    topics = (by_topic[topic] for topic in (ANYTHING, *one.mention.topics) if topic in by_topic)
    return set().union(*topics, *(passed[clock] for clock in one.mention.clocks if clock in passed))


def _settled(
    affected: Mapping[int, Followed],
    people: Sequence[int],
    by_topic: Mapping[str, set[int]],
    passed: Mapping[Clock, set[int]],
    now: datetime,
) -> list[Change]:
    settled = settle(rules={version: one.node for version, one in affected.items()}, people=people, now=now)
    for version, why in settled.refused.items():
        Segment.objects.filter(pk=affected[version].segment_id).update(failure=why[:300], failed_at=now)
    reasons = _Reasons(by_topic, passed)
    return [reasons.change(affected[one.version_id], one.customer_id, one.entered) for one in settled.moved]


class _Reasons:
    """Why somebody moved: what changed about her among what the rule mentions."""

    def __init__(self, by_topic: Mapping[str, set[int]], passed: Mapping[Clock, set[int]]) -> None:
        self._by_topic, self._passed = by_topic, passed
        self._places: dict[tuple[int, frozenset[str], frozenset[Clock]], list[str]] = {}

    def change(self, one: Followed, customer_id: int, entered: bool) -> Change:
        """The change with its reason."""
        known = (topic for topic in (ANYTHING, *one.mention.topics) if topic in self._by_topic)
        topics = frozenset(topic for topic in known if customer_id in self._by_topic[topic])
        clocks = frozenset(clock for clock in one.mention.clocks if customer_id in self._passed.get(clock, ()))
        key = one.version_id, topics, clocks
        if key not in self._places:
            self._places[key] = one.conditions(topics, clocks)
        reason = ChangeReason(mentions.reason_of(topics, by_time=bool(clocks or one.mention.clocks)))
        return Change(one.segment_id, customer_id, entered, reason, self._places[key])


def _passed(segments: Sequence[Followed], since: datetime, until: datetime) -> dict[Clock, set[int]]:
    """Whom time moved past something that a rule mentions; segments of a calendar are calculated anew when it turns."""
    zone = ZoneInfo(settings.COMPANY_TIME_ZONE)
    turned = [one.segment_id for one in segments if mentions.crossed(one.mention.periods, since, until, zone)]
    for segment in Segment.objects.select_for_update().filter(pk__in=turned, state=SegmentState.ACTIVE).order_by("pk"):
        start_build(segment=segment, by=SYSTEM, now=until)
    return passed_between(clocks=_clocks(segments), since=since, until=until)


def _clocks(segments: Collection[Followed]) -> set[Clock]:
    return {clock for one in segments if not one.mention.ranked for clock in one.mention.clocks}


def _trim(upto: int, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_TRIM, [upto, now - KEPT])


def seconds_behind(*, now: datetime) -> float:
    """How long the oldest change that segments have not looked at has been waiting; 0 when there is none."""
    cursor = Cursor.objects.filter(name=FOLLOWER).first()
    oldest = oldest_waiting(after=cursor.xid if cursor else 0)
    return max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
