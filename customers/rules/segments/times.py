"""Operators on dates and instants as half-open intervals."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple

from customers.rules.segments.windows import length, midnight

_TICK: Final = timedelta(microseconds=1)
_DAY: Final = timedelta(days=1)


class Interval(NamedTuple):
    """From `since` (included) until `until` (not included), days or instants; None is open."""

    since: Any
    until: Any


def instants(op: str, value: Any, now: datetime) -> Interval:
    """The instants that a condition on an instant accepts; a day stands for all its instants in UTC."""
    if op == "within_last":
        return Interval(now - length(value), now + _TICK)
    if op == "longer_ago_than":
        return Interval(None, now - length(value))
    if op == "within_next":
        return Interval(now, now + length(value) + _TICK)
    if op == "between_dates":
        return Interval(_begin(value[0]), _end(value[1]))
    if op == "on":
        day = _begin(value).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return Interval(day, day + _DAY)
    return Interval(None, _begin(value)) if op == "before" else Interval(_end(value), None)


def days(op: str, value: Any, now: datetime) -> Interval:
    """The days that a condition on a date accepts; today is in the last and in the next days."""
    today = now.astimezone(UTC).date()
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


def _begin(value: str) -> datetime:
    return datetime.fromisoformat(value) if "T" in value else midnight(value)


def _end(value: str) -> datetime:
    """The first instant behind the day, or behind the instant."""
    return datetime.fromisoformat(value) + _TICK if "T" in value else midnight(value) + _DAY
