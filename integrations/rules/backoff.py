"""When a delivery is tried again, and when it is given up."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

WINDOWS: Final[tuple[tuple[float, float], ...]] = (
    (0, 5),
    (5, 30),
    (30, 120),
    (120, 300),
    (300, 900),
    (900, 1_800),
    (1_800, 3_600),
    (3_600, 7_200),
    (7_200, 18_000),
    (18_000, 36_000),
    (36_000, 54_000),
    (54_000, 72_000),
    (72_000, 86_400),
)
"""For each retry the seconds after the first attempt between which it happens, anywhere in between: full jitter."""
ATTEMPTS: Final = len(WINDOWS) + 1
LATE_S: Final = 60.0
LONGEST_WAIT: Final = timedelta(hours=24)

Chance = Callable[[float, float], float]


def next_attempt(
    *, attempts: int, first_at: datetime, now: datetime, chance: Chance, asked_wait: timedelta | None = None
) -> datetime | None:
    """When the attempt behind `attempts` is due; None after the last one.

    A wait that the receiver asked for (Retry-After) is honoured up to a day. A window that has passed already, because
    nothing was sent while the endpoint was down, becomes some moment of the next minute.
    """
    if attempts >= ATTEMPTS:
        return None
    low, high = WINDOWS[attempts - 1]
    due = first_at + timedelta(seconds=chance(low, high))
    if due <= now:
        due = now + timedelta(seconds=chance(0, min(LATE_S, high - low)))
    return max(due, now + min(asked_wait, LONGEST_WAIT)) if asked_wait else due


def wait_asked_for(header: str, now: datetime) -> timedelta | None:
    """What a Retry-After header asks for, seconds or a date (RFC 9110 section 10.2.3); None when it says nothing."""
    text = header.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), LONGEST_WAIT.total_seconds()))
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return max(at - now, timedelta(0))
