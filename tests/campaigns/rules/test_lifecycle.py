"""The order of states."""

import pytest

from campaigns.rules.lifecycle import MOVES, State, may_become, why_not


def test_moves__every_state__is_listed_and_reachable():
    reached = {state for targets in MOVES.values() for state in targets}

    assert set(MOVES) == set(State)
    assert reached == set(State)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("draft", "sending"),
        ("draft", "approved"),
        ("in_review", "scheduled"),
        ("completed", "sending"),
        ("sending", "draft"),
    ],
)
def test_may_become__past_the_approval_or_back__never(before, after):
    assert not may_become(before, after)


def test_why_not__refused_move__says_what_it_is_and_from_where_it_could():
    assert why_not("draft", "scheduled") == ("This campaign is draft; only one that is approved can become scheduled.")


def test_may_become__completed_pilot_that_is_promoted__sends_again_and_nothing_else_does():
    assert may_become("completed", "sending", promoted=True)
    assert not may_become("archived", "sending", promoted=True)
