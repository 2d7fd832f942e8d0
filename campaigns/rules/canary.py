"""The canary: whether the first messages did well enough for the others to follow."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from campaigns.rules.feedback import BOUNCES, Outcome

FEWEST: Final = 20
"""Of fewer messages a share says nothing: up to two bounces and no complaint are let pass."""


@dataclass(frozen=True, slots=True)
class First:
    """What is known of the first messages: how many left, bounced in any way, or were reported as spam."""

    messages: int
    bounced: int
    complained: int

    @classmethod
    def of(cls, *, sent: int, failed: int, outcomes: dict[str, int]) -> "First":
        """From the states and outcomes of their rows; a refusal at once is a bounce as well."""
        later = sum(outcomes.get(outcome, 0) for outcome in BOUNCES)
        return cls(sent + failed, max(failed, later), outcomes.get(Outcome.COMPLAINT, 0))


def trouble(first: First, *, bounces: Decimal, complaints: Decimal) -> str:
    """Why the others must not follow by themselves, in a sentence; '' when they may. Limits are percentages."""
    if not first.messages:
        return "None of the first messages could be sent."
    if first.messages < FEWEST:
        bad = first.bounced > 2 or first.complained > 0
    else:
        bad = first.bounced * 100 > bounces * first.messages or first.complained * 100 > complaints * first.messages
    return f"{told(first)} That is more than the limit." if bad else ""


def told(first: First) -> str:
    """The figures in a sentence."""
    return (
        f"Of the first {first.messages:,} messages {first.bounced:,} bounced and {first.complained:,} were reported "
        "as spam."
    )
