"""How fast a campaign came about and was decided on, and what it did not send."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import Count

from campaigns.models import Campaign, Delivery
from campaigns.rules.budget import cost_of
from campaigns.rules.deliveries import DeliveryState
from campaigns.rules.lifecycle import State
from campaigns.rules.sparing import KINDS, spared
from campaigns.selectors.tallies import added, kept_tallies
from core.models import AuditEntry

_REVIEWS: Final = {f"campaign.{State.IN_REVIEW}": "submitted", f"campaign.{State.DRAFT}": "sent_back"}


@dataclass(frozen=True, slots=True)
class Pace:
    """From the first draft to the decision. `versions` counts changes of the draft, `iteration` copies of copies.

    The decision is what happened first after the launch: promoted, copied as the next iteration, cancelled or archived.
    How often it was submitted and sent back stands in the audit trail, as far as that is kept.
    """

    iteration: int
    origin: str | None
    versions: int
    submitted: int
    sent_back: int
    drafted_at: datetime
    submitted_at: datetime | None
    approved_at: datetime | None
    launched_at: datetime | None
    decided_at: datetime | None
    decision: str | None

    @property
    def to_launch(self) -> float | None:
        """Seconds from the draft to the launch."""
        return (self.launched_at - self.drafted_at).total_seconds() if self.launched_at else None

    @property
    def in_review(self) -> float | None:
        """Seconds from handing it in to the approval that counts."""
        if self.submitted_at is None or self.approved_at is None:
            return None
        return (self.approved_at - self.submitted_at).total_seconds()

    @property
    def to_decision(self) -> float | None:
        """Seconds from the launch to the decision."""
        if self.launched_at is None or self.decided_at is None:
            return None
        return (self.decided_at - self.launched_at).total_seconds()


@dataclass(frozen=True, slots=True)
class Spared:
    """Messages that were not sent on purpose, by kind, and what they would have cost."""

    by_kind: tuple[tuple[str, int, Decimal], ...]
    messages: int
    cost: Decimal
    share: float | None


def pace_of(campaign: Campaign) -> Pace:
    """How fast it came about; three queries."""
    actions = AuditEntry.objects.filter(target=campaign.public_id, action__in=_REVIEWS).values_list("action", flat=True)
    counted = Counter(_REVIEWS[action] for action in actions[:1_000])
    decision, decided_at = _decision(campaign)
    return Pace(
        iteration=campaign.iteration,
        origin=Campaign.objects.filter(pk=campaign.origin_id or 0).values_list("public_id", flat=True).first(),
        versions=campaign.version,
        submitted=counted["submitted"],
        sent_back=counted["sent_back"],
        drafted_at=campaign.created_at,
        submitted_at=campaign.submitted_at,
        approved_at=campaign.approved_at,
        launched_at=campaign.launched_at,
        decided_at=decided_at,
        decision=decision,
    )


def spared_of(campaign: Campaign) -> Spared:
    """What it did not send so far; of a campaign whose rows were removed for their age, as kept then."""
    counts = spared_counts(campaign)
    rows = [
        (kind, counts[kind], cost_of(counts[kind], campaign.cost_per_message)) for kind in KINDS if counts.get(kind)
    ]
    messages = sum(counts.values())
    return Spared(
        by_kind=tuple(rows),
        messages=messages,
        cost=cost_of(messages, campaign.cost_per_message),
        share=messages / campaign.people if campaign.people else None,
    )


def spared_counts(campaign: Campaign, *, exact: bool = False) -> dict[str, int]:
    """People left out by kind; of a large campaign as counted last, unless `exact`."""
    if campaign.totals:
        return dict(campaign.spared)
    if not exact and (kept := kept_tallies([campaign])):
        counted = added(kept[campaign.pk], "state", "reason").items()
        return spared((reason, people) for (state, reason), people in counted if state == DeliveryState.SKIPPED)
    rows = Delivery.objects.filter(campaign=campaign, state=DeliveryState.SKIPPED).values_list("reason")
    return spared(rows.annotate(people=Count("pk")).order_by("reason"))


def pace_answer(found: Pace) -> dict[str, Any]:
    """As partners read it; times in seconds."""
    names = ("iteration", "origin", "versions", "submitted", "sent_back", "drafted_at", "submitted_at", "approved_at")
    return {
        **{name: getattr(found, name) for name in (*names, "launched_at", "decided_at", "decision")},
        "seconds_to_launch": found.to_launch,
        "seconds_in_review": found.in_review,
        "seconds_to_decision": found.to_decision,
    }


def spared_answer(found: Spared) -> dict[str, Any]:
    """As partners read it."""
    return {
        "messages": found.messages,
        "share": found.share,
        "cost": float(found.cost),
        "by_kind": [
            {"kind": kind, "messages": messages, "cost": float(cost)} for kind, messages, cost in found.by_kind
        ],
    }


def _decision(campaign: Campaign) -> tuple[str | None, datetime | None]:
    if campaign.launched_at is None:
        return None, None
    copied = Campaign.objects.filter(origin=campaign, created_at__gte=campaign.launched_at).order_by("created_at")
    cancelled = campaign.finished_at if campaign.state == State.CANCELLED else None
    found = {
        "promoted": campaign.pilot_promoted_at,
        "copied": copied.values_list("created_at", flat=True).first(),
        "cancelled": cancelled,
        "archived": campaign.archived_at,
    }
    dated = [(at, word) for word, at in found.items() if at]
    at, word = min(dated, default=(None, None))
    return word, at
