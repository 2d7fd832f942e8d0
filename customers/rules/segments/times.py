"""Operators on dates and instants as half-open intervals."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Final, NamedTuple

from customers.rules.segments.windows import length, midnight, next_midnight

_TICK: Final = timedelta(microseconds=1)
_DAY: Final = timedelta(days=1)


class Interval(NamedTuple):
    """From `since` (included) until `until` (not included), days or instants; None is open."""

    since: Any
    until: Any


def instants(op: str, value: Any, now: datetime, zone: tzinfo = UTC) -> Interval:
    """The instants that a condition on an instant accepts; a day stands for all its instants in `zone`."""
    if op == "within_last":
        return Interval(now - length(value), now + _TICK)
    if op == "longer_ago_than":
        return Interval(None, now - length(value))
    if op == "within_next":
        return Interval(now, now + length(value) + _TICK)
    if op == "between_dates":
        return Interval(_begin(value[0], zone), _end(value[1], zone))
    if op == "on":
        day = _begin(value, zone).astimezone(zone).date().isoformat()
        return Interval(midnight(day, zone), next_midnight(day, zone))
    return Interval(None, _begin(value, zone)) if op == "before" else Interval(_end(value, zone), None)


def days(op: str, value: Any, now: datetime, zone: tzinfo = UTC) -> Interval:
    """The days that a condition on a date accepts; today in `zone` is in the last and in the next days."""
    today = now.astimezone(zone).date()
    if op == "within_last":
        return Interval(today - length(value), today + _DAY)
    if op == "longer_ago_than":
        return Interval(None, today - length(value))
    if op == "within_next":
        return Interval(today, today + length(value) + _DAY)
    if op == "between_dates":
        return Interval(date.fromisoformat(value[0]), date.fromisoformat(value[1]) + _DAY)
    day = date.fromisoformat(value)
    if op == "on":
        return Interval(day, day + _DAY)
    return Interval(None, day) if op == "before" else Interval(day + _DAY, None)


def _begin(value: str, zone: tzinfo) -> datetime:
    return datetime.fromisoformat(value) if "T" in value else midnight(value, zone)


def _end(value: str, zone: tzinfo) -> datetime:
    """The first instant behind the day, or behind the instant."""
    return datetime.fromisoformat(value) + _TICK if "T" in value else next_midnight(value, zone)
