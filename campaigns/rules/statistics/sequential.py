"""Looking at results every day without fooling oneself: p-values and bounds that hold at every look.

The mixture sequential probability ratio test with a normal mixture (Robbins 1970; Johari, Pekelis, Walsh 2017).
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class AlwaysValid:
    """The bounds and the p-value that hold at whatever moment one stops."""

    estimate: float
    low: float
    high: float
    p_value: float


def watch(estimate: float, variance: float, *, scale: float, alpha: float = 0.05) -> AlwaysValid:
    """Judge a difference that is looked at again and again.

    `variance` is that of the estimate now, `scale` the size of differences worth finding: it decides when the bounds
    are tightest, never whether they hold. ValueError unless both are positive.
    """
    if variance <= 0 or scale <= 0:
        raise ValueError("The variance of the estimate and the scale of the mixture must be above zero.")
    mixture = scale * scale
    both = variance + mixture
    log_ratio = 0.5 * math.log(variance / both) + mixture * estimate**2 / (2 * variance * both)
    reach = math.sqrt(2 * variance * both / mixture * (math.log(1 / alpha) + 0.5 * math.log(both / variance)))
    return AlwaysValid(
        estimate=estimate,
        low=estimate - reach,
        high=estimate + reach,
        p_value=math.exp(-max(0.0, log_ratio)),
    )


def scale_for(variance: float, alpha: float = 0.05) -> float:
    """The scale that makes the bounds tightest when the estimate has this variance: at the planned number of people.

    Waudby-Smith et al., Time-uniform central limit theory (2024), also the tuning of GrowthBook's sequential tests.
    """
    twice = -2 * math.log(alpha)
    return math.sqrt(variance * (twice + math.log(twice + 1)))
