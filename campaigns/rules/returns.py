"""What marketing cost and brought: CPA, CAC, ROAS, ROI; exact amounts in one currency, None where nothing divides."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

_CENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Returns:
    """`cpa` is the cost for each customer who bought, `cac` for each who bought for the first time.

    `roas` is revenue for each unit spent, `roi` what was earned beyond the cost for each, from incremental revenue.
    """

    cost: Decimal
    revenue: Decimal
    cpa: Decimal | None
    cac: Decimal | None
    roas: Decimal | None
    roi: Decimal | None


def returns(*, cost: Decimal, revenue: Decimal, incremental: Decimal | None, buyers: int, new_buyers: int) -> Returns:
    """The figures of one campaign; `roi` only where a holdout says what would not have come anyway."""
    return Returns(
        cost=cost,
        revenue=revenue,
        cpa=_over(cost, Decimal(buyers)),
        cac=_over(cost, Decimal(new_buyers)),
        roas=_over(revenue, cost),
        roi=None if incremental is None else _over(incremental - cost, cost),
    )


def _over(amount: Decimal, by: Decimal) -> Decimal | None:
    return (amount / by).quantize(_CENT, rounding=ROUND_HALF_EVEN) if by else None
