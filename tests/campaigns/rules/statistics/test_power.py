"""Planning, against R's power.prop.test and power.t.test."""

import pytest

from campaigns.rules.statistics.power import (
    days_needed,
    people_for_amounts,
    people_for_shares,
    power_for_amounts,
    power_for_shares,
    smallest_uplift,
)


def test_people_for_shares__rs_example__is_its_answer(references):
    given, expected, tolerance = references("sample size per group two proportions")

    found = people_for_shares(given["p1"], given["p2"], power=given["power"], alpha=given["alpha"])

    assert found == pytest.approx(expected[0], abs=tolerance)


def test_power_for_shares__rs_example__is_its_answer(references):
    given, expected, tolerance = references("power two proportions")

    assert power_for_shares(given["p1"], given["p2"], people=given["n"]) == pytest.approx(expected[0], abs=tolerance)


def test_people_for_amounts__rs_example__is_its_answer(references):
    given, expected, tolerance = references("sample size t test")

    found = people_for_amounts(given["delta"], given["sd"], power=given["power"])

    assert found == pytest.approx(expected[0], abs=tolerance)


def test_power_for_amounts__rs_example__is_its_answer(references):
    given, expected, tolerance = references("power t test")

    found = power_for_amounts(given["delta"], given["sd"], people=given["n"])

    assert found == pytest.approx(expected[0], abs=tolerance)


def test_smallest_uplift__with_the_people_needed_for_it__is_that_uplift():
    people = people_for_shares(0.05, 0.06)

    assert smallest_uplift(0.05, people=round(people)) == pytest.approx(0.2, abs=0.001)


@pytest.mark.parametrize(("people", "per_day", "days"), [(700, 200, 7), (701, 200, 14), (1, 1_000, 7)])
def test_days_needed__people_and_traffic__are_whole_weeks(people, per_day, days):
    assert days_needed(people, arms=2, per_day=per_day) == days


def test_people__nothing_to_tell_apart__is_refused():
    with pytest.raises(ValueError, match="cannot be told apart"):
        people_for_shares(0.1, 0.1)
    with pytest.raises(ValueError, match="other than zero"):
        people_for_amounts(0, 1)
