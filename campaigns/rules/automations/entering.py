"""Whether somebody comes in (again), and whether what happened is too old to begin anything."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from campaigns.rules.automations.graph import Reentry

TOO_OLD: Final = timedelta(days=1)
"""What happened longer ago than this when it is heard of begins nothing: imported history writes to nobody."""


@dataclass(frozen=True, slots=True)
class Before:
    """What is known of somebody's earlier times in an automation."""

    open: int = 0
    entered_at: datetime | None = None


def falls_on(value: date, day: date, yearly: bool) -> bool:
    """Whether a date of a profile falls on this day; born on 29 February, it is the 28th in other years."""
    if not yearly:
        return value == day
    leap = day.year % 4 == 0 and (day.year % 100 != 0 or day.year % 400 == 0)
    same = (value.month, value.day) == (day.month, day.day)
    moved = (value.month, value.day) == (2, 29) and (day.month, day.day) == (2, 28) and not leap
    return value < day and (same or moved)


def policy_of(graph: Mapping[str, Any]) -> Mapping[str, Any]:
    """The re-entry policy; never, unless the graph says otherwise."""
    policy: Mapping[str, Any] = graph.get("reentry") or {"policy": Reentry.NEVER.value}
    return policy


def is_exclusive(graph: Mapping[str, Any]) -> bool:
    """Whether somebody may be in only once at a time."""
    return bool(policy_of(graph)["policy"] != Reentry.ALWAYS.value)


def why_not(graph: Mapping[str, Any], before: Before, *, at: datetime, now: datetime) -> str:
    """The code of the reason why somebody does not come in; empty when she does."""
    policy = policy_of(graph)
    if at < now - TOO_OLD:
        return "too_old"
    if before.entered_at is None or policy["policy"] == Reentry.ALWAYS:
        return ""
    if policy["policy"] == Reentry.NEVER:
        return "was_in_before"
    if before.open:
        return "is_in_already"
    if policy["policy"] == Reentry.AFTER_DAYS and at < before.entered_at + timedelta(days=policy.get("days", 30)):
        return "was_in_lately"
    return ""
