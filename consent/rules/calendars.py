"""Counting days as the law does: calendar months, working days, the end of a period that falls on a holiday."""

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from consent.rules.holidays import ADDS_TO, HOLIDAYS, ONCE

_DAY: Final = timedelta(days=1)
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WORD: Final = re.compile(
    r"(?P<fixed>\d\d-\d\d)|(?P<easter>[eo])(?P<offset>[+-]\d+)"
    r"|(?P<nth>-?\d)(?P<weekday>mon|thu)(?P<month>\d\d)"
    r"|(?P<near>\w{3})(?P<side><=|>=)(?P<from>\d\d-\d\d)"
)


def add_months(day: date, months: int) -> date:
    """The same day so many months later, or the last day of that month (Reg. 1182/71 Art. 3(2)(c))."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def add_working_days(day: date, count: int, calendar: str | None) -> date:
    """The `count`-th working day after `day`; with no `calendar` only Saturdays and Sundays are left out."""
    while count:
        day += _DAY
        count -= is_working_day(day, calendar)
    return day


def roll_forward(day: date, calendar: str | None) -> date:
    """`day`, or the first working day behind it."""
    while not is_working_day(day, calendar):
        day += _DAY
    return day


def is_working_day(day: date, calendar: str | None) -> bool:
    """Whether this is neither a Saturday or Sunday nor a holiday of that set."""
    return day.weekday() < 5 and (calendar is None or day not in holidays_of(calendar, day.year))


@lru_cache(maxsize=2_048)
def holidays_of(calendar: str, year: int) -> frozenset[date]:
    """Every holiday of a set that falls into a year, days off in lieu included; KeyError for an unknown set."""
    words = HOLIDAYS[calendar].split()
    base = holidays_of(ADDS_TO[calendar], year) if calendar in ADDS_TO else frozenset()
    found = {date.fromisoformat(text) for text in ONCE.get(calendar, ()) if text.startswith(f"{year}-")}
    for shown in (year - 1, year, year + 1):
        found |= _observed(words, shown, base)
    return base | {day for day in found if day.year == year}


def _observed(words: list[str], year: int, base: frozenset[date]) -> set[date]:
    named = [(_date_of(word, year), word[-1]) for word in words]
    found = {day for day, _ in named} | base
    for day, suffix in sorted(named):
        if suffix == "~" and day.weekday() >= 5:
            found.add(day - _DAY if day.weekday() == 5 else day + _DAY)
        if suffix == "s" and day.weekday() == 6:
            found.add(day + _DAY)
        if suffix == ">" and day.weekday() >= 5:
            found.add(next(d for d in _after(day) if d.weekday() < 5 and d not in found))
    return found


def _after(day: date) -> Iterator[date]:
    while True:
        day += _DAY
        yield day


def _date_of(word: str, year: int) -> date:
    found = _WORD.match(word)
    if found is None:
        raise ValueError(f"{word} is no word for a holiday")
    if found["fixed"]:
        return date.fromisoformat(f"{year}-{found['fixed']}")
    if found["easter"]:
        easter = easter_sunday(year) if found["easter"] == "e" else orthodox_easter_sunday(year)
        return easter + timedelta(days=int(found["offset"]))
    if found["nth"]:
        return _nth(year, int(found["month"]), _WEEKDAYS.index(found["weekday"]), int(found["nth"]))
    return _near(date.fromisoformat(f"{year}-{found['from']}"), _WEEKDAYS.index(found["near"]), found["side"])


def _nth(year: int, month: int, weekday: int, nth: int) -> date:
    if nth < 0:
        return _near(date(year, month, monthrange(year, month)[1]), weekday, "<=")
    return _near(date(year, month, 1), weekday, ">=") + timedelta(weeks=nth - 1)


def _near(day: date, weekday: int, side: str) -> date:
    step = _DAY if side == ">=" else -_DAY
    while day.weekday() != weekday:
        day += step
    return day


def easter_sunday(year: int) -> date:
    """Western Easter by the Gregorian reckoning (anonymous algorithm, Meeus ch. 8)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    h = (19 * a + b - d - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


def orthodox_easter_sunday(year: int) -> date:
    """Orthodox Easter on the Gregorian calendar (Meeus ch. 8, Julian reckoning), for 1900 to 2099."""
    d = (19 * (year % 19) + 15) % 30
    e = (2 * (year % 4) + 4 * (year % 7) - d + 34) % 7
    month, day = divmod(d + e + 114, 31)
    return date(year, month, day + 1) + timedelta(days=13)
