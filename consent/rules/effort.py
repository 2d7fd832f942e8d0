"""What answering a request costs: minutes on record times the price of an hour."""

from decimal import ROUND_HALF_UP, Decimal


def cost_of(*, minutes: int, hour: int) -> Decimal:
    """The cost of so many minutes, in the currency of the price of an hour, rounded to cents."""
    return (Decimal(minutes) * hour / 60).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
