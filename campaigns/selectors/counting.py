"""Counting everything that pages tell of a large campaign, and what is due to be counted."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from django.conf import settings

from campaigns.models import Campaign, CampaignCount
from campaigns.rules.counting import AUDIENCE, DELIVERIES, LISTED_FROM, RESULTS, period_of, wait_until_next
from campaigns.selectors.audience import count_audience
from campaigns.selectors.campaign_metrics import BREAKDOWNS, as_kept, figures_of
from campaigns.selectors.campaign_results import count_brought
from campaigns.selectors.experiments import joined_by_hash
from campaigns.selectors.pilots import pilot_figures
from campaigns.selectors.tallies import count_tallies

STEPS: Final = 3 + len(BREAKDOWNS)
"""Of the longest count."""
_MOST: Final = 500
Further = Callable[[], None]


def count_answer(campaign: Campaign, question: str, now: datetime, further: Further) -> dict[str, Any]:
    """The answer as it is kept; `further` is called after each step."""
    if question == DELIVERIES:
        return {"tallies": count_tallies(campaign)}
    if question == AUDIENCE:
        return count_audience(campaign, now)
    if question == RESULTS:
        return _results(campaign, now, further)
    begins, ends, breakdown = period_of(question)
    totals = _figures(campaign, begins, ends, "", now)
    further()
    return {"totals": totals, "parts": _figures(campaign, begins, ends, breakdown, now) if breakdown else []}


def list_due(now: datetime) -> list[tuple[Campaign, str]]:
    """Campaigns whose figures may have changed since they were counted, newest first, with what to count.

    All figures of large ones; of those from which a list of many takes long, the messages.
    """
    launched = Campaign.objects.filter(totals={}, launched_at__isnull=False).order_by("-launched_at", "pk")
    most = settings.CAMPAIGN_LIVE_PEOPLE
    large = list(launched.filter(people__gte=most)[:_MOST])
    listed = launched.filter(people__gte=max(1, most // LISTED_FROM), people__lt=most, automation_message=None)[:_MOST]
    pairs = [(campaign, question) for campaign in large for question in (DELIVERIES, RESULTS)]
    pairs += [(campaign, DELIVERIES) for campaign in listed]
    campaigns = {campaign.pk for campaign, _ in pairs}
    rows = CampaignCount.objects.filter(campaign__in=campaigns, question__in=(DELIVERIES, RESULTS))
    known = {(row.campaign_id, row.question): row for row in rows}
    return [(campaign, question) for campaign, question in pairs if _is_due(campaign, question, known, now)]


def _is_due(campaign: Campaign, question: str, known: Mapping[tuple[int, str], CampaignCount], now: datetime) -> bool:
    row = known.get((campaign.pk, question))
    if row is None or row.asked_at < campaign.updated_at:
        return True
    state, finished_at = campaign.state, campaign.finished_at
    wait = wait_until_next(question, state=state, finished_at=finished_at, seconds=row.seconds, now=now)
    return row.asked_at + wait <= now


def _results(campaign: Campaign, now: datetime, further: Further) -> dict[str, Any]:
    brought = count_brought(campaign, now)
    further()
    figures = {}
    for breakdown in ("", *BREAKDOWNS):
        figures[breakdown] = _figures(campaign, campaign.launched_at or now, now, breakdown, now)
        further()
    with joined_by_hash():
        pilot = pilot_figures(campaign, now)
    further()
    return {
        "groups": brought.groups,
        "new_buyers": brought.new_buyers,
        "figures": figures,
        "pilot": [as_kept([one] if one else []) for one in pilot],
    }


def _figures(campaign: Campaign, begins: datetime, ends: datetime, breakdown: str, now: datetime) -> list[list[Any]]:
    with joined_by_hash():
        return as_kept(figures_of(campaign, begins=begins, ends=ends, breakdown=breakdown, now=now))
