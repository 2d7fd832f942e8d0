"""What we make of the clocks of others: slightly wrong ones are corrected, absurd ones are refused."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from core.errors import Problem

CLAMPED_UP_TO: Final = timedelta(hours=24)
EPOCH: Final = datetime(1971, 1, 1, tzinfo=UTC)
"""Nothing before this was measured; it is what a clock says that was never set."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The instant of receipt, and which times of happening are taken as they are: from `oldest` to `latest`."""

    now: datetime
    oldest: datetime
    latest: datetime

    @classmethod
    def at(cls, now: datetime, *, tolerance: timedelta, oldest: datetime) -> "Clock":
        """The clock policy at `now`: up to `tolerance` ahead is fine, and nothing before `oldest` or 1971."""
        return cls(now=now, oldest=max(oldest, EPOCH), latest=now + tolerance)

    def accepts(self, at: datetime) -> bool:
        """Whether this time is taken as it is."""
        return self.oldest <= at <= self.latest

    def corrected(self, at: datetime) -> datetime | Problem:
        """The time to store: `now` for a clock that runs up to a day ahead; else why the event is refused."""
        if at < self.oldest:
            says = f"Invalid 'timestamp': it lies before {self.oldest:%Y-%m-%dT%H:%M:%SZ}, the oldest that is accepted."
            return Problem("timestamp", "timestamp_too_old", says)
        if at > self.now + CLAMPED_UP_TO:
            says = "Invalid 'timestamp': it lies more than 24 hours in the future; check the sender's clock."
            return Problem("timestamp", "timestamp_in_future", says)
        return min(at, self.now) if at > self.latest else at


CLAMPED: Final = Problem(
    "timestamp", "timestamp_clamped", "The timestamp lies in the future; the time of receipt was stored instead."
)
