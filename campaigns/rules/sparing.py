"""What was not sent on purpose, and what that saved: messages kept back by permission, lists, limits and goals."""

from collections.abc import Iterable, Mapping
from typing import Final

from campaigns.rules.deliveries import REASONS

KINDS: Final[Mapping[str, str]] = {
    "permission": "No permission: consent, restriction, erasure",
    "suppression": "On the suppression list",
    "limits": "Had enough messages",
    "goal": "Reached the goal, or left, before it was sent",
    "duplicate": "The same person twice",
}
"""Kinds of messages that were not sent because they should not be."""
_OF: Final[Mapping[str, str]] = {
    "suppressed": "suppression",
    "restricted": "permission",
    "deleted": "permission",
    "merged": "duplicate",
    "frequency_cap": "limits",
    "replaced": "limits",
    "goal_reached": "goal",
    "left_automation": "goal",
}


def kind_of(reason: str) -> str | None:
    """Which kind the reason of somebody left out belongs to; None where nothing was spared: no address, cancelled.

    Codes of consent decisions are not listed one by one: they are all of the kind `permission`.
    """
    if reason in _OF:
        return _OF[reason]
    return None if reason in REASONS else "permission"


def spared(reasons: Iterable[tuple[str, int]]) -> dict[str, int]:
    """People by kind, of the reasons of those left out and how many each kept back."""
    found: dict[str, int] = {}
    for reason, people in reasons:
        if kind := kind_of(reason):
            found[kind] = found.get(kind, 0) + people
    return found
