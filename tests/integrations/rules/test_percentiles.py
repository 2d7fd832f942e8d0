"""Percentiles from buckets."""

import pytest

from integrations.rules.percentiles import BOUNDS_MS, added, bucket_of, percentile


@pytest.mark.parametrize(
    ("milliseconds", "place"), [(0, 0), (2, 0), (2.1, 1), (5_000, len(BOUNDS_MS) - 1), (9e9, len(BOUNDS_MS))]
)
def test_bucket_of__bounds__belong_to_the_bucket_below(milliseconds, place):
    assert bucket_of(milliseconds) == place


def test_percentile__no_calls__is_none():
    assert percentile([0] * (len(BOUNDS_MS) + 1), 0.95) is None


def test_percentile__evenly_spread_in_one_bucket__lies_straight_between_its_bounds():
    buckets = added([[0] * 8 + [100] + [0] * 5])

    assert percentile(buckets, 0.5) == 150.0
    assert percentile(buckets, 0.95) == 195.0


def test_percentile__known_times__is_within_the_bucket_of_the_exact_one():
    times = [1] * 50 + [8] * 44 + [90] * 5 + [4_000]
    buckets = [0] * (len(BOUNDS_MS) + 1)
    for time in times:
        buckets[bucket_of(time)] += 1

    exact = sorted(times)[94]
    assert bucket_of(percentile(buckets, 0.95)) == bucket_of(exact)


def test_percentile__beyond_the_last_bound__is_that_bound():
    assert percentile([0] * len(BOUNDS_MS) + [3], 0.95) == BOUNDS_MS[-1]
