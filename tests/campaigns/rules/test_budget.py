"""What a campaign costs."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from campaigns.rules.budget import Limits, affordable, changed_much, cost_of, is_spike, raised, usual_of


def test_cost_of__fractions_of_a_cent__are_rounded_once():
    assert cost_of(64_000, Decimal("0.0008")) == Decimal("51.20")


def test_affordable__bounds__are_inside():
    assert affordable(100, Decimal("0.01"), Decimal("1.00"))
    assert not affordable(101, Decimal("0.01"), Decimal("1.00"))
    assert affordable(10**9, Decimal(1), None)


def test_changed_much__a_tenth__is_not_much():
    assert not changed_much(100, 110)
    assert changed_much(100, 111)
    assert changed_much(0, 1)


LIMITS = Limits(Decimal(3), 20, timedelta(hours=1), Decimal(50), Decimal(200), timedelta(hours=6))


def test_is_spike__few_or_usual_or_unknown__is_none():
    assert not is_spike(19, 0.0, LIMITS)
    assert not is_spike(29, 10.0, LIMITS)
    assert not is_spike(100, None, LIMITS)
    assert is_spike(30, 10.0, LIMITS)


def test_is_spike__chance__is_none():
    close = replace(LIMITS, factor=Decimal("1.5"))

    assert not is_spike(30, 20.0, close)
    assert is_spike(38, 20.0, close)


def test_usual_of__windows__mean_of_at_most_a_day_and_none_of_too_few():
    hour = timedelta(hours=1)

    assert usual_of(48, 100 * hour, hour) == 2.0
    assert usual_of(9, 3 * hour, hour) == 3.0
    assert usual_of(9, 2.9 * hour, hour) is None


def test_raised__steps__end_at_the_ceiling():
    assert raised(Decimal(100), LIMITS) == 150
    assert raised(Decimal(180), LIMITS) == 200
    assert raised(Decimal(200), LIMITS) is None
