"""How large and how long an experiment must be, and what a given number of people can show."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from campaigns.rules.statistics.power import (
    days_needed,
    people_for_amounts,
    people_for_shares,
    power_for_amounts,
    power_for_shares,
    smallest_uplift,
)
from core.errors import InvalidInput

POWERS: Final = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
_MOST: Final = 10**9
_LEAST: Final = 0.001
_BOUNDS: Final[Mapping[str, tuple[float, float]]] = {
    "power": (0.5, 0.999),
    "level": (0.0001, 0.5),
    "groups": (2, 8),
    "uplift": (-0.99, 1_000),
    "per_day": (2, _MOST),
    "people": (2, _MOST),
}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: a share (`baseline` from 0 to 1) or an average amount with its standard deviation.

    `uplift` is relative to the baseline; `groups` counts the control. With several variants each is judged at a level
    divided by their number, which is never less strict than Holm's correction.
    """

    baseline: float
    uplift: float
    deviation: float | None = None
    power: float = 0.8
    level: float = 0.05
    groups: int = 2
    per_day: int | None = None
    people: int | None = None

    @property
    def alpha(self) -> float:
        """The level at which each variant is judged."""
        return self.level / (self.groups - 1)


@dataclass(frozen=True, slots=True)
class Plan:
    """People in each group and in all, days in whole weeks, the curve of power by people, what `people` can show."""

    per_group: int
    in_all: int
    days: int | None
    curve: tuple[tuple[int, float], ...]
    power: float | None
    smallest: float | None


def plan(question: Question) -> Plan:
    """The answer; InvalidInput beside the field for a question without one."""
    _check(question)
    needed = _needed(question, question.power)
    per_group = math.ceil(needed)
    days = days_needed(needed, arms=question.groups, per_day=question.per_day) if question.per_day else None
    people = question.people
    return Plan(
        per_group=per_group,
        in_all=per_group * question.groups,
        days=days,
        curve=tuple((math.ceil(_needed(question, power)), power) for power in POWERS),
        power=_power(question, people) if people else None,
        smallest=_smallest(question, people) if people else None,
    )


def _needed(question: Question, power: float) -> float:
    if question.deviation is None:
        treated = question.baseline * (1 + question.uplift)
        return people_for_shares(question.baseline, treated, power=power, alpha=question.alpha)
    difference = question.baseline * question.uplift
    return people_for_amounts(difference, question.deviation, power=power, alpha=question.alpha)


def _power(question: Question, people: int) -> float:
    if question.deviation is None:
        treated = question.baseline * (1 + question.uplift)
        return power_for_shares(question.baseline, treated, people=people, alpha=question.alpha)
    difference = question.baseline * question.uplift
    return power_for_amounts(difference, question.deviation, people=people, alpha=question.alpha)


def _smallest(question: Question, people: int) -> float | None:
    if question.deviation is not None:
        return None
    return smallest_uplift(question.baseline, people=people, power=question.power, alpha=question.alpha)


def _check(question: Question) -> None:
    if question.deviation is None:
        _check_share(question)
    elif question.deviation <= 0 or question.baseline <= 0:
        raise InvalidInput("Invalid 'deviation': amounts and their deviation are above zero.", param="deviation")
    if abs(question.uplift) < _LEAST:
        raise InvalidInput("Invalid 'uplift': at least a thousandth, up or down.", param="uplift")
    for name, (low, high) in _BOUNDS.items():
        value = getattr(question, name)
        if value is not None and not low <= value <= high:
            raise InvalidInput(f"Invalid '{name}': send {low} to {high:,}.", param=name)


def _check_share(question: Question) -> None:
    if not 0 < question.baseline < 1:
        raise InvalidInput("Invalid 'baseline': a share lies between 0 and 1.", param="baseline")
    if not 0 < question.baseline * (1 + question.uplift) < 1:
        raise InvalidInput("Invalid 'uplift': the share would leave 0 to 1.", param="uplift")
