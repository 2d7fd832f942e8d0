"""What is counted of large campaigns, and how often."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from campaigns.rules.lifecycle import State

DELIVERIES: Final = "deliveries"
"""Messages by state, reason, outcome and reaction."""
RESULTS: Final = "results"
"""Purchases after them, group by group, and the figures by day, country and language."""
AUDIENCE: Final = "audience"
"""Who would get it, and why the others would not."""
AUDIENCE_NEW_FOR: Final = timedelta(minutes=15)
"""How old a count of an audience may be before whoever looks at it has a new one begun."""
AUDIENCE_HOLDS_FOR: Final = timedelta(hours=1)
"""How old it may be when somebody submits, approves or launches on it."""
PERIOD_NEW_FOR: Final = timedelta(minutes=15)
LISTED_FROM: Final = 50
"""From a fiftieth of a large campaign on, the messages of a campaign are kept for lists of many."""
_UNDER_WAY: Final = {DELIVERIES: timedelta(seconds=30), RESULTS: timedelta(minutes=5)}
_AFTERWARDS: Final = timedelta(minutes=15)
_LATER: Final = timedelta(days=1)
_CHANGES_FOR: Final = timedelta(days=30)
_SHARE: Final = 20


def counted_live(people: Mapping[int, tuple[bool, int]], most: int) -> set[int]:
    """Which campaigns of a list are counted at this moment: as many as fit into so many people in all.

    `people` is how many each has, and whether it is under way: those come first, then the smallest.
    """
    found: set[int] = set()
    for key, (_, number) in sorted(people.items(), key=lambda item: (not item[1][0], item[1][1], item[0])):
        most -= number
        if most < 0:
            break
        found.add(key)
    return found


def wait_until_next(
    question: str, *, state: str, finished_at: datetime | None, seconds: float, now: datetime
) -> timedelta:
    """How long after one count the next begins: a count never takes more than a twentieth of the time."""
    if state in (State.BUILDING_AUDIENCE, State.SENDING):
        usual = _UNDER_WAY[question]
    else:
        usual = _LATER if finished_at and finished_at < now - _CHANGES_FOR else _AFTERWARDS
    return max(usual, timedelta(seconds=_SHARE * seconds))


def period_question(begins: datetime, ends: datetime, breakdown: str) -> str:
    """The figures of a period, by a breakdown or none."""
    return f"{begins.isoformat()} {ends.isoformat()} {breakdown}".strip()


def period_of(question: str) -> tuple[datetime, datetime, str]:
    """What `period_question` was made of."""
    begins, ends, *breakdown = question.split(" ")
    return datetime.fromisoformat(begins), datetime.fromisoformat(ends), "".join(breakdown)
