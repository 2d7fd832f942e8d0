"""Sample ratio mismatch and the correction for many questions."""

import pytest

from campaigns.rules.statistics.checks import holm, sample_ratio


def test_sample_ratio__hillstrom_groups__fit_thirds(hillstrom):
    people = {name: len(rows) for name, rows in hillstrom.items()}

    found = sample_ratio(people, dict.fromkeys(people, 1.0))

    assert not found.found
    assert found.p_value == pytest.approx(0.90, abs=0.02)


def test_sample_ratio__arm_lost_two_percent__is_found():
    found = sample_ratio({"a": 100_000, "b": 98_000}, {"a": 0.5, "b": 0.5})

    assert found.found
    assert found.p_value == pytest.approx(7.0e-6, rel=0.05)


def test_sample_ratio__uneven_plan__is_expected_unevenly():
    found = sample_ratio({"holdout": 1_000, "treated": 9_000}, {"holdout": 1, "treated": 9})

    assert found.p_value == 1.0
    assert found.expected == {"holdout": 1_000, "treated": 9_000}


@pytest.mark.parametrize("weights", [{"a": 1.0}, {"a": 1.0, "b": 0.0}])
def test_sample_ratio__arms_that_do_not_fit__are_refused(weights):
    with pytest.raises(ValueError, match="Every arm"):
        sample_ratio({"a": 1, "b": 1}, weights)


def test_holm__example_of_benjamini_and_hochberg__rejects_three(references):
    given, expected, _ = references("Benjamini-Hochberg")

    adjusted = holm(given["p"])

    assert sum(value <= given["q"] for value in adjusted) == expected[1]
    assert adjusted[:3] == pytest.approx([0.0015, 0.0056, 0.0247])


def test_holm__any_order__keeps_places_and_never_falls():
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([]) == []
