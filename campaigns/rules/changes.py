"""Decisions about many messages at once: which rows follow, and what becomes of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from django.db.models import TextChoices

from campaigns.rules.deliveries import DeliveryState
from campaigns.rules.pilots import REASON as PILOT

CANARY: Final = "canary"
"""Said of whoever waits until the first messages have proven themselves."""


class What(TextChoices):
    """What was decided, in the words of a progress bar."""

    CANCEL = "cancel", "Being left out"
    LET_GO = "let_go", "Joining the queue after the first messages"
    PROMOTE = "promote", "Joining the queue after the pilot"
    UNSENT = "unsent", "Joining the queue again"
    UNSENT_UNKNOWN = "unsent_unknown", "Joining the queue again, also with an unknown outcome"


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows that answer one of `which` (a state and further conditions) follow; `becomes` is what they are then.

    With `queues` they are due from the moment of the decision. `looks_back`: the decision is about every such row,
    also one behind the place that was reached. Not so when it is about those who failed until then: a row that has
    followed, was sent and failed once more must not follow again.
    """

    which: Sequence[Mapping[str, Any]]
    becomes: Mapping[str, Any]
    queues: bool = True
    looks_back: bool = False

    def values(self, decided_at: datetime) -> dict[str, Any]:
        """The new values of a row."""
        return {**self.becomes, **({"due_at": decided_at} if self.queues else {})}


_KNOWN: Final = {"customer__isnull": False}
_HELD: Final = {"state": DeliveryState.HELD_OUT, "reason": PILOT, **_KNOWN}
_FAILED: Final = {"state": DeliveryState.FAILED, **_KNOWN}
_UNKNOWN: Final = {"state": DeliveryState.UNKNOWN, **_KNOWN}
_OPEN: Final = ({"state": DeliveryState.QUEUED}, {"state": DeliveryState.CLAIMED})
_QUEUED: Final = {"state": DeliveryState.QUEUED, "reason": ""}
_AGAIN: Final = {
    **_QUEUED,
    "attempts": 0,
    "claimed_at": None,
    "outcome": "",
    "outcome_code": "",
    "outcome_at": None,
}
_LEFT_OUT: Final = {"state": DeliveryState.SKIPPED, "reason": "cancelled", "claimed_at": None}
_RULES: Final[Mapping[str, Rule]] = {
    What.CANCEL: Rule(_OPEN, _LEFT_OUT, queues=False, looks_back=True),
    What.LET_GO: Rule([{"state": DeliveryState.QUEUED, "reason": CANARY}], _QUEUED, looks_back=True),
    What.PROMOTE: Rule([_HELD], _QUEUED, looks_back=True),
    What.UNSENT: Rule([_FAILED], _AGAIN),
    What.UNSENT_UNKNOWN: Rule([_FAILED, _UNKNOWN], _AGAIN),
}


def rule_of(what: str, *, promoted: bool) -> Rule:
    """The rule of a decision. Cancelling a promoted pilot is also about those whom the promotion had not reached."""
    rule = _RULES[what]
    return replace(rule, which=[*rule.which, _HELD]) if what == What.CANCEL and promoted else rule
