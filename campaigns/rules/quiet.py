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
    end = datetime.combine(day, ends, tzinfo=zone)
    return max(_jump_before(end) if _is_jumped_over(end) else end.astimezone(UTC), now)


def _is_jumped_over(local: datetime) -> bool:
    """Whether the clocks there never show this."""
    return local.astimezone(UTC).astimezone(local.tzinfo).replace(tzinfo=None) != local.replace(tzinfo=None)


def _jump_before(local: datetime) -> datetime:
    """The instant at which the clocks jumped over this, to the second."""
    late, early = (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    before = early.astimezone(local.tzinfo).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + timedelta(seconds=(late - early) // timedelta(seconds=2))
        if middle.astimezone(local.tzinfo).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late


def _inside(at: time, begins: time, ends: time) -> bool:
    return begins <= at < ends if begins < ends else at >= begins or at < ends
