"""Which ledger event may follow which state, and which of several states permits least."""

from collections.abc import Iterable

from consent.rules.vocabulary import REFUSALS, Event, State


class IllegalTransitionError(ValueError):
    """This event cannot follow that state; nothing may be written."""

    code = "illegal_transition"
    field = "event"

    def __init__(self, current: State, event: Event) -> None:
        super().__init__(f"'{event}' cannot follow '{current}': {_WHY_NOT[event]}")
        self.current = current
        self.event = event


_PERMISSIVENESS = (
    State.OBJECTED,
    State.UNSUBSCRIBED,
    State.OPTED_OUT,
    State.WITHDRAWN,
    State.REFUSED,
    State.INVALIDATED,
    State.EXPIRED,
    State.PENDING_DOI,
    State.REQUESTED,
    State.NONE,
    State.IMPLIED,
    State.SOFT_OPT_IN,
    State.IMPORTED,
    State.GRANTED,
)
_RANK = {state: rank for rank, state in enumerate(_PERMISSIVENESS)}

_UNANSWERED = {State.NONE, State.REQUESTED, State.PENDING_DOI}
_AGREED = {State.GRANTED, State.IMPORTED}
_WITHOUT_ASKING = {State.SOFT_OPT_IN, State.IMPLIED}
_OVER = {State.EXPIRED, State.INVALIDATED}

_FROM = {
    Event.RENEWED: _AGREED | {State.EXPIRED},
    Event.IMPORTED: _UNANSWERED | _WITHOUT_ASKING | _OVER | {State.IMPORTED},
    Event.SOFT_OPT_IN: _UNANSWERED | _WITHOUT_ASKING | _OVER,
    Event.IMPLIED: _UNANSWERED | _WITHOUT_ASKING | _OVER,
    Event.RESTORED: set(),
    Event.EXPIRED: _AGREED | _WITHOUT_ASKING | {State.PENDING_DOI, State.REQUESTED},
    Event.INVALIDATED: _AGREED | _WITHOUT_ASKING | {State.PENDING_DOI, State.REQUESTED},
}
_WHY_NOT = {
    Event.RESTORED: "only undoing a merge puts a person back where she stood.",
    Event.RENEWED: "only a consent that was given, or has run out, can be renewed.",
    Event.IMPORTED: "an import never replaces what the person has told us.",
    Event.SOFT_OPT_IN: "a sale never replaces what the person has told us.",
    Event.IMPLIED: "an implied consent never replaces what the person has told us.",
    Event.EXPIRED: "there is no running consent or question that could run out.",
    Event.INVALIDATED: "there is no consent that could be found invalid.",
}
_BECOMES = {Event.RENEWED: State.GRANTED}
_QUESTIONS = {Event.REQUESTED, Event.PENDING_DOI}
_KEEP_AGAINST_QUESTIONS = REFUSALS | _AGREED | _WITHOUT_ASKING


def next_state(current: State, event: Event) -> State:
    """The state after `event`; IllegalTransitionError when the event cannot follow.

    A no (refused, withdrawn, opted out, unsubscribed, objected) is accepted in every state, so a withdrawal can
    never be refused (GDPR Art. 7(3)); so is a yes given by the person. Asking again, or a double opt-in not yet
    confirmed, changes neither a standing yes nor a standing no. Nothing but `granted` ends a no: an import, a sale
    or a renewal cannot.
    """
    if event in _QUESTIONS and current in _KEEP_AGAINST_QUESTIONS:
        return current
    if event in _FROM and current not in _FROM[event]:
        raise IllegalTransitionError(current, event)
    return _BECOMES.get(event) or State(event.value)


def least_permissive(states: Iterable[State]) -> State:
    """The state that permits least, used when two profiles become one; `none` for no states at all.

    A profile without any record counts as `none`, which permits less than a consent: pass only the states that are
    to be weighed.
    """
    return min(states, key=_RANK.__getitem__, default=State.NONE)


def permissiveness(state: State) -> int:
    """A rank: the higher, the more a state permits. Only comparisons mean anything."""
    return _RANK[state]
