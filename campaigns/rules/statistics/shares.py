"""Comparing shares: visits, conversions, opens. Named methods, because different z tests give different p-values."""

import math
from collections.abc import Sequence

from scipy import special

from campaigns.rules.statistics.samples import Difference, Share, normal_quantile, two_sided


def compare_shares(control: Share, treated: Share, *, confidence: float = 0.95) -> Difference:
    """Compare two shares by the pooled two-proportion z test.

    The bounds of the difference are Wald's (unpooled), those of the uplift Katz's on the logarithm of the ratio.
    """
    difference = treated.rate - control.rate
    pooled = (treated.successes + control.successes) / (treated.people + control.people)
    error = math.sqrt(pooled * (1 - pooled) * (1 / treated.people + 1 / control.people))
    z = difference / error if error else 0.0
    reach = normal_quantile(confidence) * math.sqrt(spread(control, treated))
    return Difference(
        method="two-proportion z test, pooled",
        estimate=difference,
        low=difference - reach,
        high=difference + reach,
        statistic=z,
        p_value=two_sided(z),
        relative=_uplift(control, treated, confidence),
    )


def spread(control: Share, treated: Share) -> float:
    """The variance of the difference of two shares, each with its own."""
    return treated.variance / treated.people + control.variance / control.people


def equal_shares(shares: Sequence[Share]) -> tuple[float, int, float]:
    """Test whether all shares are one: Pearson's chi-square, its degrees of freedom, the p-value (R's prop.test)."""
    people, successes = sum(s.people for s in shares), sum(s.successes for s in shares)
    common = successes / people
    degrees = len(shares) - 1
    if common in (0, 1):
        return 0.0, degrees, 1.0
    statistic = sum((s.successes - s.people * common) ** 2 / (s.people * common * (1 - common)) for s in shares)
    return statistic, degrees, float(special.chdtrc(degrees, statistic))


def _uplift(control: Share, treated: Share, confidence: float) -> tuple[float, float, float] | None:
    if not control.successes or not treated.successes:
        return None
    ratio = treated.rate / control.rate
    error = math.sqrt((1 - treated.rate) / treated.successes + (1 - control.rate) / control.successes)
    reach = math.exp(normal_quantile(confidence) * error)
    return ratio - 1, ratio / reach - 1, ratio * reach - 1
