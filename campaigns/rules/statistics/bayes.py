"""How probable it is that a variant is better, and what is lost on average by choosing it although it is not.

Probabilities are integrated on a fixed grid instead of drawn at random: the same figures give the same answer.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import special

from campaigns.rules.statistics.samples import Amounts, Share

GRID = (np.arange(4_000) + 0.5) / 4_000


@dataclass(frozen=True)
class Belief:
    """What is believed of treated minus control after the data: chance to be better, credible bounds, loss.

    `loss` is the expected loss, in the unit of the measure, of choosing the treated variant.
    """

    better: float
    mean: float
    low: float
    high: float
    loss: float


@lru_cache(maxsize=512)
def believe_shares(
    control: Share, treated: Share, *, prior: tuple[float, float] = (1.0, 1.0), credibility: float = 0.95
) -> Belief:
    """Compare two shares by their Beta posteriors; the prior counts as so many successes and failures seen before.

    Kept for the figures asked about last: it takes 300 ms for large groups, and a page asks again every few seconds.
    """
    one, other = _posterior(control, prior), _posterior(treated, prior)
    of_treated = special.betaincinv(*other, GRID)
    edge = (1 - credibility) / 2
    return Belief(
        better=float(special.betainc(*one, of_treated).mean()),
        mean=other[0] / sum(other) - one[0] / sum(one),
        low=_quantile(one, of_treated, edge),
        high=_quantile(one, of_treated, 1 - edge),
        loss=_loss(one, of_treated),
    )


def believe_amounts(
    control: Amounts, treated: Amounts, *, prior: tuple[float, float] | None = None, credibility: float = 0.95
) -> Belief:
    """Compare two means by the normal posterior of their difference.

    `prior` is the mean and the standard deviation of differences believed in before; without it none is preferred.
    """
    mean = treated.mean - control.mean
    variance = treated.variance / treated.people + control.variance / control.people
    if prior is not None and variance > 0:
        weight_prior, weight_data = 1 / prior[1] ** 2, 1 / variance
        variance = 1 / (weight_prior + weight_data)
        mean = variance * (prior[0] * weight_prior + mean * weight_data)
    deviation = math.sqrt(variance)
    if not deviation:
        return Belief(better=0.5 if not mean else float(mean > 0), mean=mean, low=mean, high=mean, loss=max(0.0, -mean))
    reach = float(special.ndtri((1 + credibility) / 2)) * deviation
    z = mean / deviation
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return Belief(
        better=float(special.ndtr(z)),
        mean=mean,
        low=mean - reach,
        high=mean + reach,
        loss=deviation * density - mean * float(special.ndtr(-z)),
    )


def _posterior(share: Share, prior: tuple[float, float]) -> tuple[float, float]:
    return share.successes + prior[0], share.people - share.successes + prior[1]


def _quantile(control: tuple[float, float], of_treated: np.ndarray, level: float) -> float:
    """The difference below which it lies with that probability, by bisection to a billionth."""
    low, high = -1.0, 1.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        below = 1 - special.betainc(*control, np.clip(of_treated - middle, 0, 1)).mean()
        low, high = (middle, high) if below < level else (low, middle)
    return (low + high) / 2


def _loss(control: tuple[float, float], of_treated: np.ndarray) -> float:
    """E[max(control - treated, 0)] = E over treated of the partial expectation of control above it."""
    first, second = control
    above = special.betaincc(first + 1, second, of_treated) * first / (first + second)
    return float((above - of_treated * special.betaincc(first, second, of_treated)).mean())
