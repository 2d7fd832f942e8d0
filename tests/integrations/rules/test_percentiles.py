"""Percentiles from bins, against the exact ones."""

import math
import random

import pytest

from integrations.rules.percentiles import ERROR, LEAST_MS, MOST_MS, added, bin_of, percentile

SHARES = (0.01, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999, 1)


def counted(times):
    bins = {}
    for time in times:
        bins[bin_of(time)] = bins.get(bin_of(time), 0) + 1
    return bins


def exact(times, share):
    return sorted(times)[max(math.ceil(share * len(times)), 1) - 1]


def samples(kind):
    chance = random.Random(7)
    if kind == "lognormal":
        return [min(max(chance.lognormvariate(3, 1.2), LEAST_MS), MOST_MS) for _ in range(20_000)]
    if kind == "two humps":
        return [chance.gauss(12, 1) if chance.random() < 0.94 else chance.gauss(900, 60) for _ in range(20_000)]
    if kind == "long tail":
        return [min(5 * chance.paretovariate(1.1), MOST_MS) for _ in range(20_000)]
    return {"one call": [37.0], "all the same": [8.0] * 500, "few": [1, 1, 90, 4_000]}[kind]


@pytest.mark.parametrize("kind", ["lognormal", "two humps", "long tail", "one call", "all the same", "few"])
@pytest.mark.parametrize("share", SHARES)
def test_percentile__of_known_times__is_within_the_error_of_the_exact_one(kind, share):
    times = samples(kind)

    found, wanted = percentile(counted(times), share), exact(times, share)

    assert abs(found - wanted) <= ERROR * wanted + 0.05  # rounded to a tenth


def test_percentile__of_parts_added__is_that_of_the_whole():
    times = samples("lognormal")
    parts = [counted(times[place::7]) for place in range(7)]
    as_json = [{str(place): number for place, number in part.items()} for part in parts]

    assert added(as_json) == added(parts) == counted(times)


@pytest.mark.parametrize(("time", "shown"), [(0, LEAST_MS), (LEAST_MS, LEAST_MS), (9e9, MOST_MS)])
def test_percentile__beyond_the_bounds__is_the_bound(time, shown):
    assert percentile({bin_of(time): 3}, 0.95) == pytest.approx(shown, rel=ERROR)


def test_percentile__no_calls__is_none():
    assert percentile({}, 0.95) is None
