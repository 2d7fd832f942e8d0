"""Questions about pilots: who waits for one, what stands against promoting it, and how it and the others did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Q, QuerySet

from campaigns.models import Campaign, Delivery
from campaigns.rules.deliveries import DeliveryState
from campaigns.rules.pilots import REASON
from campaigns.rules.statistics.checks import holm
from campaigns.rules.statistics.samples import Difference, Share
from campaigns.rules.statistics.shares import compare_shares
from campaigns.selectors.campaign_metrics import METRICS, Figures, figures_of, metrics_answer
from campaigns.selectors.campaign_results import WINDOW
from campaigns.selectors.campaigns import counts_of, sending_problems
from campaigns.selectors.given import offer_problems

PILOT: Final = Q(pilot_percent__isnull=False) | Q(pilot_people__isnull=False)
"""Campaigns that are marked as pilots."""
MEASURES: Final = (
    ("delivered", "Delivered", "delivered", "sent"),
    ("opened", "Opened, by people", "opened", "measured"),
    ("clicked", "Clicked, by people", "clicked", "measured"),
    ("conversions", "Bought", "buyers", "may_count"),
)


@dataclass(frozen=True, slots=True)
class Compared:
    """The others against the pilot in one share; `p_value` is corrected by Holm for all of them."""

    key: str
    label: str
    pilot: float
    rest: float
    difference: Difference
    p_value: float


@dataclass(frozen=True, slots=True)
class Pilot:
    """How a pilot went. `rest` and `compared` are there once it was promoted; None of rows removed for their age.

    `same_time` says that both had the whole window to buy in: until then the others seem to buy less than they will.
    """

    drawn: int
    of: int
    waiting: int
    promoted_at: datetime | None
    figures: Figures | None
    rest: Figures | None
    compared: Sequence[Compared]
    same_time: bool


def is_pilot(campaign: Campaign) -> bool:
    """Whether the campaign is marked as a pilot."""
    return campaign.pilot_percent is not None or campaign.pilot_people is not None


def waiting_for(campaign: Campaign) -> QuerySet[Delivery]:
    """Who would be sent to if the pilot were promoted; who was erased meanwhile never is."""
    held = Delivery.objects.filter(campaign=campaign, state=DeliveryState.HELD_OUT, reason=REASON)
    return held.filter(customer__isnull=False)


def promotion_problems(campaign: Campaign, people: int, now: datetime) -> list[str]:
    """What stands against sending to so many more people, in sentences; what was sent before counts in the budget."""
    sent = counts_of([campaign])[campaign.pk].get(DeliveryState.SENT, 0)
    return [*sending_problems(campaign, sent + people), *offer_problems(campaign, people, now)]


def pilot_story(campaign: Campaign, now: datetime) -> Pilot | None:
    """How the pilot went, and the others after it; None for a campaign that is none or was not launched."""
    if not is_pilot(campaign) or campaign.pilot_drawn is None or campaign.launched_at is None:
        return None
    promoted, kept = campaign.pilot_promoted_at, not campaign.totals
    first = _figures(campaign, campaign.launched_at, promoted or now, now) if kept else None
    rest = _figures(campaign, promoted, now, now) if kept and promoted else None
    over = campaign.finished_at
    return Pilot(
        drawn=campaign.pilot_drawn,
        of=campaign.pilot_of or 0,
        waiting=waiting_for(campaign).count(),
        promoted_at=promoted,
        figures=first,
        rest=rest,
        compared=_compared(first, rest) if first and rest else (),
        same_time=bool(promoted and over and over + WINDOW <= now),
    )


def pilot_answer(found: Pilot | None) -> dict[str, Any] | None:
    """As partners read it."""
    if found is None:
        return None
    return {
        "drawn": found.drawn,
        "of": found.of,
        "waiting": found.waiting,
        "promoted_at": found.promoted_at,
        "pilot": metrics_answer(found.figures, METRICS) if found.figures else None,
        "rest": metrics_answer(found.rest, METRICS) if found.rest else None,
        "same_time": found.same_time,
        "compared": [
            {
                "measure": one.key,
                "pilot": one.pilot,
                "rest": one.rest,
                "difference": {
                    "estimate": one.difference.estimate,
                    "low": one.difference.low,
                    "high": one.difference.high,
                },
                "p_value": one.p_value,
            }
            for one in found.compared
        ],
    }


def _figures(campaign: Campaign, begins: datetime, ends: datetime, now: datetime) -> Figures | None:
    return next(iter(figures_of(campaign, begins=begins, ends=ends, now=now)), None)


def _compared(pilot: Figures, rest: Figures) -> list[Compared]:
    """Every share that both have somebody for."""
    found = []
    for key, label, did, of in MEASURES:
        people = [(getattr(one, did), getattr(one, of)) for one in (pilot, rest)]
        if all(all_of_them for _, all_of_them in people):
            before, after = (Share(successes=some, people=everybody) for some, everybody in people)
            found.append((key, label, before.rate, after.rate, compare_shares(before, after)))
    corrected = holm([difference.p_value for *_, difference in found])
    return [Compared(*one, p_value=p) for one, p in zip(found, corrected, strict=True)]
