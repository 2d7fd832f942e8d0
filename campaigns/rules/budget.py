"""What a campaign will cost, whether its budget allows it, and when a spike of clicks raises it."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from math import sqrt
from typing import Final


def cost_of(people: int, per_message: Decimal) -> Decimal:
    """The cost of so many messages, to the cent."""
    return (people * per_message).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def affordable(people: int, per_message: Decimal, budget: Decimal | None) -> bool:
    """Whether so many messages stay inside the budget; always without one."""
    return budget is None or cost_of(people, per_message) <= budget


def changed_much(reviewed: int, now: int) -> bool:
    """Whether an audience differs by more than a tenth from the one that was approved."""
    return abs(now - reviewed) * 10 > reviewed


BASELINE: Final = 24
"""How many windows before the present one say what is usual."""
LEAST_WINDOWS: Final = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """Inside what a budget is raised by itself: a spike of so many times what is usual, at least so many clicks in a
    window; by `step` at most, never above `ceiling`, not again within the cooldown."""

    factor: Decimal
    least: int
    window: timedelta
    step: Decimal
    ceiling: Decimal
    cooldown: timedelta


def is_spike(clicks: int, usual: float | None, limits: Limits) -> bool:
    """Whether the clicks of one window are far beyond what is usual; never while that is not known.

    Clicks that come by chance are Poisson: their standard deviation is the root of their mean. A spike lies four of
    them above it as well, so that few clicks do not look like many.
    """
    if usual is None or clicks < limits.least:
        return False
    return clicks >= float(limits.factor) * usual and clicks > usual + 4 * sqrt(usual)


def usual_of(clicks: int, since: timedelta, window: timedelta) -> float | None:
    """The mean number of clicks in a window, of those in the time before; None for less than three windows."""
    windows = min(BASELINE, since // window)
    return clicks / windows if windows >= LEAST_WINDOWS else None


def raised(budget: Decimal, limits: Limits) -> Decimal | None:
    """The budget one step higher, not above the ceiling; None when it is there already."""
    higher = min(budget + limits.step, limits.ceiling)
    return higher if higher > budget else None
