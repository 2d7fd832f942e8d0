"""Comparing amounts per person: revenue, orders. Welch's test, and what to do with what was known before (CUPED)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
from scipy import special

from campaigns.rules.statistics.samples import Amounts, Difference


def compare_amounts(control: Amounts, treated: Amounts, *, confidence: float = 0.95) -> Difference:
    """Compare two means without assuming equal variances (Welch 1947); bounds of the uplift by the delta method."""
    difference = treated.mean - control.mean
    of_treated, of_control = treated.variance / treated.people, control.variance / control.people
    variance = of_treated + of_control
    degrees = _degrees(control, treated)
    error = math.sqrt(variance)
    t = difference / error if error else 0.0
    reach = float(special.stdtrit(degrees, (1 + confidence) / 2)) * error
    return Difference(
        method="Welch's t test",
        estimate=difference,
        low=difference - reach,
        high=difference + reach,
        statistic=t,
        p_value=float(2 * special.stdtr(degrees, -abs(t))),
        relative=_uplift(control, treated, confidence),
        degrees=degrees,
    )


@dataclass(frozen=True)
class Incremental:
    """The revenue that would not have come without the treatment, with its bounds, in one currency."""

    estimate: Decimal
    low: Decimal
    high: Decimal
    currency: str


def incremental_revenue(
    control: Amounts, treated: Amounts, *, currency: str, decimals: int = 2, confidence: float = 0.95
) -> Incremental:
    """Answer the extra revenue of all treated people: what one of them spent more on average, times their number."""
    found = compare_amounts(control, treated, confidence=confidence)
    unit = Decimal(1).scaleb(-decimals)
    estimate, low, high = (
        (Decimal(repr(value)) * treated.people).quantize(unit, rounding=ROUND_HALF_EVEN)
        for value in (found.estimate, found.low, found.high)
    )
    return Incremental(estimate=estimate, low=low, high=high, currency=currency)


@dataclass(frozen=True)
class Adjusted:
    """Both arms after taking out what was known before, and the part of the variance that this removed."""

    control: Amounts
    treated: Amounts
    theta: float
    variance_removed: float


def adjust(
    control: Sequence[float],
    control_before: Sequence[float],
    treated: Sequence[float],
    treated_before: Sequence[float],
) -> Adjusted:
    """Take out of each amount what the same person's amount before the experiment foretells (CUPED).

    Deng, Xu, Kohavi, Walker 2013: y - theta (x - mean x) with one theta for both arms, cov(x, y) / var(x). Each list
    of amounts goes with a list of amounts before, person by person; ValueError when their lengths differ.
    """
    after = np.concatenate([np.asarray(control, dtype=float), np.asarray(treated, dtype=float)])
    before = np.concatenate([np.asarray(control_before, dtype=float), np.asarray(treated_before, dtype=float)])
    if len(control) != len(control_before) or len(treated) != len(treated_before):
        raise ValueError("Every person needs an amount before and an amount after.")
    known = float(before.var(ddof=1))
    theta = float(np.cov(before, after, ddof=1)[0, 1]) / known if known else 0.0
    kept = after - theta * (before - before.mean())
    total = float(after.var(ddof=1))
    return Adjusted(
        control=Amounts.of(kept[: len(control)]),
        treated=Amounts.of(kept[len(control) :]),
        theta=theta,
        variance_removed=1 - float(kept.var(ddof=1)) / total if total else 0.0,
    )


def _degrees(control: Amounts, treated: Amounts) -> float:
    of_treated, of_control = treated.variance / treated.people, control.variance / control.people
    below = of_treated**2 / (treated.people - 1) + of_control**2 / (control.people - 1)
    return (of_treated + of_control) ** 2 / below if below else float(treated.people + control.people - 2)


def _uplift(control: Amounts, treated: Amounts, confidence: float) -> tuple[float, float, float] | None:
    if control.mean <= 0:
        return None
    ratio = treated.mean / control.mean
    variance = treated.variance / treated.people + ratio**2 * control.variance / control.people
    reach = float(special.stdtrit(_degrees(control, treated), (1 + confidence) / 2)) * math.sqrt(variance)
    reach /= control.mean
    return ratio - 1, ratio - 1 - reach, ratio - 1 + reach
