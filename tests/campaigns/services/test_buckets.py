"""Token buckets in Redis."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings

from campaigns.services.buckets import Rate, take_tokens
from core.meter import shared_redis

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
TWO = Rate("domain:example.com", 2.0)


@pytest.fixture(autouse=True)
def _empty():
    yield
    redis = shared_redis()
    for key in redis.scan_iter(f"{settings.REDIS_PREFIX}:mail:*"):
        redis.delete(key)


def take(wanted, seconds=0.0, *rates):
    return take_tokens(rates=rates or [TWO], wanted=wanted, now=NOON + timedelta(seconds=seconds))


def test_take_tokens__two_a_second__grants_five_seconds_at_once_and_fills_steadily():
    assert [take(4), take(100), take(5), take(100, 3), take(100, 1000)] == [4, 6, 0, 6, 10]


def test_take_tokens__clock_that_went_back__fills_nothing():
    take(10)

    assert take(5, -60) == 0
    assert take(5, 1) == 2


def test_take_tokens__several_rates__grants_what_all_let_go_and_wastes_nothing():
    slow = Rate("campaign:cmp_1", 0.4)

    assert take(100, 0, TWO, slow) == 2
    assert take(100) == 8


def test_take_tokens__no_rate_or_nothing_wanted__asks_nobody():
    assert take_tokens(rates=[], wanted=7, now=NOON) == 7
    assert take(0) == 0


def test_take_tokens__slower_than_one_a_second__still_lets_one_go():
    slow = Rate("campaign:cmp_2", 1 / 60)

    assert [take(5, 0, slow), take(5, 30, slow), take(5, 61, slow)] == [1, 0, 1]


def test_take_tokens__many_workers_at_once__grant_no_more_than_there_is():
    with ThreadPoolExecutor(8) as workers:
        granted = list(workers.map(lambda _: take(3), range(16)))

    assert sum(granted) == 10
