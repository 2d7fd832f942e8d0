"""Dividing orders among touches, against figures worked out by hand, some of them published."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement.rules.attribution import DIRECT, Model, Silence, Touch, divide, removal_effects, silences

ORDER = datetime(2026, 3, 31, 12, tzinfo=UTC)
SINGLE = [model for model in Model if model is not Model.MARKOV]


def path(*touches):
    return [Touch(channel, ORDER - timedelta(days=days)) for channel, days in touches]


JOURNEY = path(("search", 14), ("mail", 7), ("social", 7), (DIRECT, 0))


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (Model.FIRST, {"search": 1}),
        (Model.LAST, {DIRECT: 1}),
        (Model.LAST_NON_DIRECT, {"social": 1}),
        (Model.LINEAR, {"search": 0.25, "mail": 0.25, "social": 0.25, DIRECT: 0.25}),
        (Model.TIME_DECAY, {"search": 1 / 9, "mail": 2 / 9, "social": 2 / 9, DIRECT: 4 / 9}),
        (Model.POSITION, {"search": 0.4, "mail": 0.1, "social": 0.1, DIRECT: 0.4}),
    ],
)
def test_credits__journey_of_four_touches__are_divided_as_the_model_says(model, expected):
    assert divide(JOURNEY, ORDER, model) == pytest.approx(expected)


@pytest.mark.parametrize("model", SINGLE)
def test_credits__one_touch_or_two_or_none__are_whole(model):
    assert divide([], ORDER, model) == {}
    assert divide(path(("mail", 1)), ORDER, model) == {"mail": 1}
    assert sum(divide(path(("mail", 3), (DIRECT, 1)), ORDER, model).values()) == pytest.approx(1)


def test_credits__only_direct_touches__stay_direct():
    assert divide(path((DIRECT, 2), (DIRECT, 1)), ORDER, Model.LAST_NON_DIRECT) == {DIRECT: 1}


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 90)), min_size=1, max_size=30), st.sampled_from(SINGLE)
)
def test_credits__any_journey__add_up_to_the_order(touches, model):
    found = divide(path(*sorted(touches, key=lambda touch: -touch[1])), ORDER, model)

    assert sum(found.values()) == pytest.approx(1)
    assert min(found.values()) >= 0


def test_removal_effects__published_example__are_its_figures():
    """Bryl, Attribution model with R (part 1: Markov chains concept), AnalyzeCORE 2016.

    C1 > C2 > C3 > order, C1 > nothing, C2 > C3 > nothing: the chance of an order is 1/3; without C1 it is 1/6,
    without C2 or C3 it is 0. Removal effects 0.5, 1, 1; attribution 0.2, 0.4, 0.4.
    """
    chain = removal_effects({("C1", "C2", "C3"): (1, 0), ("C1",): (0, 1), ("C2", "C3"): (0, 1)})

    assert chain.conversion == pytest.approx(1 / 3)
    assert chain.removal == pytest.approx({"C1": 0.5, "C2": 1.0, "C3": 1.0})
    assert chain.shares == pytest.approx({"C1": 0.2, "C2": 0.4, "C3": 0.4})


def test_removal_effects__channel_that_comes_again__is_solved_exactly():
    """By hand: from A three go on to B and three to an order or nothing; P = P(A), with a loop A > B > A."""
    chain = removal_effects({("A", "B", "A"): (1, 0), ("A",): (1, 2)})

    # Of 5 departures from A: 1 to B, 2 orders, 2 nothing; B always goes to A: P(A) = 1/5 P(A) + 2/5 = 1/2.
    assert chain.conversion == pytest.approx(0.5)
    assert chain.removal == pytest.approx({"A": 1.0, "B": 0.2})


def test_removal_effects__nobody_ordered_or_nobody_was_touched__is_nothing():
    assert removal_effects({("mail",): (0, 5)}).shares == {}
    assert removal_effects({}).shares == {}
    assert removal_effects({(): (3, 4)}).conversion == 0


def test_silences__hours_without_events_in_a_busy_log__are_joined():
    day = datetime(2026, 3, 1, tzinfo=UTC)
    hours = {day + timedelta(hours=n): 50 for n in range(24) if n not in (2, 3, 17)}

    found = silences(hours, day, day + timedelta(days=1))

    at = {n: day + timedelta(hours=n) for n in range(24)}
    assert found == [Silence(at[2], at[4]), Silence(at[17], at[18])]
    assert silences({day: 3}, day, day + timedelta(days=1)) == []
