"""What each campaign that was launched in a period brought: its conversion, and its uplift over those held out."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import QuerySet

from campaigns.models import Campaign
from campaigns.rules.statistics.report import Report
from campaigns.selectors.campaign_results import CONTROL, TREATED, WINDOW, campaign_results
from core.errors import InvalidInput

MOST: Final = 200
"""Campaigns of one report; more are refused rather than cut."""


def campaigns_answer(
    *, begins: datetime, ends: datetime, currency: str, now: datetime, further: Callable[[], None]
) -> dict[str, Any]:
    """The answer as it is kept, newest launch first; `further` is called after each campaign.

    `campaigns` counts purchases within 14 days of the launch, of people who allow it; amounts as text. InvalidInput
    for more than MOST campaigns.
    """
    launched = list(_launched(begins, ends, currency)[: MOST + 1])
    if len(launched) > MOST:
        raise InvalidInput(f"More than {MOST} campaigns were launched then; ask for a shorter period.", param="begins")
    found = []
    for campaign in launched:
        if line := _line(campaign, now):
            found.append(line)
        further()
    return {"launched": len(launched), "window_days": WINDOW.days, "campaigns": found}


def _launched(begins: datetime, ends: datetime, currency: str) -> QuerySet[Campaign]:
    rows = Campaign.objects.filter(launched_at__gte=begins, launched_at__lt=ends, currency=currency)
    return rows.filter(people__isnull=False).order_by("-launched_at", "-pk")


def _line(campaign: Campaign, now: datetime) -> dict[str, Any] | None:
    """None for a large campaign that was never counted."""
    results = campaign_results(campaign, now)
    if results is None or campaign.launched_at is None:
        return None
    groups = {name: _group(results.groups[key]) for name, key in (("sent", TREATED), ("held_out", CONTROL))}
    return {
        "campaign": campaign.public_id,
        "name": campaign.name,
        "channel": campaign.channel,
        "launched_at": campaign.launched_at.isoformat(),
        "as_of": results.at.isoformat(),
        **groups,
        "compared": _compared(results.compared) if results.compared else None,
    }


def _compared(found: Report) -> dict[str, Any]:
    """The first measure, who bought, and the money that would not have come; empty while a group has nobody."""
    by_measure = {one.measure.key: one for one in found.comparisons}
    bought, money = by_measure.get("purchase"), by_measure.get("revenue")
    earned = money.incremental if money else None
    decision = found.decisions.get(TREATED)
    return {
        "difference": bought and _interval(bought.difference.estimate, bought.difference.low, bought.difference.high),
        "uplift": _interval(*bought.difference.relative) if bought and bought.difference.relative else None,
        "p_value": bought.p_value if bought else None,
        "incremental_revenue": earned and _interval(earned.estimate, earned.low, earned.high),
        "sample_ratio_mismatch": found.mismatch.found if found.mismatch else None,
        "verdict": decision.verdict if decision else None,
        "text": decision.text if decision else None,
    }


def _interval(estimate: float | Decimal, low: float | Decimal, high: float | Decimal) -> dict[str, float]:
    return {"estimate": float(estimate), "low": float(low), "high": float(high)}


def _group(kept: Mapping[str, Any]) -> dict[str, Any]:
    people, measured, bought = kept["people"], kept["measured"], kept["sums"]["purchase"]["doers"]
    return {
        "people": people,
        "measured": measured,
        "coverage": measured / people if people else None,
        "buyers": bought,
        "conversion_rate": bought / measured if measured else None,
        "revenue": kept["sums"]["revenue"]["total"],
    }
