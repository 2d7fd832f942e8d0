"""What an automation would have done: one person's signals of a stretch of time walked through a graph, in the head.

Nothing is read or written here; the same words for what becomes of steps are used as when it happens.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from campaigns.rules.assignment import assign
from campaigns.rules.automations.delays import ends_at
from campaigns.rules.automations.entering import Before, why_not
from campaigns.rules.automations.graph import Graph, Step, StepType
from campaigns.rules.automations.signals import Signal, fits, key_of

MOST_STEPS: Final = 1_000
_DONE: Final[Mapping[str, str]] = {StepType.TAG: "tagged", StepType.WEBHOOK: "told", StepType.OFFER: "code"}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as she is now: why she may not be written to ('' when she may), and at which splits the rule holds."""

    public_id: str
    zone: ZoneInfo
    refused: str = ""
    held: bool = False
    holds: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Beginning:
    """One time of coming in, and what it is about."""

    at: datetime
    key: str = ""


@dataclass(slots=True)
class Tally:
    """What was counted: how people came in or not, how each step went (step, outcome), messages, how ways ended."""

    people: int = 0
    entered: int = 0
    would_send: int = 0
    kept_out: Counter[str] = field(default_factory=Counter)
    went: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)

    def answer(self) -> dict[str, Any]:
        """As JSON; `steps` by step and outcome, `reached` among them."""
        steps: dict[str, dict[str, int]] = {}
        for (step, outcome), times in sorted(self.went.items()):
            steps.setdefault(step, {})[outcome] = times
        return {
            "people": self.people,
            "entered": self.entered,
            "kept_out": dict(self.kept_out.most_common()),
            "would_send": self.would_send,
            "refused": dict(self.refused.most_common()),
            "steps": steps,
            "ends": dict(self.ends.most_common()),
        }


class Player:
    """Plays people through one graph as it would have gone until `until`; `seed` is the automation's public id."""

    def __init__(self, *, graph: Graph, seed: str, until: datetime) -> None:
        self.tally = Tally()
        self._graph, self._seed, self._until = graph, seed, until

    def play(self, person: Person, beginnings: Iterable[Beginning], signals: Sequence[Signal]) -> None:
        """Count what would have become of one person; beginnings and signals oldest first."""
        self.tally.people += 1
        ends: list[datetime] = []
        latest: datetime | None = None
        for beginning in beginnings:
            before = Before(sum(end > beginning.at for end in ends), latest)
            if reason := why_not(self._graph, before, at=beginning.at, now=beginning.at):
                self.tally.kept_out[reason] += 1
                continue
            self.tally.entered += 1
            latest = beginning.at
            ends.append(_Way(self, person, beginning, signals).walk())

    def begins(self, signals: Iterable[Signal]) -> list[Beginning]:
        """The signals that let somebody in."""
        entry = self._graph["entry"]
        return [Beginning(one.at, key_of(entry, one)) for one in signals if fits(entry, one)]

    @property
    def graph(self) -> Graph:
        """What is played."""
        return self._graph

    @property
    def seed(self) -> str:
        """The seed of random splits."""
        return self._seed

    @property
    def until(self) -> datetime:
        """Where the play ends."""
        return self._until


class _Way:
    """One person's way from one beginning."""

    def __init__(self, player: Player, person: Person, beginning: Beginning, signals: Sequence[Signal]) -> None:
        self._player, self._person, self._key = player, person, beginning.key
        self._clock = beginning.at
        self._signals = [one for one in signals if beginning.at <= one.at <= player.until]
        goals = player.graph.get("goals", ())
        reached = (one.at for one in self._signals if any(fits(goal, one, self._key) for goal in goals))
        self._goal = next(reached, None)

    def walk(self) -> datetime:
        """Count the steps; answers when the way was over, or a moment behind the play for one still under way."""
        step: str | None = self._player.graph["start"]
        for _ in range(MOST_STEPS):
            if step is None:
                return self._end("finished")
            if self._goal is not None and self._goal <= self._clock:
                return self._arrived()
            self._count(step, "reached")
            there = step
            step, end = self._through(there, self._player.graph["steps"][there])
            if self._goal is not None and self._goal <= end:
                return self._arrived()
            if end > self._player.until:
                self._count(there, "still_here")
                self._end("")
                return end
            self._clock = end
        return self._end("too_many_steps")

    def _arrived(self) -> datetime:
        self._clock = self._goal or self._clock
        return self._end("goal")

    def _end(self, ending: str) -> datetime:
        self._player.tally.ends[ending or "under_way"] += 1
        return self._clock

    def _count(self, step: str, outcome: str) -> None:
        self._player.tally.went[step, outcome] += 1

    def _through(self, key: str, step: Step) -> tuple[str | None, datetime]:
        """The next step and when she gets there."""
        kind = step["type"]
        if kind == StepType.WAIT:
            return step.get("next"), ends_at(self._clock, step, self._person.zone)
        if kind == StepType.WAIT_FOR:
            return self._awaited(key, step)
        if kind == StepType.SPLIT:
            way = "yes" if key in self._person.holds else "no"
            self._count(key, way)
            return step.get(way), self._clock
        if kind == StepType.AB:
            return self._chosen(key, step), self._clock
        if kind != StepType.EXIT:
            self._act(key, kind)
        return step.get("next"), self._clock

    def _awaited(self, key: str, step: Step) -> tuple[str | None, datetime]:
        end = ends_at(self._clock, step["timeout"], self._person.zone)
        came = (one.at for one in self._signals if self._clock <= one.at <= end and fits(step["for"], one, self._key))
        at = next(came, None)
        if at is not None:
            self._count(key, "happened")
            return step.get("next"), at
        if end <= self._player.until:
            self._count(key, "timeout")
        return step.get("otherwise"), end

    def _chosen(self, key: str, step: Step) -> str | None:
        branches = step["branches"]
        total = sum(branch["weight"] for branch in branches)
        shares = [branch["weight"] / total for branch in branches]
        number = assign(f"{self._player.seed}:{key}", self._person.public_id, weights=shares)
        branch = branches[len(branches) - 1 if number is None else number]
        self._count(key, f"branch {branch['key']}")
        to: str | None = branch.get("next")
        return to

    def _act(self, key: str, kind: str) -> None:
        if self._person.held and kind != StepType.TAG:
            self._count(key, "held_out")
        elif kind != StepType.SEND:
            self._count(key, _DONE[kind])
        elif self._person.refused:
            self._count(key, "refused")
            self._player.tally.refused[self._person.refused] += 1
        else:
            self._count(key, "would_send")
            self._player.tally.would_send += 1
