"""What a campaign brought: its funnel, those who got it against those held out, revenue, and what it cost."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import connection

from campaigns.models import Campaign
from campaigns.rules.counting import RESULTS
from campaigns.rules.deliveries import DeliveryState
from campaigns.rules.returns import Returns, returns
from campaigns.rules.statistics.report import Plan, Report, report
from campaigns.selectors.campaigns import counts_of, progress
from campaigns.selectors.experiments import Crowd, arm_of, group_sums
from campaigns.selectors.kept import find_count, is_large
from campaigns.selectors.measures import find_measure
from campaigns.selectors.reactions import reactions_of

WINDOW: Final = timedelta(days=14)
MEASURES: Final = ("purchase", "revenue")
CONTROL, TREATED = "held_out", "sent"
# Whoever the draw could have left out: not those left out before it for want of permission or address.
_DRAWN: Final = """
SELECT id, CASE state WHEN 'held_out' THEN 'held_out' ELSE 'sent' END AS variant, customer_id, %(launched)s AS at
FROM campaigns_delivery WHERE campaign_id = %(campaign)s AND step = 1 AND state <> 'skipped'
    AND reason <> 'global_holdout'
"""
_NEW: Final = """
SELECT count(DISTINCT d.customer_id) FROM campaigns_delivery d
JOIN customers_purchase p ON p.customer_id = d.customer_id
WHERE d.campaign_id = %(campaign)s AND d.state = 'sent' AND p.amount > 0
    AND p.purchased_at >= d.sent_at AND p.purchased_at < d.sent_at + %(window)s AND p.purchased_at <= %(now)s
    AND NOT EXISTS (SELECT FROM customers_purchase b WHERE b.customer_id = d.customer_id
        AND b.amount > 0 AND b.purchased_at < p.purchased_at)
"""


@dataclass(frozen=True, slots=True)
class Brought:
    """Who bought after a campaign: the sums of those sent to and of those held out, and who bought for the first time.

    As of `at`.
    """

    groups: Mapping[str, Any]
    new_buyers: int
    at: datetime


@dataclass(frozen=True, slots=True)
class CampaignResults:
    """`funnel` is (step, people), each of the step before; `compared` needs people held out. Purchases as of `at`.

    `groups` are the sums of those sent to and of those held out.
    """

    groups: Mapping[str, Any]
    funnel: tuple[tuple[str, int], ...]
    buyers: int
    new_buyers: int
    money: Returns
    currency: str
    compared: Report | None
    window_days: int
    at: datetime


def campaign_results(campaign: Campaign, now: datetime) -> CampaignResults | None:
    """The results within 14 days of the launch; people without permission to measure do not count.

    None before the launch. Those of a large campaign are what was counted last, None before the first count.
    """
    if campaign.launched_at is None or campaign.people is None:
        return None
    brought = brought_by(campaign, now)
    if brought is None:
        return None
    counts = counts_of([campaign]).get(campaign.pk, {})
    compared = _compared(campaign, brought.groups) if compares(campaign) else None
    sent = brought.groups[TREATED]["sums"]
    incremental = next((one.incremental for one in compared.comparisons if one.incremental), None) if compared else None
    money = returns(
        cost=progress(campaign, counts)["cost"],
        revenue=Decimal(sent["revenue"]["total"]),
        incremental=incremental.estimate if incremental else None,
        buyers=sent["purchase"]["doers"],
        new_buyers=brought.new_buyers,
    )
    return CampaignResults(
        groups=brought.groups,
        funnel=_funnel(campaign, counts, sent["purchase"]["doers"]),
        buyers=sent["purchase"]["doers"],
        new_buyers=brought.new_buyers,
        money=money,
        currency=campaign.currency,
        compared=compared,
        window_days=WINDOW.days,
        at=brought.at,
    )


def brought_by(campaign: Campaign, now: datetime) -> Brought | None:
    """Counted now; of a large campaign, and of one whose rows were removed for their age, as counted last."""
    if is_large(campaign) or campaign.totals:
        row = find_count(campaign, RESULTS)
        if row and row.answer and row.counted_at:
            return Brought(row.answer["groups"], row.answer["new_buyers"], row.counted_at)
    return None if is_large(campaign) else count_brought(campaign, now)


def count_brought(campaign: Campaign, now: datetime) -> Brought:
    """Counted now, whatever that takes; of a campaign that was launched."""
    return Brought(_sums(campaign, campaign.launched_at or now, now), _new_buyers(campaign, now), now)


def compares(campaign: Campaign) -> bool:
    """Whether somebody was held out whom those it was sent to can be compared with: for good, or until promoted."""
    return bool(campaign.holdout_percent) or _runs_as_pilot(campaign)


def _runs_as_pilot(campaign: Campaign) -> bool:
    return bool(campaign.pilot_drawn) and campaign.pilot_drawn != campaign.pilot_of and not campaign.pilot_promoted_at


def _treated_share(campaign: Campaign) -> float:
    """The share of those drawn who were to get it; who waits for a pilot is on the other side."""
    share = 1 - campaign.holdout_percent / 100
    if _runs_as_pilot(campaign) and campaign.pilot_of:
        share *= (campaign.pilot_drawn or 0) / campaign.pilot_of
    return share


def _funnel(campaign: Campaign, counts: Mapping[str, int], buyers: int) -> tuple[tuple[str, int], ...]:
    found = reactions_of([campaign])[campaign.pk]
    may = (campaign.people or 0) - counts.get(DeliveryState.SKIPPED, 0)
    return (
        ("Audience", campaign.people or 0),
        ("May be written to", may),
        ("Sent", counts.get(DeliveryState.SENT, 0)),
        ("Opened, by people", found.opened.human),
        ("Clicked, by people", found.clicked.human),
        (f"Bought within {WINDOW.days} days", buyers),
    )


def _sums(campaign: Campaign, launched: datetime, now: datetime) -> dict[str, Any]:
    crowd = Crowd(
        people=_DRAWN,
        parameters={"campaign": campaign.pk, "launched": launched},
        variants=(CONTROL, TREATED),
        first=launched,
        window=WINDOW,
    )
    return group_sums(crowd, [find_measure(key, campaign.currency) for key in MEASURES], now)


def _compared(campaign: Campaign, sums: Mapping[str, Any]) -> Report:
    share = _treated_share(campaign)
    shares = {CONTROL: 1 - share, TREATED: share}
    arms = [
        replace(arm_of(key, shares[key], sums[key], MEASURES), called=called)
        for key, called in ((CONTROL, "held out"), (TREATED, "the campaign"))
    ]
    measures = [find_measure(key, campaign.currency).measure for key in MEASURES]
    smallest = round((campaign.people or 0) * min(shares.values()))
    return report(arms, measures, Plan(people=max(100, smallest), every_look=True))


def _new_buyers(campaign: Campaign, now: datetime) -> int:
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"campaign": campaign.pk, "window": WINDOW, "now": now}
        cursor.execute(_NEW, values)
        return int(cursor.fetchone()[0])
