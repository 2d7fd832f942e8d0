"""Months of the calendar in UTC, by which the event log is cut."""

from datetime import UTC, date, datetime


def month_of(at: datetime) -> date:
    """The first day of the month in which this instant falls, in UTC whatever its offset."""
    return at.astimezone(UTC).date().replace(day=1)


def shifted(month: date, by: int) -> date:
    """The first day of the month `by` months later (earlier when negative)."""
    count = month.year * 12 + month.month - 1 + by
    return date(count // 12, count % 12 + 1, 1)


def months_from(first: date, count: int) -> list[date]:
    """`count` months in a row."""
    return [shifted(first, step) for step in range(count)]


def start_of(month: date) -> datetime:
    """Its first instant."""
    return datetime(month.year, month.month, 1, tzinfo=UTC)
