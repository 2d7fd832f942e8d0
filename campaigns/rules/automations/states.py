"""The states of an automation, of its versions, and of somebody's way through it."""

from collections.abc import Mapping
from typing import Final

from django.db.models import TextChoices


class AutomationState(TextChoices):
    """Where an automation stands: a paused one lets nobody in and moves nobody on, but forgets nothing it hears."""

    DRAFT = "draft", "Draft"
    ACTIVE = "active", "Active"
    PAUSED = "paused", "Paused"
    ARCHIVED = "archived", "Archived"


class VersionState(TextChoices):
    """One version is live; a retired one has at most those who came in before."""

    DRAFT = "draft", "Draft"
    LIVE = "live", "Live"
    RETIRED = "retired", "Replaced"


class RunState(TextChoices):
    """Somebody's way: under way, over, or stopped at a step that failed until a person sees to it."""

    OPEN = "open", "Under way"
    FAILED = "failed", "Stopped at a failure"
    ENDED = "ended", "Over"


MOVES: Final[Mapping[str, frozenset[str]]] = {
    AutomationState.DRAFT: frozenset({AutomationState.ACTIVE, AutomationState.ARCHIVED}),
    AutomationState.ACTIVE: frozenset({AutomationState.PAUSED, AutomationState.ARCHIVED}),
    AutomationState.PAUSED: frozenset({AutomationState.ACTIVE, AutomationState.ARCHIVED}),
    AutomationState.ARCHIVED: frozenset(),
}


def may_become(before: str, after: str) -> bool:
    """Whether an automation may go from one state to the other."""
    return after in MOVES[before]
