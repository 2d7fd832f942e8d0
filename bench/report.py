"""Rounds, medians, ratios, and the table that `make bench` prints."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Contender:
    """One way to do the job: its name and a function that does a round and answers (figure, p95 in ms)."""

    name: str
    run: Callable[[], tuple[float, float]]


@dataclass(frozen=True)
class Line:
    """Median, lowest and highest figure of one contender over all rounds, and the median p95."""

    name: str
    unit: str
    figures: tuple[float, ...]
    p95s: tuple[float, ...]

    @property
    def median(self) -> float:
        """The figure to quote."""
        return statistics.median(self.figures)


def rounds_of(contenders: Sequence[Contender], unit: str, rounds: int) -> list[Line]:
    """Run all contenders in turn, round after round, so that a drifting machine hits all alike."""
    figures: dict[str, list[float]] = {c.name: [] for c in contenders}
    p95s: dict[str, list[float]] = {c.name: [] for c in contenders}
    for number in range(rounds):
        order = contenders if number % 2 == 0 else tuple(reversed(contenders))
        for contender in order:
            figure, p95 = contender.run()
            figures[contender.name].append(figure)
            p95s[contender.name].append(p95)
    return [Line(c.name, unit, tuple(figures[c.name]), tuple(p95s[c.name])) for c in contenders]


def table(title: str, lines: Sequence[Line], goals: Sequence[tuple[str, str, float]]) -> str:
    """The lines, then for each goal (ours, other, least ratio) the ratio by round medians and whether it holds."""
    by_name = {line.name: line for line in lines}
    out = [f"## {title}", f"| what | median {lines[0].unit} | min | max | p95 ms |", "|---|---|---|---|---|"]
    out += [
        f"| {line.name} | {line.median:,.0f} | {min(line.figures):,.0f} | {max(line.figures):,.0f} "
        f"| {statistics.median(line.p95s):.1f} |"
        for line in lines
    ]
    for ours, other, least in goals:
        ratios = [a / b for a, b in zip(by_name[ours].figures, by_name[other].figures, strict=True) if b]
        median = statistics.median(ratios)
        verdict = "holds" if median >= least else "MISSED"
        out.append(
            f"ratio {ours} / {other}: {median:.2f} ({min(ratios):.2f} to {max(ratios):.2f}), goal {least}: {verdict}"
        )
    return "\n".join(out)
