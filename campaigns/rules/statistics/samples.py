"""What a comparison starts from: counts of people who did something, or amounts per person."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import special


@dataclass(frozen=True)
class Share:
    """So many of so many people did it; ValueError unless 0 <= successes <= people and there is somebody."""

    successes: int
    people: int

    def __post_init__(self) -> None:
        if not 0 <= self.successes <= self.people or not self.people:
            raise ValueError(f"{self.successes} of {self.people} people is not a share.")

    @property
    def rate(self) -> float:
        """The share as a number from 0 to 1."""
        return self.successes / self.people

    @property
    def variance(self) -> float:
        """The variance of one person's answer, yes being 1 and no being 0."""
        return self.rate * (1 - self.rate)


@dataclass(frozen=True)
class Amounts:
    """The amounts of so many people, those with nothing included: their mean and their unbiased variance."""

    people: int
    mean: float
    variance: float

    def __post_init__(self) -> None:
        if self.people < 2 or self.variance < 0:
            raise ValueError("Amounts need two people or more, and a variance that is not negative.")

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Sum up single values; two or more of them."""
        kept = np.asarray(values, dtype=float)
        return cls(people=len(kept), mean=float(kept.mean()), variance=float(kept.var(ddof=1)))

    @classmethod
    def from_sums(cls, *, people: int, total: float, squares: float) -> Self:
        """Sum up what a database can add: how many people, the sum of their amounts and of the squares of those."""
        mean = total / people
        return cls(people=people, mean=mean, variance=max(0.0, (squares - people * mean * mean) / (people - 1)))


@dataclass(frozen=True)
class Difference:
    """Treated minus control, between which bounds it lies with the level of confidence asked for, and how surely.

    `relative` is the uplift against control with its own bounds, None where control has nothing to compare with.
    """

    method: str
    estimate: float
    low: float
    high: float
    statistic: float
    p_value: float
    relative: tuple[float, float, float] | None = None
    degrees: float | None = None


def normal_quantile(confidence: float) -> float:
    """How many standard errors a two-sided interval of that confidence reaches to each side (0.95 gives 1.96)."""
    return float(special.ndtri((1 + confidence) / 2))


def two_sided(z: float) -> float:
    """The two-sided p-value of a z statistic."""
    return float(2 * special.ndtr(-abs(z)))
