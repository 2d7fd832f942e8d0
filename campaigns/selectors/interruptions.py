"""When a campaign's figures are not what they would have been: it was paused, or nothing could be heard."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from campaigns.models import Campaign
from campaigns.rules.lifecycle import State
from core.models import AuditEntry

MOST: Final = 1_000


@dataclass(frozen=True, slots=True)
class Stretch:
    """From an instant to another; `ends_at` is None while it lasts."""

    begins_at: datetime
    ends_at: datetime | None
    reason: str = ""


Outages = Callable[[datetime, datetime], Sequence[Stretch]]
_sources: list[Outages] = []


def register_outages(source: Outages) -> None:
    """Make a source of stretches known in which events were missing: `source(begins, ends)`."""
    _sources.append(source)


def outages(*, begins: datetime, ends: datetime) -> list[Stretch]:
    """The stretches in which nothing was heard, in order: opens, clicks and purchases of these hours are missing."""
    return sorted((one for source in _sources for one in source(begins, ends)), key=lambda one: one.begins_at)


def pauses(campaign: Campaign) -> list[Stretch]:
    """When nothing was handed over, in order, each with its reason, by the audit trail as far as it is kept."""
    moves = {f"campaign.{state}" for state in State}
    rows = AuditEntry.objects.filter(target=campaign.public_id, action__in=moves).order_by("at", "id")
    found: list[Stretch] = []
    for at, action, reason in rows.values_list("at", "action", "reason")[:MOST]:
        if found and found[-1].ends_at is None:
            found[-1] = Stretch(found[-1].begins_at, at, found[-1].reason)
        if action == f"campaign.{State.PAUSED}":
            found.append(Stretch(at, None, reason))
    return found


def interruptions_answer(campaign: Campaign, *, begins: datetime | None, ends: datetime) -> dict[str, Any]:
    """As partners read them: both lists, empty before the launch."""
    silent = outages(begins=begins, ends=ends) if begins else []
    return {
        "pauses": [_answer(one) for one in (pauses(campaign) if begins else [])],
        "outages": [_answer(one) for one in silent],
    }


def _answer(one: Stretch) -> dict[str, Any]:
    return {"begins_at": one.begins_at, "ends_at": one.ends_at, "reason": one.reason}
