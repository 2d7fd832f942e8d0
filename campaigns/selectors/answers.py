"""Campaigns and deliveries as partners see them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from campaigns.models import Campaign, CampaignSegment, Delivery, Role
from campaigns.rules.deliveries import reason_words
from campaigns.rules.reactions import Reactions, Verdict
from campaigns.selectors.kept import find_change

_PLAIN: Final = (
    "name",
    "channel",
    "goal",
    "owner",
    "state",
    "subject",
    "body",
    "tracking",
    "send_at",
    "per_minute",
    "quiet_from",
    "quiet_until",
    "time_zone",
    "cap_messages",
    "cap_days",
    "cap_choice",
    "canary_percent",
    "canary_choice",
    "canary_minutes",
    "canary_sent_at",
    "canary_passed_at",
    "pilot_percent",
    "pilot_people",
    "pilot_drawn",
    "pilot_promoted_at",
    "iteration",
    "holdout_percent",
    "currency",
    "people",
    "launched_at",
    "finished_at",
    "created_at",
    "updated_at",
)


def campaign_answer(
    campaign: Campaign,
    parts: Sequence[CampaignSegment],
    counts: Mapping[str, int],
    reactions: Reactions,
    outcomes: Mapping[str, int],
) -> dict[str, Any]:
    """A campaign with its segments, counts by state, reactions and outcomes; amounts are numbers, as everywhere."""
    return {
        "id": campaign.public_id,
        **{name: getattr(campaign, name) for name in _PLAIN},
        "purpose": campaign.purpose_id,
        "promotion": campaign.promotion.key if campaign.promotion else None,
        "include": [part.segment.slug for part in parts if part.role == Role.INCLUDE],
        "exclude": [part.segment.slug for part in parts if part.role == Role.EXCLUDE],
        "budget": None if campaign.budget is None else float(campaign.budget),
        "cost_per_message": float(campaign.cost_per_message),
        "canary_bounces": float(campaign.canary_bounces),
        "canary_complaints": float(campaign.canary_complaints),
        "counts": dict(counts),
        "pending": _pending(campaign),
        "reactions": reactions.as_dict(),
        "outcomes": dict(outcomes),
        "trouble": campaign.trouble or None,
        "submitted_by": campaign.submitted_by or None,
        "approved_by": campaign.approved_by or None,
    }


def _pending(campaign: Campaign) -> dict[str, Any] | None:
    change = find_change(campaign)
    return {"what": change.what, "done": change.done, "total": change.total} if change else None


def delivery_answer(row: Delivery) -> dict[str, Any]:
    """A delivery; `row` has its customer loaded."""
    return {
        "customer": row.customer.public_id if row.customer else None,
        "state": row.state,
        "reason": row.reason or None,
        "why": reason_words(row.reason) or None,
        "due_at": row.due_at,
        "sent_at": row.sent_at,
        "outcome": row.outcome or None,
        "outcome_code": row.outcome_code or None,
        "opened": Verdict(row.opened).name.lower() if row.opened else None,
        "clicked": Verdict(row.clicked).name.lower() if row.clicked else None,
    }
