"""Which of two people's consents stands when two profiles become one: the one that permits less; pure."""

from collections.abc import Collection
from dataclasses import dataclass

from consent.rules.standing import RUNNING, Standing
from consent.rules.states import least_permissive
from consent.rules.vocabulary import REFUSALS, SERVICE_PURPOSES, Event, Purpose, State

_ENDED = frozenset({State.EXPIRED, State.INVALIDATED})


@dataclass(frozen=True, slots=True)
class Outcome:
    """One purpose of a merge as it will be: whether each may be approached, and the result, and why."""

    purpose: str
    name: str
    survivor: str
    survivor_allowed: bool
    absorbed: str
    absorbed_allowed: bool
    result: str
    allowed: bool
    why: str


def permits_less(theirs: Standing, ours: Standing | None) -> bool:
    """Whether the absorbed person's state takes something away. The absence of a record is not weighed here."""
    if ours is None:
        return theirs.state in REFUSALS
    counts = theirs.state in REFUSALS or (theirs.state in _ENDED and ours.state in RUNNING)
    return counts and theirs.state != ours.state and least_permissive([theirs.state, ours.state]) is theirs.state


def narrowing_events(standing: Standing | None) -> Collection[Event]:
    """What ends, one after the other until nothing is allowed, a permission that only one of two people gave.

    A running consent becomes invalid, since it cannot be demonstrated for the merged person (GDPR Art. 7(1)); where
    silence still permits, the merged person counts as opted out until asked.
    """
    running = standing is not None and standing.state in RUNNING
    return (Event.INVALIDATED, Event.OPTED_OUT) if running else (Event.OPTED_OUT,)


def may_differ(kind: Purpose) -> bool:
    """Whether a merge can take this purpose away; service to the person rests on the contract, not on consent."""
    return kind not in SERVICE_PURPOSES
