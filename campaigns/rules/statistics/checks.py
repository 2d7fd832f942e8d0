"""Before a result may be believed: did everybody land where the shares said, and how many questions were asked."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scipy import special

MISMATCH = 0.001


@dataclass(frozen=True)
class Mismatch:
    """Whether the people seen per arm fit the shares they were assigned by, with the p-value of the chi-square test."""

    p_value: float
    expected: Mapping[str, float]

    @property
    def found(self) -> bool:
        """So unlikely by chance that something in the assignment or the counting must be broken."""
        return self.p_value < MISMATCH


def sample_ratio(people: Mapping[str, int], weights: Mapping[str, float]) -> Mismatch:
    """Compare the people seen per arm with the shares planned (sample ratio mismatch; Fabijan et al. 2019).

    Weights need not add up to 1 and must be positive; ValueError when the arms are not the same.
    """
    if set(people) != set(weights) or len(people) < 2 or min(weights.values()) <= 0:
        raise ValueError("Every arm needs people and a positive weight, and two arms are the least.")
    everybody, whole = sum(people.values()), math.fsum(weights.values())
    expected = {arm: everybody * weight / whole for arm, weight in weights.items()}
    if not everybody:
        return Mismatch(p_value=1.0, expected=expected)
    statistic = math.fsum((people[arm] - expected[arm]) ** 2 / expected[arm] for arm in people)
    return Mismatch(p_value=float(special.chdtrc(len(people) - 1, statistic)), expected=expected)


def holm(p_values: Sequence[float]) -> list[float]:
    """Answer the p-values adjusted for having asked so many questions (Holm 1979), in the order given."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = highest
    return adjusted
