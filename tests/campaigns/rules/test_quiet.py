"""Quiet hours on ordinary days, over midnight, and on the two days when the clocks change."""

from datetime import UTC, datetime, time

import pytest

from campaigns.rules.quiet import next_allowed, zone_of

NIGHT = {"begins": time(21), "ends": time(8)}


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "now", "expected"),
    [
        ("Europe/Berlin", "2026-07-01T12:00", "2026-07-01T12:00"),
        ("Europe/Berlin", "2026-07-01T18:59", "2026-07-01T18:59"),
        ("Europe/Berlin", "2026-07-01T19:00", "2026-07-02T06:00"),
        ("Europe/Berlin", "2026-07-02T05:59", "2026-07-02T06:00"),
        ("Europe/Berlin", "2026-03-28T22:00", "2026-03-29T06:00"),
        ("Europe/Berlin", "2026-10-24T22:00", "2026-10-25T07:00"),
        ("America/Los_Angeles", "2026-07-01T12:00", "2026-07-01T15:00"),
        ("Asia/Kolkata", "2026-07-01T16:00", "2026-07-02T02:30"),
    ],
)
def test_next_allowed__night_where_the_person_is__waits_until_eight_there(zone, now, expected):
    assert next_allowed(utc(now), zone=zone_of(zone, ""), **NIGHT) == utc(expected)


@pytest.mark.parametrize(
    ("zone", "now", "ends", "jump"),
    [
        ("Europe/Berlin", "2026-03-29T00:30", time(2, 30), "2026-03-29T01:00"),
        ("Europe/Berlin", "2026-03-29T00:59:59", time(2), "2026-03-29T01:00"),
        ("Europe/Berlin", "2026-03-28T22:00", time(2, 59, 59), "2026-03-29T01:00"),
        ("America/New_York", "2026-03-08T06:30", time(2, 30), "2026-03-08T07:00"),
        ("Australia/Lord_Howe", "2026-10-03T15:00", time(2, 15), "2026-10-03T15:30"),
    ],
)
def test_next_allowed__end_that_the_clocks_jump_over__is_the_instant_of_the_jump(zone, now, ends, jump):
    night = {"zone": zone_of(zone, ""), "begins": time(22), "ends": ends}

    assert next_allowed(utc(now), **night) == utc(jump)
    assert next_allowed(utc(jump), **night) == utc(jump)


def test_next_allowed__end_that_comes_twice__counts_the_first_time():
    night = {"zone": zone_of("Europe/Berlin", ""), "begins": time(22), "ends": time(2, 30)}

    assert next_allowed(utc("2026-10-24T23:00"), **night) == utc("2026-10-25T00:30")
    assert next_allowed(utc("2026-10-25T01:15"), **night) == utc("2026-10-25T01:15")


def test_next_allowed__equal_bounds__never_quiet():
    now = utc("2026-07-01T02:00")

    assert next_allowed(now, zone=zone_of("UTC", ""), begins=time(8), ends=time(8)) == now


def test_zone_of__unknown_names__falls_back():
    assert zone_of("Mars/Olympus", "Europe/Berlin").key == "Europe/Berlin"
    assert zone_of("", "").key == "UTC"
