"""What a campaign will cost, and whether its budget allows it."""

from decimal import ROUND_HALF_UP, Decimal


def cost_of(people: int, per_message: Decimal) -> Decimal:
    """The cost of so many messages, to the cent."""
    return (people * per_message).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def affordable(people: int, per_message: Decimal, budget: Decimal | None) -> bool:
    """Whether so many messages stay inside the budget; always without one."""
    return budget is None or cost_of(people, per_message) <= budget


def changed_much(reviewed: int, now: int) -> bool:
    """Whether an audience differs by more than a tenth from the one that was approved."""
    return abs(now - reviewed) * 10 > reviewed
