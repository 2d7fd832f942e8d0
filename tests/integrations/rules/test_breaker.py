"""When an endpoint is left alone, and when people are told."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.rules.breaker import OPENS_AFTER, Health, failed, in_hours, notice_due, places, succeeded

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
LIMIT = timedelta(hours=120)


def most(low, high):
    return high


def failing(times, at=NOW):
    health = Health()
    for _ in range(times):
        health = failed(health, now=at, chance=most)
    return health


def test_places__few_failures__are_all():
    assert places(failing(OPENS_AFTER - 1), now=NOW, most=8) == 8


def test_places__breaker_opened__are_none_and_afterwards_one_to_probe():
    health = failing(OPENS_AFTER)

    assert places(health, now=NOW, most=8) == 0
    assert places(health, now=NOW + timedelta(seconds=10), most=8) == 1
    assert places(succeeded(health), now=NOW, most=8) == 8


def test_failed__again_and_again__doubles_the_pause_up_to_ten_minutes():
    pauses = [failing(OPENS_AFTER + n).closed_until - NOW for n in range(12)]

    assert pauses[:4] == [timedelta(seconds=s) for s in (10, 20, 40, 80)]
    assert max(pauses) == timedelta(minutes=10)


def test_failed__wait_asked_for__is_kept_up_to_an_hour():
    health = failed(Health(), now=NOW, chance=most, asked_wait=timedelta(hours=5))

    assert health.closed_until == NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    ("hours", "given", "due"),
    [(59, 0, 0), (60, 0, 50), (60, 50, 0), (84, 50, 70), (108, 70, 90), (120, 90, 100), (500, 0, 100), (500, 100, 0)],
)
def test_notice_due__share_of_the_time__names_the_highest_not_given(hours, given, due):
    health = Health(9, NOW - timedelta(hours=hours), None, given)

    assert notice_due(health, now=NOW, disabled_after=LIMIT) == due


def test_notice_due__healthy__is_none():
    assert notice_due(Health(), now=NOW, disabled_after=LIMIT) == 0


@pytest.mark.parametrize(("hours", "words"), [(1, "1 hour"), (120, "120 hours")])
def test_in_hours__time_to_disabling__is_said_in_words(hours, words):
    assert in_hours(timedelta(hours=hours)) == words
