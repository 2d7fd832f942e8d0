"""What is counted of large campaigns, and how often."""

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
_UNDER_WAY: Final = {DELIVERIES: timedelta(seconds=30), RESULTS: timedelta(minutes=5)}
_AFTERWARDS: Final = timedelta(minutes=15)
_LATER: Final = timedelta(days=1)
_CHANGES_FOR: Final = timedelta(days=30)
_SHARE: Final = 20


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
