"""Looking every day: the promise is that a difference that is not there is found no more often than promised."""

import math

import numpy as np
import pytest

from campaigns.rules.statistics.samples import two_sided
from campaigns.rules.statistics.sequential import watch


def test_watch__thousand_experiments_without_effect_looked_at_fifty_times__five_percent_are_wrong_at_most():
    draw = np.random.default_rng(11)
    steps = draw.normal(0, 1, (1_000, 50, 40)).sum(axis=2).cumsum(axis=1)
    people = 40 * np.arange(1, 51)

    fooled, fooled_plainly = 0, 0
    for path in steps:
        means = list(zip(path / people, 1 / people, strict=True))
        fooled += any(watch(mean, variance, scale=0.1).p_value < 0.05 for mean, variance in means)
        fooled_plainly += any(two_sided(mean / math.sqrt(variance)) < 0.05 for mean, variance in means)

    assert fooled / 1_000 <= 0.05
    assert fooled_plainly / 1_000 > 0.25


def test_watch__real_effect__is_found_and_the_bounds_hold_it():
    found = watch(0.1, 1e-4, scale=0.1)

    assert found.p_value < 0.001
    assert 0 < found.low < 0.1 < found.high


def test_watch__p_value_at_the_edge__agrees_with_the_bounds():
    edge = watch(0.0, 1e-4, scale=0.1).high

    assert watch(edge, 1e-4, scale=0.1).p_value == pytest.approx(0.05)


@pytest.mark.parametrize(("variance", "scale"), [(0, 1), (1, 0)])
def test_watch__nothing_to_judge_by__is_refused(variance, scale):
    with pytest.raises(ValueError, match="above zero"):
        watch(0.1, variance, scale=scale)
