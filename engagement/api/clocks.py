"""The clock policy of this installation, as the settings say."""

from datetime import datetime, timedelta

from django.conf import settings

from engagement.rules.clock import Clock
from engagement.rules.months import month_of, shifted, start_of


def clock_at(now: datetime) -> Clock:
    """Which times of happening are taken at `now`: what is kept, and what is not older than EVENT_MAX_AGE_DAYS."""
    oldest_kept = start_of(shifted(month_of(now), -settings.EVENT_RETENTION_MONTHS))
    oldest = max(oldest_kept, now - timedelta(days=settings.EVENT_MAX_AGE_DAYS))
    return Clock.at(now, tolerance=timedelta(seconds=settings.EVENT_FUTURE_TOLERANCE_S), oldest=oldest)
