"""What people, and machines on their behalf, do with a message: words, and the figures of many messages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import IntegerChoices, TextChoices


class Kind(TextChoices):
    """What was done."""

    OPEN = "open", "Opened"
    CLICK = "click", "Clicked"


class Verdict(IntegerChoices):
    """Who did it. They are in order: the best one counts for a message."""

    MACHINE = 1, "Machines only"
    UNCERTAIN = 2, "Perhaps a person"
    HUMAN = 3, "People"


@dataclass(frozen=True, slots=True)
class Tally:
    """Messages by the best verdict on what was done with them."""

    human: int = 0
    uncertain: int = 0
    machine: int = 0

    @property
    def everybody(self) -> int:
        """Machines included, as others count."""
        return self.human + self.uncertain + self.machine


@dataclass(frozen=True, slots=True)
class Reactions:
    """Figures of a campaign: `measured` are the messages sent to people who agreed to be measured.

    Shares are of those, never of all that were sent: nobody knows about the others.
    """

    measured: int = 0
    opened: Tally = field(default_factory=Tally)
    clicked: Tally = field(default_factory=Tally)

    def share(self, messages: int) -> float | None:
        """So many of the measured ones, from 0 to 1; None when nothing was measured."""
        return messages / self.measured if self.measured else None

    def as_dict(self) -> dict[str, Any]:
        """As partners read it, and as it is kept when the rows are gone."""
        found: dict[str, Any] = {"measured": self.measured}
        for name, tally in (("opened", self.opened), ("clicked", self.clicked)):
            counts = {"human": tally.human, "uncertain": tally.uncertain, "machine": tally.machine}
            rates = {"human_rate": self.share(tally.human), "all_rate": self.share(tally.everybody)}
            found[name] = counts | rates
        return found


def add_up(rows: Iterable[tuple[int | None, int | None, int]], kept: Mapping[str, Any]) -> Reactions:
    """The figures from (best verdict on opening, on clicking, messages), and from what `as_dict` kept."""
    counts: dict[str, dict[int, int]] = {"opened": {}, "clicked": {}}
    measured = int(kept.get("measured", 0))
    for opened, clicked, messages in rows:
        measured += messages
        for name, verdict in (("opened", opened), ("clicked", clicked)):
            if verdict:
                counts[name][verdict] = counts[name].get(verdict, 0) + messages
    return Reactions(measured, _tally(counts["opened"], kept, "opened"), _tally(counts["clicked"], kept, "clicked"))


def _tally(counts: Mapping[int, int], kept: Mapping[str, Any], name: str) -> Tally:
    before = kept.get(name, {})
    human, uncertain, machine = (
        counts.get(verdict, 0) + int(before.get(verdict.name.lower(), 0))
        for verdict in (Verdict.HUMAN, Verdict.UNCERTAIN, Verdict.MACHINE)
    )
    return Tally(human, uncertain, machine)
