"""How a follower walks along the log: in short transactions, in wider ones where it found nothing."""

from collections.abc import Callable
from typing import Final

from core import outbox

STEP: Final = 500
"""Transactions a step takes; a request writes at most 100 events, so a step touches at most 50,000 rows."""
WIDER: Final = 8


def walk_log(*, steps: int, step: Callable[[int, int], int | None]) -> int:
    """Everything that ended before now was walked through, or `steps` steps of it; how much they changed.

    `step(horizon, width)` does one transaction of work over at most `width` writing transactions below `horizon` and
    answers what it changed; None when nothing is left or somebody else is at it. A failure undoes its step alone.
    """
    moved, width, horizon = 0, STEP, outbox.horizon()
    for _ in range(steps):
        done = step(horizon, width)
        if done is None:
            break
        moved += done
        width = STEP if done else width * WIDER
    return moved
