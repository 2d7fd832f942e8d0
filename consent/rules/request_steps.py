"""The tasks of a request as a graph: which task waits for which, and when a failed one is tried again."""

from datetime import timedelta
from enum import StrEnum
from typing import Final

MOVES_UPTO: Final = 5
"""Facts that stay without the person move in this order, before anything is erased."""
KEYS_FROM: Final = 900
"""Places from this order on hold the keys by which the others find a person; they are erased behind the others."""
_FIRST_WAIT: Final = timedelta(minutes=1)
_LONGEST_WAIT: Final = timedelta(hours=1)


class Action(StrEnum):
    """What a task does."""

    COLLECT = "collect"
    BY_HAND = "by_hand"
    EFFECT = "effect"
    SUPPRESS = "suppress"
    ERASE = "erase"
    SCAN = "scan"
    PACKAGE = "package"


COLLECTING: Final = (Action.COLLECT, Action.BY_HAND, Action.EFFECT)
ERASING: Final = (Action.SUPPRESS, Action.ERASE, Action.SCAN)
ENDED: Final = ("done", "skipped")
PACKING: Final = (Action.PACKAGE,)
_STAGES: Final = {
    Action.COLLECT: 0,
    Action.BY_HAND: 0,
    Action.EFFECT: 0,
    Action.SUPPRESS: 1,
    Action.PACKAGE: 1,
    Action.SCAN: 4,
}


def stage_of(action: str, order: int) -> int:
    """Tasks of one stage do not wait for each other; each waits for every task of the stages before."""
    return _STAGES.get(Action(action), 1 if order <= MOVES_UPTO else 3 if order >= KEYS_FROM else 2)


def wait_after(attempts: int) -> timedelta:
    """How long a task that did not finish rests: one minute, doubling, at most an hour."""
    doublings = min(max(attempts - 1, 0), 10)
    return min(_FIRST_WAIT * (1 << doublings), _LONGEST_WAIT)
