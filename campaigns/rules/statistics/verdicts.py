"""What an experiment says, in words a marketer can act on, and whether a winner may be declared."""

from dataclasses import dataclass
from enum import StrEnum

from campaigns.rules.statistics.bayes import Belief
from campaigns.rules.statistics.checks import Mismatch
from campaigns.rules.statistics.samples import Difference


class Verdict(StrEnum):
    """What can be said about a variant against control."""

    BROKEN = "broken"
    UNMEASURED = "unmeasured"
    TOO_EARLY = "too_early"
    BETTER = "better"
    WORSE = "worse"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Decision:
    """The verdict, the sentence that explains it, and whether the winner button is there."""

    verdict: Verdict
    text: str
    may_declare: bool


def decide(
    *,
    name: str,
    measure: str,
    difference: Difference,
    p_value: float,
    belief: Belief,
    mismatch: Mismatch,
    people: tuple[int, int],
    needed: float,
    alpha: float = 0.05,
) -> Decision:
    """Say what the figures of one variant allow to be said of it against control.

    `p_value` is the one to judge by: corrected for several variants, or valid at every look. `people` are those of
    control and of the variant, `needed` how many each should have. A sample ratio mismatch comes before everything:
    figures of arms that were filled wrongly mean nothing, however convincing they look. Where everybody did the same,
    as before the first purchase, nothing varies and no bound can be given: that is too early, not no difference.
    """
    if mismatch.found:
        return Decision(Verdict.BROKEN, _broken(mismatch), may_declare=False)
    if min(people) < needed:
        return Decision(Verdict.TOO_EARLY, _too_early(name, min(people), needed), may_declare=False)
    if difference.low == difference.high == 0:
        return Decision(Verdict.TOO_EARLY, _alike(name, measure), may_declare=False)
    if p_value >= alpha:
        return Decision(Verdict.UNDECIDED, _undecided(name, measure, difference), may_declare=False)
    better = difference.estimate > 0
    text = _certain(name, measure, difference, p_value, belief)
    return Decision(Verdict.BETTER if better else Verdict.WORSE, text, may_declare=better)


def _broken(mismatch: Mismatch) -> str:
    return (
        "Do not read these results. The groups do not have the sizes they were planned with, and that happens by "
        f"chance less than once in {round(1 / max(mismatch.p_value, 1e-9)):,} times: something assigns or counts "
        "people wrongly. Find that first; no winner can be declared until then."
    )


def _too_early(name: str, people: int, needed: float) -> str:
    return (
        f"Too early to judge {name}: the smallest group has {people:,} of the {round(needed):,} people it needs. "
        "What you see now can still turn round."
    )


def _alike(name: str, measure: str) -> str:
    return (
        f"Too early to judge {name}: so far everybody in both groups has the same in {measure}, mostly because nothing "
        "has happened yet. Nothing can be said of a difference before that changes."
    )


def _undecided(name: str, measure: str, difference: Difference) -> str:
    return (
        f"No difference was shown between {name} and control in {measure}. If there is one, it lies between "
        f"{_signed(difference, difference.low)} and {_signed(difference, difference.high)}. "
        "Keep control, or test a bolder change."
    )


def _certain(name: str, measure: str, difference: Difference, p_value: float, belief: Belief) -> str:
    word = "better" if difference.estimate > 0 else "worse"
    first = name[:1].upper() + name[1:]
    chance = belief.better if difference.estimate > 0 else 1 - belief.better
    uplift = f", {difference.relative[0]:+.0%} against control" if difference.relative else ""
    return (
        f"{first} is {word} than control in {measure}: {_signed(difference, difference.estimate)}{uplift}. "
        f"With 95 % confidence the difference lies between {_signed(difference, difference.low)} and "
        f"{_signed(difference, difference.high)}. The chance that {name} is really {word} is "
        f"{_chance(chance)} (p {_small(p_value)})."
    )


def _signed(difference: Difference, value: float) -> str:
    if difference.method.startswith("two-proportion"):
        return f"{value * 100:+.2f} percentage points"
    return f"{value:+.2f} per person"


def _chance(value: float) -> str:
    return "over 99.9 %" if value > 0.999 else f"{value:.1%}".replace("%", " %")


def _small(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"
