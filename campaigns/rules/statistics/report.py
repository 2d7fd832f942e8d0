"""The whole report of an experiment from the sums of its groups: every comparison, every check, every sentence."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from campaigns.rules.statistics.amounts import Incremental, compare_amounts, incremental_revenue
from campaigns.rules.statistics.bayes import Belief, believe_amounts, believe_shares
from campaigns.rules.statistics.checks import MISMATCH, Mismatch, holm, sample_ratio
from campaigns.rules.statistics.power import people_for_shares
from campaigns.rules.statistics.samples import Amounts, Difference, Share
from campaigns.rules.statistics.sequential import AlwaysValid, scale_for, watch
from campaigns.rules.statistics.shares import compare_shares, equal_shares, spread
from campaigns.rules.statistics.verdicts import Decision, Verdict, decide

MEASURED_LEAST: Final = 0.5
"""No claim is made when less than half of a group may be measured."""
_CENT: Final = Decimal("0.01")
PEOPLE_LEAST: Final = 100
"""The smallest group that is judged when results may be looked at at any time."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What the measured people of one group did: how many did it at all, and sums over all of them.

    `total` and `squares` are over each person's amount in the window after the first exposure, `before` and
    `before_squares` over the amount in a window as long before it, `product` over the two multiplied.
    """

    doers: int = 0
    total: Decimal = Decimal(0)
    squares: float = 0.0
    before: float = 0.0
    before_squares: float = 0.0
    product: float = 0.0


@dataclass(frozen=True, slots=True)
class Arm:
    """One group: people shown it, how many of them may be measured, and what those did, by measure.

    `called` is what sentences call it when its key is no word for people.
    """

    key: str
    weight: float
    people: int
    measured: int
    sums: Mapping[str, Sums]
    called: str = ""

    @property
    def name(self) -> str:
        """What a sentence begins with."""
        return self.called or f"Variant {self.key}"

    @property
    def coverage(self) -> float | None:
        """The share that may be measured; None for an empty group."""
        return self.measured / self.people if self.people else None


@dataclass(frozen=True, slots=True)
class Measure:
    """What is compared: a share of people, or an amount per person with its currency."""

    key: str
    label: str
    is_amount: bool
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What was fixed before the first look: people wanted in each group, and whether every look counts."""

    people: int
    every_look: bool
    alpha: float = 0.05


@dataclass(frozen=True, slots=True)
class Comparison:
    """One variant against control in one measure.

    `p_value` is the one to judge by: valid at every look if that was planned, then corrected for the number of
    comparisons (Holm). `adjusted` takes out what the people did before (CUPED), with the variance that removes.
    `extremes` are the bounds of the difference if everybody who may not be measured had done the opposite.
    """

    variant: str
    measure: Measure
    difference: Difference
    watched: AlwaysValid | None
    belief: Belief
    p_value: float
    adjusted: tuple[Difference, float] | None = None
    incremental: Incremental | None = None
    extremes: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Everything an experiment says; `decisions` by variant are about the first measure."""

    arms: Sequence[Arm]
    mismatch: Mismatch | None
    consent_loss: float | None
    comparisons: Sequence[Comparison]
    decisions: Mapping[str, Decision]

    @property
    def winner_blocked(self) -> bool:
        """Whether no winner may be declared whatever the figures say, because the groups are not what was planned."""
        return self.mismatch is None or self.mismatch.found


def report(arms: Sequence[Arm], measures: Sequence[Measure], plan: Plan) -> Report:
    """Judge every variant against the first in every measure; no comparisons while a group has nobody to measure."""
    mismatch = (
        sample_ratio({arm.key: arm.people for arm in arms}, {arm.key: arm.weight for arm in arms})
        if any(arm.people for arm in arms)
        else None
    )
    if mismatch is None or any(arm.measured < 2 for arm in arms):
        return Report(arms, mismatch, None, (), {})
    loss = equal_shares([Share(arm.measured, arm.people) for arm in arms])[2]
    control, *others = arms
    found = [_compare(control, arm, measure, plan) for measure in measures for arm in others]
    corrected = holm([one.p_value for one in found])
    judged = [replace(one, p_value=p_value) for one, p_value in zip(found, corrected, strict=True)]
    first = {one.variant: one for one in judged if one.measure == measures[0]}
    decisions = {arm.key: _decide(control, arm, first[arm.key], mismatch, loss, plan) for arm in others}
    return Report(arms, mismatch, loss, judged, decisions)


def _compare(control: Arm, arm: Arm, measure: Measure, plan: Plan) -> Comparison:
    if measure.is_amount:
        return _of_amounts(control, arm, measure, plan)
    one, other = share_of(control, measure.key), share_of(arm, measure.key)
    difference = compare_shares(one, other)
    watched = _watched(difference.estimate, spread(one, other), min(control.measured, arm.measured), plan)
    return Comparison(
        variant=arm.key,
        measure=measure,
        difference=difference,
        watched=watched,
        belief=believe_shares(one, other),
        p_value=watched.p_value if watched else difference.p_value,
        extremes=_extremes(control, arm, measure.key),
    )


def _of_amounts(control: Arm, arm: Arm, measure: Measure, plan: Plan) -> Comparison:
    one, other = amounts_of(control, measure.key), amounts_of(arm, measure.key)
    difference = compare_amounts(one, other)
    variance = one.variance / one.people + other.variance / other.people
    watched = _watched(difference.estimate, variance, min(control.measured, arm.measured), plan)
    money = incremental_revenue(one, other, currency=measure.currency) if measure.currency else None
    if money and watched:
        money = replace(money, low=_of_all(watched.low, other), high=_of_all(watched.high, other))
    return Comparison(
        variant=arm.key,
        measure=measure,
        difference=difference,
        watched=watched,
        belief=believe_amounts(one, other),
        p_value=watched.p_value if watched else difference.p_value,
        adjusted=_adjusted(control, arm, measure.key),
        incremental=money,
    )


def _of_all(per_person: float, group: Amounts) -> Decimal:
    """The bound of one person's difference for everybody in the group, to the cent."""
    return (Decimal(repr(per_person)) * group.people).quantize(_CENT, rounding=ROUND_HALF_EVEN)


def share_of(arm: Arm, measure: str) -> Share:
    """The measured people of a group who did it."""
    return Share(arm.sums[measure].doers, arm.measured)


def amounts_of(arm: Arm, measure: str) -> Amounts:
    """The amounts of the measured people of a group."""
    kept = arm.sums[measure]
    return Amounts.from_sums(people=arm.measured, total=float(kept.total), squares=kept.squares)


def _watched(estimate: float, variance: float, people: int, plan: Plan) -> AlwaysValid | None:
    """The judgement that holds at every look, sharpest when the planned number of people is reached."""
    if not plan.every_look or variance <= 0:
        return None
    return watch(estimate, variance, scale=scale_for(variance * people / plan.people, plan.alpha), alpha=plan.alpha)


def _adjusted(control: Arm, arm: Arm, measure: str) -> tuple[Difference, float] | None:
    """The difference without what the amounts before foretell (CUPED, from sums); None when they foretell nothing."""
    one, other = control.sums[measure], arm.sums[measure]
    people = control.measured + arm.measured
    before, total = one.before + other.before, float(one.total + other.total)
    known = one.before_squares + other.before_squares - before**2 / people
    if known <= 0:
        return None
    theta = (one.product + other.product - before * total / people) / known
    kept = [_without(group, sums, theta, before / people) for group, sums in ((control, one), (arm, other))]
    variance = one.squares + other.squares - total**2 / people
    removed = theta**2 * known / variance if variance > 0 else 0.0
    return compare_amounts(*kept), removed


def _without(group: Arm, sums: Sums, theta: float, average: float) -> Amounts:
    people, total = group.measured, float(sums.total)
    of_after = sums.squares - total**2 / people
    of_before = sums.before_squares - sums.before**2 / people
    of_both = sums.product - total * sums.before / people
    squares = of_after - 2 * theta * of_both + theta**2 * of_before
    mean = total / people - theta * (sums.before / people - average)
    return Amounts(people=people, mean=mean, variance=max(0.0, squares / (people - 1)))


def _extremes(control: Arm, arm: Arm, measure: str) -> tuple[float, float]:
    """The bounds of the difference of shares whatever the people did who may not be measured (Manski 1990)."""

    def bounds(one: Arm) -> tuple[float, float]:
        doers = one.sums[measure].doers
        return doers / one.people, (doers + one.people - one.measured) / one.people

    (low, high), (other_low, other_high) = bounds(control), bounds(arm)
    return other_low - high, other_high - low


def _decide(control: Arm, arm: Arm, one: Comparison, mismatch: Mismatch, consent_loss: float, plan: Plan) -> Decision:
    problem = _unmeasured(control, arm, consent_loss)
    if problem and not mismatch.found:
        return Decision(Verdict.UNMEASURED, problem, may_declare=False)
    difference = one.difference
    if one.watched:
        difference = replace(difference, low=one.watched.low, high=one.watched.high)
    return decide(
        name=arm.name,
        measure=one.measure.label.lower(),
        difference=difference,
        p_value=one.p_value,
        belief=one.belief,
        mismatch=mismatch,
        people=(control.measured, arm.measured),
        needed=min(PEOPLE_LEAST, plan.people) if plan.every_look else plan.people,
        alpha=plan.alpha,
    )


def _unmeasured(control: Arm, arm: Arm, consent_loss: float) -> str:
    called = arm.called or f"variant {arm.key}"
    least = min(control.coverage or 0.0, arm.coverage or 0.0)
    if least < MEASURED_LEAST:
        return (
            f"Nothing can be said of {called}: only {least:.0%} of a group may be measured. The others did "
            "not allow it, and they may behave differently."
        )
    if consent_loss < MISMATCH:
        return (
            f"Do not judge {called} by these figures: the groups lost different shares of people to missing "
            "consent, and that happens by chance less than once in a thousand times. Who is left is not comparable."
        )
    return ""


def people_wanted(baseline: float, uplift: float, *, power: float = 0.8, alpha: float = 0.05) -> int:
    """People per group to find that relative uplift of a share, rounded up."""
    return math.ceil(people_for_shares(baseline, baseline * (1 + uplift), power=power, alpha=alpha))
