"""Questions about pilots: who waits for one, what stands against promoting it, and how it and the others did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Q, QuerySet

from campaigns.models import Campaign, Delivery
from campaigns.rules.counting import RESULTS
from campaigns.rules.deliveries import DeliveryState
from campaigns.rules.pilots import REASON
from campaigns.rules.statistics.checks import holm
from campaigns.rules.statistics.samples import Difference, Share
from campaigns.rules.statistics.shares import compare_shares
from campaigns.selectors.campaign_metrics import METRICS, Figures, figures_of, from_kept, metrics_answer
from campaigns.selectors.campaign_results import WINDOW
from campaigns.selectors.campaigns import counts_of, sending_problems
from campaigns.selectors.given import offer_problems
from campaigns.selectors.kept import find_count, is_large
from campaigns.selectors.tallies import added, kept_tallies

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
    """How the pilot went, and the others after it; None for a campaign that is none or was not launched.

    Its figures are those of this moment; of a large campaign those counted last, and None before the first count.
    """
    if not is_pilot(campaign) or campaign.pilot_drawn is None or campaign.launched_at is None:
        return None
    promoted = campaign.pilot_promoted_at
    first, rest = _both(campaign, now)
    over = campaign.finished_at
    return Pilot(
        drawn=campaign.pilot_drawn,
        of=campaign.pilot_of or 0,
        waiting=count_waiting(campaign),
        promoted_at=promoted,
        figures=first,
        rest=rest,
        compared=_compared(first, rest) if first and rest else (),
        same_time=bool(promoted and over and over + WINDOW <= now),
    )


def pilot_figures(campaign: Campaign, now: datetime) -> tuple[Figures | None, Figures | None]:
    """The messages before it was promoted, and those after it; counted now, whatever that takes."""
    if not is_pilot(campaign) or campaign.pilot_drawn is None or campaign.launched_at is None:
        return None, None
    promoted = campaign.pilot_promoted_at
    first = _figures(campaign, campaign.launched_at, promoted or now, now)
    return first, _figures(campaign, promoted, now, now) if promoted else None


def count_waiting(campaign: Campaign) -> int:
    """How many would be sent to if the pilot were promoted; of a large campaign as counted last."""
    if kept := kept_tallies([campaign]):
        return added(kept[campaign.pk], "state", "reason", "known").get((DeliveryState.HELD_OUT, REASON, True), 0)
    return waiting_for(campaign).count()


def _both(campaign: Campaign, now: datetime) -> tuple[Figures | None, Figures | None]:
    if campaign.totals:
        return None, None
    if not is_large(campaign):
        return pilot_figures(campaign, now)
    row = find_count(campaign, RESULTS)
    kept = row.answer["pilot"] if row and row.answer else ([], [])
    first, rest = (next(iter(from_kept(one)), None) for one in kept)
    return first, rest


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
