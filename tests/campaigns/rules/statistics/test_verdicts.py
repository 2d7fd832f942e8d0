"""What a marketer reads under an experiment, and when the winner button is there."""

import pytest

from campaigns.rules.statistics.bayes import believe_shares
from campaigns.rules.statistics.checks import sample_ratio
from campaigns.rules.statistics.samples import Share
from campaigns.rules.statistics.shares import compare_shares
from campaigns.rules.statistics.verdicts import Verdict, decide


def decision(control, treated, *, needed=1_000.0, planned=None):
    """What is said of a variant called Mens against control."""
    difference = compare_shares(control, treated)
    return decide(
        name="Mens",
        measure="conversion",
        difference=difference,
        p_value=difference.p_value,
        belief=believe_shares(control, treated),
        mismatch=sample_ratio(planned or {"a": 1, "b": 1}, {"a": 1, "b": 1}),
        people=(control.people, treated.people),
        needed=needed,
    )


def test_decide__hillstrom__says_better_by_how_much_and_how_surely():
    found = decision(Share(122, 21306), Share(267, 21307))

    assert (found.verdict, found.may_declare) == (Verdict.BETTER, True)
    assert found.text == (
        "Mens is better than control in conversion: +0.68 percentage points, +119% against control. With 95 % "
        "confidence the difference lies between +0.50 percentage points and +0.86 percentage points. "
        "The chance that Mens is really better is over 99.9 % (p < 0.001)."
    )


@pytest.mark.parametrize(
    ("control", "treated", "options", "verdict", "words"),
    [
        (Share(267, 21307), Share(122, 21306), {}, Verdict.WORSE, "Mens is worse than control"),
        (Share(100, 2000), Share(104, 2000), {}, Verdict.UNDECIDED, "No difference was shown"),
        (Share(1, 50), Share(20, 50), {}, Verdict.TOO_EARLY, "50 of the 1,000 people"),
        (Share(0, 2000), Share(0, 2000), {}, Verdict.TOO_EARLY, "Nothing can be said of a difference"),
        (Share(2000, 2000), Share(2000, 2000), {}, Verdict.TOO_EARLY, "everybody in both groups has the same"),
        (
            Share(122, 21306),
            Share(267, 21307),
            {"planned": {"a": 100_000, "b": 98_000}},
            Verdict.BROKEN,
            "Do not read these results",
        ),
    ],
)
def test_decide__anything_but_a_win__has_no_winner_button(control, treated, options, verdict, words):
    found = decision(control, treated, **options)

    assert (found.verdict, found.may_declare) == (verdict, False)
    assert words in found.text


def test_decide__nobody_against_everybody__is_a_win_although_neither_group_varies():
    found = decision(Share(0, 2000), Share(2000, 2000))

    assert (found.verdict, found.may_declare) == (Verdict.BETTER, True)
