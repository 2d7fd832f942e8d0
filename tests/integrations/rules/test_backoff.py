"""When deliveries are tried again."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from integrations.rules.backoff import ATTEMPTS, WINDOWS, next_attempt, wait_asked_for

FIRST = datetime(2026, 11, 1, 12, tzinfo=UTC)


def earliest(low, high):
    return low


def latest(low, high):
    return high


def test_windows__together__are_ten_retries_or_more_that_fill_a_day_without_a_gap():
    assert len(WINDOWS) >= 10
    assert WINDOWS[0][0] == 0
    assert WINDOWS[-1][1] == 86_400
    assert all(before[1] == after[0] for before, after in itertools.pairwise(WINDOWS))


@pytest.mark.parametrize("attempts", range(1, ATTEMPTS))
def test_next_attempt__in_time__lies_anywhere_in_its_window(attempts):
    low, high = WINDOWS[attempts - 1]

    soon = next_attempt(attempts=attempts, first_at=FIRST, now=FIRST - timedelta(seconds=1), chance=earliest)
    late = next_attempt(attempts=attempts, first_at=FIRST, now=FIRST, chance=latest)

    assert soon == FIRST + timedelta(seconds=low)
    assert late == FIRST + timedelta(seconds=high)


def test_next_attempt__after_the_last_one__is_none():
    assert next_attempt(attempts=ATTEMPTS, first_at=FIRST, now=FIRST, chance=latest) is None


def test_next_attempt__window_has_passed__is_within_a_minute():
    now = FIRST + timedelta(days=2)

    assert next_attempt(attempts=3, first_at=FIRST, now=now, chance=latest) == now + timedelta(seconds=60)


def test_next_attempt__receiver_asks_for_a_wait__is_not_before_it_and_not_beyond_a_day():
    hour = next_attempt(attempts=1, first_at=FIRST, now=FIRST, chance=latest, asked_wait=timedelta(hours=1))
    year = next_attempt(attempts=1, first_at=FIRST, now=FIRST, chance=latest, asked_wait=timedelta(days=365))

    assert hour == FIRST + timedelta(hours=1)
    assert year == FIRST + timedelta(days=1)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("120", 120), (" 5 ", 5), ("Sun, 01 Nov 2026 12:02:00 GMT", 120), ("Sun, 01 Nov 2026 11:00:00 GMT", 0)],
)
def test_wait_asked_for__seconds_or_date__is_read(header, seconds):
    assert wait_asked_for(header, FIRST) == timedelta(seconds=seconds)


@pytest.mark.parametrize("header", ["", "soon", "-5", "1.5", "²"])
def test_wait_asked_for__anything_else__is_none(header):
    assert wait_asked_for(header, FIRST) is None
