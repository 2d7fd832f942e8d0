"""What open faults may cost: ceilings of fines by law. Figures to compare with, no forecast."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

REQUEST_COST, GDPR_CAP, GDPR_SHARE = "request_cost", "gdpr_cap", "gdpr_share"
TURNOVER, CCPA_VIOLATION = "turnover", "ccpa_violation"


@dataclass(frozen=True, slots=True)
class Reference:
    """A figure that staff may change: its name, unit (ISO 4217, or %), first value, source."""

    key: str
    label: str
    unit: str
    first: Decimal
    source: str


REFERENCES: Final = {
    reference.key: reference
    for reference in (
        Reference(
            REQUEST_COST,
            "Cost of a request elsewhere",
            "USD",
            Decimal(1524),
            "a published benchmark; put your own",
        ),
        Reference(GDPR_CAP, "GDPR: highest fine", "EUR", Decimal(20_000_000), "GDPR Art. 83(5)"),
        Reference(GDPR_SHARE, "GDPR: share of turnover", "%", Decimal(4), "GDPR Art. 83(5)"),
        Reference(
            TURNOVER, "Worldwide turnover of the year before", "EUR", Decimal(0), "your accounts; the group as a whole"
        ),
        Reference(
            CCPA_VIOLATION,
            "CCPA: fine for each intended violation",
            "USD",
            Decimal(7988),
            "Cal. Civ. Code 1798.155, 1798.199.95(d), as adjusted for 2025",
        ),
    )
}
MOST: Final = Decimal(10) ** 15


def gdpr_ceiling(values: Mapping[str, Decimal], /) -> Decimal:
    """The highest fine for an infringement: the fixed sum, or the share of turnover where that is more (Art. 83(5))."""
    share = values[TURNOVER] * values[GDPR_SHARE] / 100
    return max(values[GDPR_CAP], share).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def ccpa_ceiling(values: Mapping[str, Decimal], /, *, violations: int) -> Decimal:
    """The highest fine for so many violations; each person concerned is one (Cal. Civ. Code 1798.155(a))."""
    return values[CCPA_VIOLATION] * violations
