"""A breaker for each endpoint: after failures in a row it is left alone, then one delivery probes whether it healed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

OPENS_AFTER: Final = 5
FIRST_PAUSE_S: Final = 10.0
LONGEST_PAUSE_S: Final = 600.0
NOTICES: Final = (50, 70, 90, 100)
"""Per cent of the time to disabling at which people are told."""


@dataclass(frozen=True, slots=True)
class Health:
    """How an endpoint does: failures in a row, since when, until when it is left alone, which notice was given."""

    failures: int = 0
    failing_since: datetime | None = None
    closed_until: datetime | None = None
    notice: int = 0


def in_hours(limit: timedelta) -> str:
    """The time to disabling in words: `1 hour`, `120 hours`."""
    hours = round(limit / timedelta(hours=1))
    return "1 hour" if hours == 1 else f"{hours} hours"


def places(health: Health, *, now: datetime, most: int) -> int:
    """How many deliveries may be under way: all places, none while it is left alone, one to probe afterwards."""
    if health.closed_until is not None and now < health.closed_until:
        return 0
    return most if health.failures < OPENS_AFTER else 1


def succeeded(health: Health) -> Health:
    """One success heals."""
    return Health()


def failed(
    health: Health, *, now: datetime, chance: Callable[[float, float], float], asked_wait: timedelta | None = None
) -> Health:
    """One more failure; from OPENS_AFTER on, each doubles the pause, with jitter, up to ten minutes.

    A receiver that asks for a wait (429, 502, 503, 504 with Retry-After) gets it for everything, up to an hour.
    """
    failures = health.failures + 1
    until = health.closed_until
    if failures >= OPENS_AFTER:
        pause = min(FIRST_PAUSE_S * 2 ** min(failures - OPENS_AFTER, 10), LONGEST_PAUSE_S)
        until = now + timedelta(seconds=pause * chance(0.5, 1.0))
    if asked_wait:
        until = max(until or now, now + min(asked_wait, timedelta(hours=1)))
    return replace(health, failures=failures, failing_since=health.failing_since or now, closed_until=until)


def notice_due(health: Health, *, now: datetime, disabled_after: timedelta) -> int:
    """The highest of NOTICES that has been reached and not yet given; 0 for none. At 100 the endpoint is disabled."""
    if health.failing_since is None:
        return 0
    share = 100 * (now - health.failing_since) / disabled_after
    return max((notice for notice in NOTICES if health.notice < notice <= share), default=0)
