"""Beliefs after the data, against the closed form of Beta posteriors and the normal distribution."""

import math

import pytest
from scipy import special

from campaigns.rules.statistics.bayes import believe_amounts, believe_shares
from campaigns.rules.statistics.samples import Amounts, Share


def better_in_closed_form(control, treated):
    """P(treated > control) as a finite sum, exact for whole-numbered posteriors (Miller 2014)."""
    a1, b1 = control.successes + 1, control.people - control.successes + 1
    a2, b2 = treated.successes + 1, treated.people - treated.successes + 1
    return sum(
        math.exp(
            special.betaln(a1 + i, b1 + b2) - math.log(b2 + i) - special.betaln(1 + i, b2) - special.betaln(a1, b1)
        )
        for i in range(a2)
    )


@pytest.mark.parametrize(
    ("control", "treated"),
    [(Share(20, 100), Share(28, 100)), (Share(5, 83), Share(12, 99)), (Share(122, 21306), Share(267, 21307))],
)
def test_believe_shares__whole_counts__chance_equals_the_closed_form(control, treated):
    assert believe_shares(control, treated).better == pytest.approx(better_in_closed_form(control, treated), abs=1e-5)


def test_believe_shares__equal_arms__is_even_and_symmetric():
    belief = believe_shares(Share(30, 200), Share(30, 200))

    assert belief.better == pytest.approx(0.5, abs=1e-6)
    assert belief.mean == 0
    assert belief.low == pytest.approx(-belief.high, abs=1e-5)


def test_believe_shares__clear_winner__loses_almost_nothing_by_choosing_it():
    belief = believe_shares(Share(122, 21306), Share(267, 21307))

    assert belief.better > 0.9999
    assert 0 < belief.low < 0.006805 < belief.high
    assert 0 <= belief.loss < 1e-8


def test_believe_shares__loser__loses_about_the_difference_by_choosing_it():
    belief = believe_shares(Share(500, 1000), Share(300, 1000))

    assert belief.loss == pytest.approx(0.2, abs=0.001)


def test_believe_amounts__no_prior__is_the_normal_distribution():
    control, treated = Amounts(100, 10.0, 25.0), Amounts(100, 11.0, 25.0)

    belief = believe_amounts(control, treated)

    deviation = math.sqrt(0.5)
    assert belief.better == pytest.approx(float(special.ndtr(1 / deviation)))
    assert (belief.low, belief.high) == pytest.approx((1 - 1.959964 * deviation, 1 + 1.959964 * deviation), abs=1e-5)


def test_believe_amounts__sceptical_prior__draws_towards_it():
    control, treated = Amounts(100, 10.0, 25.0), Amounts(100, 11.0, 25.0)

    belief = believe_amounts(control, treated, prior=(0.0, math.sqrt(0.5)))

    assert belief.mean == pytest.approx(0.5)
    assert belief.high - belief.low == pytest.approx(2 * 1.959964 * 0.5, abs=1e-5)


def test_believe_amounts__nothing_varies__is_certain_or_even():
    same = Amounts(10, 1.0, 0.0)

    assert believe_amounts(same, same).better == 0.5
    assert believe_amounts(same, Amounts(10, 2.0, 0.0)).better == 1.0
