from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.rules.states import IllegalTransitionError, least_permissive, next_state, permissiveness
from consent.rules.vocabulary import REFUSALS, Event, State
from tests.consent.rules.cases import patient

NO_EVENTS = [Event(state.value) for state in sorted(REFUSALS)]


@pytest.mark.parametrize("current", State)
@pytest.mark.parametrize("event", NO_EVENTS)
def test_next_state__person_says_no__is_accepted_in_every_state(current, event):
    assert next_state(current, event) == event.value


@pytest.mark.parametrize("current", State)
def test_next_state__person_says_yes__is_accepted_in_every_state(current):
    assert next_state(current, Event.GRANTED) is State.GRANTED


@pytest.mark.parametrize("event", [Event.REQUESTED, Event.PENDING_DOI])
@pytest.mark.parametrize("current", sorted(REFUSALS | {State.GRANTED, State.IMPORTED}))
def test_next_state__question__changes_neither_a_yes_nor_a_no(current, event):
    assert next_state(current, event) is current


@pytest.mark.parametrize("current", sorted(REFUSALS))
@pytest.mark.parametrize(
    "event",
    [Event.IMPORTED, Event.SOFT_OPT_IN, Event.IMPLIED, Event.RENEWED, Event.EXPIRED, Event.INVALIDATED],
)
def test_next_state__anything_but_a_yes_after_a_no__is_refused(current, event):
    with pytest.raises(IllegalTransitionError, match="cannot follow") as refusal:
        next_state(current, event)

    assert refusal.value.code == "illegal_transition"


@pytest.mark.parametrize(
    ("current", "event", "after"),
    [
        ("none", "pending_doi", "pending_doi"), ("pending_doi", "granted", "granted"),
        ("pending_doi", "expired", "expired"), ("granted", "expired", "expired"), ("expired", "renewed", "granted"),
        ("granted", "renewed", "granted"), ("none", "imported", "imported"), ("imported", "invalidated", "invalidated"),
        ("none", "soft_opt_in", "soft_opt_in"), ("soft_opt_in", "expired", "expired"), ("none", "implied", "implied"),
    ],
)  # fmt: skip
def test_next_state__usual_course__is_followed(current, event, after):
    assert next_state(State(current), Event(event)) is State(after)


@pytest.mark.parametrize(
    ("current", "event"),
    [("none", "renewed"), ("none", "expired"), ("none", "invalidated"), ("granted", "imported"),
     ("granted", "soft_opt_in"), ("expired", "expired")],
)  # fmt: skip
def test_next_state__out_of_course__is_refused(current, event):
    with pytest.raises(IllegalTransitionError):
        next_state(State(current), Event(event))


@patient
@given(start=st.sampled_from(sorted(REFUSALS)), events=st.lists(st.sampled_from(sorted(set(Event) - {Event.GRANTED}))))
def test_next_state__no_followed_by_anything_but_a_yes__stays_a_no(start, events):
    def step(state, event):
        try:
            return next_state(state, event)
        except IllegalTransitionError:
            return state

    assert reduce(step, events, start) in REFUSALS


@patient
@given(states=st.lists(st.sampled_from(State), min_size=1))
def test_least_permissive__states__is_one_of_them_and_permits_least(states):
    least = least_permissive(states)

    assert least in states
    assert all(permissiveness(least) <= permissiveness(state) for state in states)


def test_least_permissive__yes_and_no__is_the_no():
    assert least_permissive([State.GRANTED, State.WITHDRAWN]) is State.WITHDRAWN
    assert least_permissive([State.WITHDRAWN, State.OBJECTED]) is State.OBJECTED
    assert least_permissive([State.GRANTED, State.NONE]) is State.NONE
    assert least_permissive([]) is State.NONE
