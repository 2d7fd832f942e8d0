"""Quiet hours: not at night where the person is, whatever the clocks do on the days they change."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def zone_of(name: str, fallback: str) -> ZoneInfo:
    """The time zone with this IANA name, else the other one, else UTC."""
    for candidate in (name, fallback):
        if candidate:
            try:
                return ZoneInfo(candidate)
            except (ZoneInfoNotFoundError, ValueError):
                continue
    return ZoneInfo("UTC")


def next_allowed(now: datetime, *, zone: ZoneInfo, begins: time, ends: time) -> datetime:
    """The first instant from `now` on that lies outside the quiet hours of this zone, in UTC.

    Quiet hours may pass midnight (21:00 to 08:00); equal bounds mean there are none. An end that the clocks jump over
    in spring comes at the instant of the jump, one that comes twice in autumn counts the first time.
    """
    local = now.astimezone(zone)
    if begins == ends or not _inside(local.time(), begins, ends):
        return now
    day = local.date() if local.time() < ends else local.date() + timedelta(days=1)
    end = datetime.combine(day, ends, tzinfo=zone).astimezone(UTC)
    return max(end, now)


def _inside(at: time, begins: time, ends: time) -> bool:
    return begins <= at < ends if begins < ends else at >= begins or at < ends
