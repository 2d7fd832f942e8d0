"""Words and drawings of the experiment screens: states, values, intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from campaigns.rules.statistics.report import Arm, Comparison, Measure, Report
from campaigns.rules.statistics.verdicts import Decision, Verdict
from core.console import cells
from core.console.cells import State

VIEW: Final = "campaigns.view_experiment"
CHANGE: Final = "campaigns.change_experiment"
STATES: Final = {
    "draft": State("Draft", "idle"),
    "running": State("Running", "good"),
    "stopped": State("Stopped", "idle"),
}
VERDICTS: Final = {
    Verdict.BROKEN: State("Groups are wrong", "bad"),
    Verdict.UNMEASURED: State("Too few may be measured", "warn"),
    Verdict.TOO_EARLY: State("Too early", "info"),
    Verdict.BETTER: State("Better", "good"),
    Verdict.WORSE: State("Worse", "bad"),
    Verdict.UNDECIDED: State("No difference shown", "idle"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One comparison as it is drawn; positions of the interval are percentages of the width, 50 being no difference."""

    variant: str
    control: str
    treated: str
    uplift: str
    difference: str
    bounds: str
    chance: str
    p_value: str
    extra: str
    left: str
    width: str
    middle: str


def verdict_of(report: Report) -> str:
    """The state of the whole experiment in a word."""
    if not report.decisions:
        return cells.dot(State("Nobody yet", "idle"))
    order = list(VERDICTS)
    best = min(report.decisions.values(), key=lambda one: order.index(one.verdict))
    won = next((one for one in report.decisions.values() if one.verdict == Verdict.BETTER), best)
    broken = best if best.verdict in (Verdict.BROKEN, Verdict.UNMEASURED) else won
    return cells.dot(VERDICTS[broken.verdict])


def said(decision: Decision) -> tuple[str, str]:
    """The word and the sentence of a decision."""
    return cells.dot(VERDICTS[decision.verdict]), decision.text


def lines_of(report: Report) -> list[tuple[Measure, list[Line]]]:
    """The comparisons by measure, each measure with a scale of its own."""
    groups: dict[str, tuple[Measure, list[Comparison]]] = {}
    for one in report.comparisons:
        groups.setdefault(one.measure.key, (one.measure, []))[1].append(one)
    arms = {arm.key: arm for arm in report.arms}
    control = report.arms[0]
    return [(measure, _drawn(found, control, arms)) for measure, found in groups.values()]


def _drawn(found: Sequence[Comparison], control: Arm, arms: dict[str, Arm]) -> list[Line]:
    scale = max((abs(edge) for one in found for edge in _bounds(one)), default=0) or 1.0
    return [_line(one, control, arms[one.variant], scale) for one in found]


def _line(one: Comparison, control: Arm, arm: Arm, scale: float) -> Line:
    low, high = _bounds(one)
    relative, varies = one.difference.relative, bool(low or high)
    return Line(
        variant=arm.called.capitalize() or arm.key,
        control=level(control, one.measure),
        treated=level(arm, one.measure),
        uplift=f"{relative[0]:+.1%}".replace("%", " %") if relative else "",
        difference=points(one.difference.estimate, one.measure),
        bounds=f"{_figure(low, one.measure)} to {_figure(high, one.measure)}" if varies else cells.NOTHING,
        chance=_chance(one.belief.better) if varies else cells.NOTHING,
        p_value="< 0.001" if one.p_value < 0.001 else f"{one.p_value:.3f}",
        extra=_extra(one, varies),
        left=f"{50 + 48 * low / scale:.1f}%",
        width=f"{max(0.5, 48 * (high - low) / scale):.1f}%",
        middle=f"{50 + 48 * one.difference.estimate / scale:.1f}%",
    )


def _chance(share: float) -> str:
    """Never a certainty, which no figures give."""
    if share > 0.999:
        return "> 99.9 %"
    return "< 0.1 %" if share < 0.001 else f"{100 * share:.1f} %"


def _bounds(one: Comparison) -> tuple[float, float]:
    """Those that hold at every look when that was planned."""
    return (one.watched.low, one.watched.high) if one.watched else (one.difference.low, one.difference.high)


def level(arm: Arm, measure: Measure) -> str:
    """The share or the average of a group."""
    kept = arm.sums[measure.key]
    if not arm.measured:
        return ""
    if measure.is_amount:
        return f"{cells.money(kept.total / arm.measured, measure.currency)}"
    return f"{100 * kept.doers / arm.measured:.2f} %"


def _figure(value: float, measure: Measure) -> str:
    return f"{value if measure.is_amount else 100 * value:+.2f}"


def points(value: float, measure: Measure) -> str:
    """A difference in the unit of its measure."""
    if measure.is_amount:
        return f"{value:+.2f} {measure.currency} per person"
    return f"{100 * value:+.2f} percentage points"


def _extra(one: Comparison, varies: bool) -> str:
    """What else may be said; of amounts nothing while nobody has spent, since nought to nought claims to know."""
    parts = []
    if one.adjusted and varies:
        difference, removed = one.adjusted
        parts.append(
            f"Adjusted for what they did before (CUPED): {points(difference.estimate, one.measure)}, "
            f"{points(difference.low, one.measure)} to {points(difference.high, one.measure)}; "
            f"{100 * removed:.0f} % of the noise removed."
        )
    if one.incremental and varies:
        money = one.incremental
        parts.append(
            f"Revenue that would not have come without it: {cells.money(money.estimate, money.currency)} "
            f"({cells.money(money.low, money.currency)} to {cells.money(money.high, money.currency)})."
        )
    if one.extremes and one.extremes[1] - one.extremes[0] > 1e-9:
        low, high = one.extremes
        parts.append(
            f"If everybody who may not be measured had done the opposite: {points(low, one.measure)} to "
            f"{points(high, one.measure)}."
        )
    return " ".join(parts)
