"""What automations listen for at a moment: read once for a batch, from the versions that are in use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from campaigns.models import AutomationVersion, Run
from campaigns.rules.automations.graph import Graph, kind_of, triggers
from campaigns.rules.automations.signals import Signal, fits
from campaigns.rules.automations.states import AutomationState, RunState, VersionState
from campaigns.selectors.automations.sources import recent_signals


@dataclass(slots=True)
class Listening:
    """Versions in use by id, the kinds of signals that they listen to, and the live ones by what begins them."""

    versions: dict[int, AutomationVersion]
    kinds: set[str] = field(default_factory=set)
    entries: dict[str, list[AutomationVersion]] = field(default_factory=dict)

    def graph(self, run: Run) -> Graph:
        """The graph in which a run is under way."""
        found: Graph = self.versions[run.version_id].graph
        return found

    def goal_of(self, run: Run, signal: Signal) -> bool:
        """Whether the signal is a goal of the run's version, reached since she came in."""
        goals = self.graph(run).get("goals", ())
        return signal.at >= run.entered_at and any(fits(goal, signal, run.key) for goal in goals)

    def awaited(self, run: Run, signal: Signal) -> bool:
        """Whether the run waits for this signal, and it came after she had begun to wait on her own clock."""
        step = self.graph(run)["steps"].get(run.step)
        if not run.awaits or step is None or signal.at < run.clock_at:
            return False
        return fits(step["for"], signal, run.key)


def listening() -> Listening:
    """Live versions, and replaced ones in which somebody is under way."""
    alive = (AutomationState.ACTIVE, AutomationState.PAUSED)
    rows = AutomationVersion.objects.filter(automation__state__in=alive).select_related("automation")
    used = Run.objects.exclude(state=RunState.ENDED).values("version_id")
    live, old = rows.filter(state=VersionState.LIVE), rows.filter(state=VersionState.RETIRED, pk__in=used)
    found = Listening({row.pk: row for row in [*live, *old]})
    for version in found.versions.values():
        found.kinds |= {kind_of(trigger) for _, trigger in triggers(version.graph)}
        starts = version.state == VersionState.LIVE and version.automation.state == AutomationState.ACTIVE
        if starts and version.graph["entry"]["on"] in ("event", "order", "segment"):
            found.entries.setdefault(kind_of(version.graph["entry"]), []).append(version)
    return found


def second_look(runs: list[Run], heard: Listening) -> dict[int, tuple[str, Signal]]:
    """Of these runs (by id) what their logs say now: `goal` reached, or `happened` for what she waits for.

    The follower tells the same, a moment later: nothing is done to anybody on the word of a moment ago.
    """
    since: dict[int, datetime] = {}
    kinds: set[str] = set()
    for run in runs:
        asked = _kinds_asked(run, heard.graph(run))
        if asked and run.customer_id:
            since[run.customer_id] = min(run.entered_at, since.get(run.customer_id, run.entered_at))
            kinds |= asked
    signals = recent_signals(since=since, kinds=kinds)
    found = {}
    for run in runs:
        if told := _told(run, signals.get(run.customer_id or 0, []), heard):
            found[run.pk] = told
    return found


def _kinds_asked(run: Run, graph: Mapping[str, Any]) -> set[str]:
    kinds = {kind_of(goal) for goal in graph.get("goals", ())}
    return kinds | {run.awaits} if run.awaits else kinds


def _told(run: Run, signals: list[Signal], heard: Listening) -> tuple[str, Signal] | None:
    for signal in signals:
        if heard.goal_of(run, signal):
            return "goal", signal
    return next((("happened", signal) for signal in signals if heard.awaited(run, signal)), None)
