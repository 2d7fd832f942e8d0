"""Comparing amounts, against R's sleep data and the spending of the Hillstrom experiment."""

from decimal import Decimal

import numpy as np
import pytest

from campaigns.rules.statistics.amounts import adjust, compare_amounts, incremental_revenue
from campaigns.rules.statistics.samples import Amounts


def spent(rows):
    return [row["spend"] for row in rows]


def test_compare_amounts__sleep_data__is_rs_welch_test(references):
    given, expected, tolerance = references("Welch t test")

    found = compare_amounts(Amounts.of(given["b"]), Amounts.of(given["a"]))

    figures = (found.statistic, found.degrees, found.p_value, found.low, found.high)
    assert figures == pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize(("group", "mean"), [("Mens E-Mail", 1.4226), ("Womens E-Mail", 1.0772), ("No E-Mail", 0.6528)])
def test_amounts__hillstrom_spending__has_the_known_means(hillstrom, group, mean):
    assert Amounts.of(spent(hillstrom[group])).mean == pytest.approx(mean, abs=0.00005)


def test_from_sums__hillstrom_spending__equals_the_figures_of_single_rows(hillstrom):
    values = spent(hillstrom["Mens E-Mail"])

    kept = Amounts.from_sums(people=len(values), total=sum(values), squares=sum(v * v for v in values))

    assert kept.mean == pytest.approx(Amounts.of(values).mean)
    assert kept.variance == pytest.approx(Amounts.of(values).variance)


def test_incremental_revenue__hillstrom_mens_mail__is_the_difference_times_the_people(hillstrom):
    control, treated = Amounts.of(spent(hillstrom["No E-Mail"])), Amounts.of(spent(hillstrom["Mens E-Mail"]))

    found = incremental_revenue(control, treated, currency="USD")

    assert found.estimate == pytest.approx(Decimal("16403.5"), abs=Decimal(2))
    assert found.currency == "USD"
    assert Decimal(0) < found.low < found.estimate < found.high
    assert found.estimate.as_tuple().exponent == -2


def test_adjust__amounts_that_were_foretold__lose_that_part_of_the_variance_and_keep_the_effect():
    draw = np.random.default_rng(7)
    before_one, before_two = draw.normal(50, 10, 4_000), draw.normal(50, 10, 4_000)
    after_one = before_one + draw.normal(0, 5, 4_000)
    after_two = before_two + 1 + draw.normal(0, 5, 4_000)

    adjusted = adjust(after_one, before_one, after_two, before_two)

    plain = compare_amounts(Amounts.of(after_one), Amounts.of(after_two))
    sharper = compare_amounts(adjusted.control, adjusted.treated)
    assert adjusted.theta == pytest.approx(1, abs=0.02)
    assert adjusted.variance_removed == pytest.approx(0.8, abs=0.02)
    assert sharper.estimate == pytest.approx(1, abs=0.25)
    assert sharper.high - sharper.low < (plain.high - plain.low) / 2


def test_adjust__hillstrom_history__changes_little_because_it_foretells_little(hillstrom):
    control, treated = hillstrom["No E-Mail"], hillstrom["Mens E-Mail"]
    before = [[row["history"] for row in rows] for rows in (control, treated)]

    adjusted = adjust(spent(control), before[0], spent(treated), before[1])

    assert 0 <= adjusted.variance_removed < 0.01
    assert compare_amounts(adjusted.control, adjusted.treated).estimate == pytest.approx(0.77, abs=0.02)


def test_adjust__a_person_without_a_before__is_refused():
    with pytest.raises(ValueError, match="Every person"):
        adjust([1.0, 2.0], [1.0], [1.0], [2.0, 3.0])


def test_compare_amounts__all_amounts_equal__no_difference():
    found = compare_amounts(Amounts.of([0.0, 0.0, 0.0]), Amounts.of([0.0, 0.0]))

    assert (found.estimate, found.p_value, found.relative) == (0.0, 1.0, None)
