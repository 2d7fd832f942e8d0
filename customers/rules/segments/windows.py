"""Lengths of time and windows of time: rolling, of the calendar of a time zone, or between two days."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Final, NamedTuple

from customers.rules.segments.lexer import Reader, quoted
from customers.rules.segments.tree import RuleError, RuleProblem

UNITS: Final = {"hours": timedelta(hours=1), "days": timedelta(days=1), "weeks": timedelta(weeks=1)}
LONGEST: Final = timedelta(days=3_660)
PERIODS: Final = ("day", "week", "month", "quarter", "year")
_WORDS: Final = {word: word for unit in UNITS for word in (unit, unit.removesuffix("s"))}


class Bounds(NamedTuple):
    """From `since` (included) until `until` (not included); None is open."""

    since: datetime | None
    until: datetime | None


def refuse(pointer: str, message: str, code: str = "invalid_value") -> RuleError:
    """One problem at one place."""
    return RuleError([RuleProblem(pointer, code, message)])


def check_span(raw: Any, pointer: str) -> dict[str, int]:
    """A length of time such as {"days": 30}: one unit, a whole number from 1, ten years at most."""
    if isinstance(raw, dict) and len(raw) == 1:
        unit, count = next(iter(raw.items()))
        whole = isinstance(count, int) and not isinstance(count, bool)
        if unit in UNITS and whole and 1 <= count <= LONGEST // UNITS[unit]:
            return {unit: count}
    raise refuse(pointer, 'Give a length of time such as {"days": 30}: hours, days or weeks, ten years at most.')


def length(span: dict[str, int]) -> timedelta:
    """The length of a checked span."""
    return sum((UNITS[unit] * count for unit, count in span.items()), timedelta())


def span_words(span: dict[str, int]) -> str:
    """`30 days`, `1 day`."""
    return " ".join(f"{count} {unit if count > 1 else unit.removesuffix('s')}" for unit, count in span.items())


def parse_span(reader: Reader) -> dict[str, Any]:
    """The span that words spell next, the unit in singular or plural."""
    count = reader.value("number")
    return {f"{reader.choice(_WORDS).removesuffix('s')}s": count}


def check_window(raw: Any, pointer: str) -> dict[str, Any]:
    """A window: {"last": span}, {"this": period}, {"previous": period}, or days {"from", "until"} of which one may
    be left out; `until` is the first day that no longer counts."""
    if isinstance(raw, dict) and raw:
        names = set(raw)
        if names == {"last"}:
            return {"last": check_span(raw["last"], f"{pointer}/last")}
        if names in ({"this"}, {"previous"}):
            name = names.pop()
            if raw[name] in PERIODS:
                return {name: raw[name]}
            raise refuse(f"{pointer}/{name}", f"Choose one of: {', '.join(PERIODS)}.")
        if names <= {"from", "until"}:
            return _checked_days(raw, pointer)
    raise refuse(pointer, 'Give a window: {"last": {"days": 30}}, {"this": "month"}, {"previous": "month"} or days.')


def _checked_days(raw: dict[str, Any], pointer: str) -> dict[str, str]:
    days: dict[str, str] = {
        name: check_day(raw[name], f"{pointer}/{name}") for name in ("from", "until") if name in raw
    }
    if len(days) == 2 and days["from"] >= days["until"]:
        raise refuse(f"{pointer}/until", "The window must end after it begins.")
    return days


def check_day(raw: Any, pointer: str) -> str:
    """A day as YYYY-MM-DD between 1900 and 2200."""
    try:
        day = date.fromisoformat(raw) if isinstance(raw, str) and len(raw) == len("2026-01-31") else None
    except ValueError:
        day = None
    if day is None or not 1900 <= day.year <= 2200:
        raise refuse(pointer, "Give a day as YYYY-MM-DD.")
    return day.isoformat()


def window_words(window: dict[str, Any]) -> str:
    """`in the last 30 days`, `in this month`, `in the previous month`, `from "..." until "..."`."""
    if "last" in window:
        return f"in the last {span_words(window['last'])}"
    if "this" in window:
        return f"in this {window['this']}"
    if "previous" in window:
        return f"in the previous {window['previous']}"
    return " ".join(f"{name} {quoted(day)}" for name, day in window.items())


def parse_window(reader: Reader) -> dict[str, Any] | None:
    """The window that words spell next; None when something else comes."""
    if reader.take("in the last"):
        return {"last": parse_span(reader)}
    for words, name in (("in this", "this"), ("in the previous", "previous")):
        if reader.take(words):
            return {name: reader.choice({period: period for period in PERIODS})}
    days = {name: reader.value("text") for name in ("from", "until") if reader.take(name)}
    return days or None


def bounds(window: dict[str, Any] | None, now: datetime, zone: tzinfo = UTC) -> Bounds:
    """The instants of a checked window as seen at `now`; what comes after `now` never counts.

    Days, weeks, months, quarters and years begin at midnight in `zone`, which may be 23 or 25 hours after the midnight
    before; lengths such as 24 hours are lengths everywhere.
    """
    end = now + timedelta(microseconds=1)
    if window is None:
        return Bounds(None, end)
    if "last" in window:
        return Bounds(now - length(window["last"]), end)
    if "this" in window:
        return Bounds(period_start(window["this"], now, zone), end)
    if "previous" in window:
        first = _first_day(window["previous"], now.astimezone(zone).date())
        before = _first_day(window["previous"], first - timedelta(days=1))
        return Bounds(_midnight(before, zone), _midnight(first, zone))
    until = midnight(window["until"], zone) if "until" in window else end
    return Bounds(midnight(window["from"], zone) if "from" in window else None, min(until, end))


def period_start(period: str, at: datetime, zone: tzinfo = UTC) -> datetime:
    """The first instant of the day, ISO week, month, quarter or year in which `at` falls in `zone`."""
    return _midnight(_first_day(period, at.astimezone(zone).date()), zone)


def _first_day(period: str, day: date) -> date:
    if period == "week":
        return day - timedelta(days=day.weekday())
    if period == "month":
        return day.replace(day=1)
    if period == "quarter":
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return day.replace(month=1, day=1) if period == "year" else day


def midnight(day: str, zone: tzinfo = UTC) -> datetime:
    """The first instant of a day in `zone`, in UTC."""
    return _midnight(date.fromisoformat(day), zone)


def next_midnight(day: str, zone: tzinfo = UTC) -> datetime:
    """The first instant behind a day in `zone`, in UTC."""
    return _midnight(date.fromisoformat(day) + timedelta(days=1), zone)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
