"""When a wait ends: counted in days of the calendar where the person is, whatever the clocks do in between."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo


def is_delay(delay: Mapping[str, Any]) -> bool:
    """Whether time passes at all."""
    return any(delay.get(name) for name in ("days", "hours", "minutes", "at", "weekdays"))


def ends_at(begun: datetime, delay: Mapping[str, Any], zone: ZoneInfo) -> datetime:
    """The instant (UTC) at which a wait that began then is over.

    Days are those of the person's calendar: a day later is the same time of the clock, also over a change of clocks.
    Hours and minutes are added as they pass. `at` is a time of the clock on that day, or on the next when it has
    passed already; `weekdays` (1 is Monday, ISO 8601) moves on to the next of these days. A time that the clocks jump
    over is read with the offset before the jump, one that comes twice is the first (RFC 5545 section 3.3.5).
    """
    day_later = begun
    if days := delay.get("days", 0):
        local = begun.astimezone(zone)
        day_later = _instant(datetime.combine(local.date() + timedelta(days=days), local.time()), zone)
    end = day_later + timedelta(hours=delay.get("hours", 0), minutes=delay.get("minutes", 0))
    if not delay.get("at") and not delay.get("weekdays"):
        return end.astimezone(UTC)
    return _at(begun, end, delay, zone)


def _at(begun: datetime, end: datetime, delay: Mapping[str, Any], zone: ZoneInfo) -> datetime:
    local = end.astimezone(zone)
    clock = time.fromisoformat(delay["at"]) if delay.get("at") else local.time()
    days = delay.get("weekdays") or range(1, 8)
    for ahead in range(15):
        day = local.date() + timedelta(days=ahead)
        instant = _instant(datetime.combine(day, clock), zone)
        # With whole days the clock names that day, however late it began: one day after Monday 15:00, at 09:00, is
        # Tuesday. Without, it is the next 09:00.
        fits = instant > begun if delay.get("days") else instant >= end and instant > begun
        if day.isoweekday() in days and fits:
            return instant
    raise ValueError("a week has at least one of these days")


def on_day(day: Any, clock: str, zone: ZoneInfo) -> datetime:
    """The instant (UTC) of a time of the clock on a day where the person is."""
    return _instant(datetime.combine(day, time.fromisoformat(clock)), zone)


def _instant(wall: datetime, zone: ZoneInfo) -> datetime:
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def words(delay: Mapping[str, Any]) -> str:
    """The wait in words, such as `1 day, until 09:00`."""
    parts = [
        f"{delay[name]} {name if delay[name] != 1 else name[:-1]}"
        for name in ("days", "hours", "minutes")
        if delay.get(name)
    ]
    text = " ".join(parts)
    if delay.get("at"):
        text = f"{text}, until {delay['at']}" if text else f"until {delay['at']}"
    if delay.get("weekdays"):
        names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
        text = f"{text} on {' or '.join(names[day - 1] for day in delay['weekdays'])}".strip()
    return text or "no time"
