"""Comparing shares, against published results and the answers of the Hillstrom experiment."""

import pytest

from campaigns.rules.statistics.samples import Share
from campaigns.rules.statistics.shares import compare_shares, equal_shares


def share_of(rows, measure):
    return Share(successes=int(sum(row[measure] for row in rows)), people=len(rows))


def test_compare_shares__statsmodels_example__has_its_p_value(references):
    given, expected, tolerance = references("two-sample pooled z")
    control, treated = (Share(*pair) for pair in zip(given["count"], given["nobs"], strict=True))

    assert compare_shares(control, treated).p_value == pytest.approx(expected[0], abs=tolerance)


def test_equal_shares__smokers_of_fleiss__is_rs_answer(references):
    given, expected, tolerance = references("k-sample equality")
    shares = [Share(*pair) for pair in zip(given["success"], given["n"], strict=True)]

    statistic, degrees, p_value = equal_shares(shares)

    assert (statistic, p_value) == (pytest.approx(expected[0], abs=tolerance), pytest.approx(expected[1], abs=1e-6))
    assert degrees == 3


def test_compare_shares__aspirin_and_placebo__have_the_ratio_of_the_study(references):
    given, expected, tolerance = references("risk ratio aspirin")

    found = compare_shares(Share(*given["placebo"]), Share(*given["aspirin"]))

    assert found.relative[0] + 1 == pytest.approx(expected[0], abs=tolerance)
    assert found.relative[1] + 1 == pytest.approx(0.4337, abs=0.001)
    assert found.relative[2] + 1 == pytest.approx(0.6978, abs=0.001)


@pytest.mark.parametrize(("group", "points", "p_value"), [("Mens", 0.6805, 1.5e-13), ("Womens", 0.3111, 1.6e-4)])
def test_compare_shares__hillstrom_conversion__is_the_known_uplift(hillstrom, group, points, p_value):
    control, treated = (share_of(hillstrom[name], "conversion") for name in ("No E-Mail", f"{group} E-Mail"))

    found = compare_shares(control, treated)

    assert found.estimate * 100 == pytest.approx(points, abs=0.0001)
    assert found.p_value == pytest.approx(p_value, rel=0.05)
    assert found.low < found.estimate < found.high
    assert found.low > 0


@pytest.mark.parametrize(("group", "rate"), [("Mens E-Mail", 0.1828), ("Womens E-Mail", 0.1514), ("No E-Mail", 0.1062)])
def test_share__hillstrom_visits__have_the_known_rates(hillstrom, group, rate):
    assert share_of(hillstrom[group], "visit").rate == pytest.approx(rate, abs=0.00005)


def test_compare_shares__nobody_converted__no_uplift_and_no_difference():
    found = compare_shares(Share(0, 100), Share(0, 120))

    assert (found.estimate, found.p_value, found.relative) == (0.0, 1.0, None)


@pytest.mark.parametrize(("successes", "people"), [(5, 4), (-1, 4), (0, 0)])
def test_share__impossible_counts__are_refused(successes, people):
    with pytest.raises(ValueError, match="is not a share"):
        Share(successes, people)
