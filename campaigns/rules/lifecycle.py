"""The states of a campaign, which may follow which, and what people can do in each."""

from collections.abc import Mapping
from typing import Final

from django.db.models import TextChoices


class State(TextChoices):
    """Where a campaign stands. `completed` is true only when nobody of its audience is left open."""

    DRAFT = "draft", "Draft"
    IN_REVIEW = "in_review", "In review"
    APPROVED = "approved", "Approved"
    SCHEDULED = "scheduled", "Scheduled"
    BUILDING_AUDIENCE = "building_audience", "Building audience"
    SENDING = "sending", "Sending"
    PAUSED = "paused", "Paused"
    COMPLETED = "completed", "Completed"
    COMPLETED_WITH_GAPS = "completed_with_gaps", "Completed with gaps"
    CANCELLED = "cancelled", "Cancelled"
    FAILED = "failed", "Failed"
    ARCHIVED = "archived", "Archived"


MOVES: Final[Mapping[str, frozenset[str]]] = {
    State.DRAFT: frozenset({State.IN_REVIEW, State.ARCHIVED}),
    State.IN_REVIEW: frozenset({State.DRAFT, State.APPROVED}),
    State.APPROVED: frozenset({State.DRAFT, State.SCHEDULED, State.BUILDING_AUDIENCE, State.CANCELLED}),
    State.SCHEDULED: frozenset({State.APPROVED, State.BUILDING_AUDIENCE, State.CANCELLED}),
    State.BUILDING_AUDIENCE: frozenset({State.SENDING, State.FAILED, State.CANCELLED}),
    State.SENDING: frozenset({State.PAUSED, State.COMPLETED, State.COMPLETED_WITH_GAPS, State.CANCELLED}),
    State.PAUSED: frozenset({State.SENDING, State.CANCELLED}),
    State.COMPLETED: frozenset({State.ARCHIVED}),
    State.COMPLETED_WITH_GAPS: frozenset({State.SENDING, State.ARCHIVED}),
    State.CANCELLED: frozenset({State.ARCHIVED}),
    State.FAILED: frozenset({State.DRAFT, State.ARCHIVED}),
    State.ARCHIVED: frozenset(),
}
"""The law, also kept by a trigger of the database."""

CHANGEABLE: Final = frozenset({State.DRAFT})
"""What was approved is what is sent: words and audience change in drafts only."""

RUNNING: Final = frozenset({State.BUILDING_AUDIENCE, State.SENDING})
ENDED: Final = frozenset({State.COMPLETED, State.COMPLETED_WITH_GAPS, State.CANCELLED, State.FAILED, State.ARCHIVED})


def may_become(before: str, after: str, *, promoted: bool = False) -> bool:
    """Whether a campaign may go from one state to the other; a completed pilot sends again when it is promoted."""
    return after in MOVES[before] or (promoted and (before, after) == (State.COMPLETED, State.SENDING))


def why_not(before: str, after: str) -> str:
    """The sentence of a refused move: what it is now, and from where it could."""
    sources = [State(state).label.lower() for state, targets in MOVES.items() if after in targets]
    return (
        f"This campaign is {State(before).label.lower()}; only one that is {' or '.join(sources)} can become "
        f"{State(after).label.lower()}."
    )
