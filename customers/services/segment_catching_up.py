"""What happened to people while a version was filled: looked at again before the version is read."""

from dataclasses import dataclass
from datetime import datetime

from core.errors import InvalidState
from customers.models import SegmentVersion
from customers.rules.segments.mentions import ANYTHING, Mention
from customers.selectors.segments.followed import mention_of
from customers.selectors.segments.touching import passed_between, touched_between
from customers.services.segment_members import settle


@dataclass(frozen=True, slots=True)
class Stretch:
    """Transactions in (after, upto], all that are visible without `upto`; and time from `since` to `until`."""

    after: int
    upto: int | None
    since: datetime
    until: datetime | None


def people_in(*, stretch: Stretch, mention: Mention) -> tuple[set[int], set[int]]:
    """Whom changes touched in a stretch, and whom time moved past something, as far as a rule mentions it."""
    topics = {ANYTHING, *mention.topics}
    is_empty = stretch.upto is not None and stretch.upto <= stretch.after
    touched = {} if is_empty else touched_between(after=stretch.after, upto=stretch.upto, topics=topics)
    if stretch.until is None or stretch.until <= stretch.since:
        return set(touched), set()
    passed = passed_between(clocks=mention.clocks, since=stretch.since, until=stretch.until)
    return set(touched), set().union(*passed.values())


def catch_up(*, version: SegmentVersion, missed: Stretch, former: int, now: datetime) -> None:
    """The version holds what its rule says now about whoever the follower looked at since it was filled.

    InvalidState when the rule cannot be evaluated any more.
    """
    node, mention = mention_of(version.rule)
    touched, passed = people_in(stretch=missed, mention=mention)
    if not touched and not passed:
        return
    settled = settle(rules={version.pk: node}, people=sorted(touched | passed), now=now, former=former)
    for why in settled.refused.values():
        raise InvalidState(why)
