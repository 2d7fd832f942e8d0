"""What a campaign costs."""

from decimal import Decimal

from campaigns.rules.budget import affordable, changed_much, cost_of


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
