"""Waits are counted on the calendar and the clock of the person, also when clocks change."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from campaigns.rules.automations.delays import ends_at, is_delay, on_day, words

BERLIN, NEW_YORK, KOLKATA = (ZoneInfo(name) for name in ("Europe/Berlin", "America/New_York", "Asia/Kolkata"))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("begun", "delay", "zone", "ends"),
    [
        ("2026-06-01T10:00", {"hours": 5, "minutes": 30}, BERLIN, "2026-06-01T15:30"),
        ("2026-06-01T10:00", {"days": 2}, BERLIN, "2026-06-03T10:00"),
        # Clocks go forward on 29 March 2026: a day later is the same time of the clock, 23 hours on.
        ("2026-03-28T11:00", {"days": 1}, BERLIN, "2026-03-29T10:00"),
        # 24 hours are 24 hours.
        ("2026-03-28T11:00", {"hours": 23, "minutes": 60 - 1}, BERLIN, "2026-03-29T10:59"),
        # Clocks go back on 25 October 2026.
        ("2026-10-24T10:00", {"days": 1}, BERLIN, "2026-10-25T11:00"),
        # 02:30 is jumped over on 29 March: read with the offset before, 03:30 on the clock (RFC 5545 3.3.5).
        ("2026-03-28T12:00", {"days": 1, "at": "02:30"}, BERLIN, "2026-03-29T01:30"),
        # 02:30 comes twice on 25 October: the first one.
        ("2026-10-24T12:00", {"days": 1, "at": "02:30"}, BERLIN, "2026-10-25T00:30"),
        # Monday 15:00, a day later at 09:00 is Tuesday.
        ("2026-06-01T13:00", {"days": 1, "at": "09:00"}, BERLIN, "2026-06-02T07:00"),
        # The next 09:00.
        ("2026-06-01T13:00", {"at": "09:00"}, BERLIN, "2026-06-02T07:00"),
        ("2026-06-01T05:00", {"at": "09:00"}, BERLIN, "2026-06-01T07:00"),
        ("2026-06-01T07:00", {"at": "09:00"}, BERLIN, "2026-06-02T07:00"),
        ("2026-06-01T13:00", {"days": 1, "at": "09:00"}, NEW_YORK, "2026-06-02T13:00"),
        ("2026-06-01T13:00", {"days": 1, "at": "09:00"}, KOLKATA, "2026-06-02T03:30"),
        # Friday, then the next Monday or Tuesday.
        ("2026-06-05T10:00", {"weekdays": [1, 2], "at": "08:00"}, BERLIN, "2026-06-08T06:00"),
        ("2026-06-05T10:00", {"days": 1, "weekdays": [2]}, BERLIN, "2026-06-09T10:00"),
    ],
)
def test_ends_at__clocks_and_calendars__as_people_read_them(begun, delay, zone, ends):
    assert ends_at(utc(begun), delay, zone) == utc(ends)


def test_on_day__jumped_over_time__is_read_with_the_offset_before():
    assert on_day(date(2026, 3, 29), "02:30", BERLIN) == utc("2026-03-29T01:30")


@pytest.mark.parametrize(
    ("delay", "passes", "said"),
    [
        ({}, False, "no time"),
        ({"days": 0}, False, "no time"),
        ({"days": 1, "hours": 2}, True, "1 day 2 hours"),
        ({"days": 1, "at": "09:00"}, True, "1 day, until 09:00"),
        ({"at": "09:00", "weekdays": [1, 7]}, True, "until 09:00 on Monday or Sunday"),
    ],
)
def test_delay__any__says_whether_time_passes_and_how_much(delay, passes, said):
    assert (is_delay(delay), words(delay)) == (passes, said)
