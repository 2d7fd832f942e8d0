"""The figures of a campaign by period and by what its messages differ in; one statement over the messages sent."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db import connection

from campaigns.models import Campaign
from campaigns.rules.feedback import BOUNCES, Outcome
from campaigns.rules.reactions import Verdict
from campaigns.selectors.campaign_results import WINDOW, campaign_results
from campaigns.selectors.effort import pace_answer, pace_of, spared_answer, spared_of
from campaigns.selectors.experiment_answers import report_answer, returns_answer
from campaigns.selectors.experiments import MEASURING
from campaigns.selectors.given import codes_given
from consent.selectors.decisions import use_of

WHOLE: Final = ("uplift", "returns", "pace", "spared", "codes")
"""Told of the whole campaign whatever the period."""
METRICS: Final = ("sent", "delivered", "opened", "clicked", "conversions", "revenue", *WHOLE)
BREAKDOWNS: Final[Mapping[str, str]] = {
    "day": "to_char(d.sent_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
    "country": "coalesce(c.country, '')",
    "language": "coalesce(c.language, '')",
}
MOST_ROWS: Final = 400
"""More different values of a breakdown are not told: those with the most messages are."""
_ALL: Final = "''"
_FIGURES: Final = """
WITH sent AS (
    SELECT d.id, d.customer_id, d.sent_at, d.outcome, d.tracked, d.opened, d.clicked, {key} AS key,
        coalesce(c.status <> 'deleted' AND c.consent_mask & %(bit)s <> 0
            AND (c.consent_until IS NULL OR c.consent_until > %(now)s), false) AS measured
    FROM campaigns_delivery d LEFT JOIN customers_customer c ON c.id = d.customer_id
    WHERE d.campaign_id = %(campaign)s AND d.state = 'sent' AND d.sent_at >= %(begins)s AND d.sent_at < %(ends)s
), bought AS (
    SELECT s.id, bool_or(p.amount > 0) AS buyer, sum(p.amount) FILTER (WHERE p.currency = %(currency)s) AS amount
    FROM sent s JOIN customers_purchase p ON p.customer_id = s.customer_id
        AND p.purchased_at >= s.sent_at AND p.purchased_at < s.sent_at + %(window)s
    WHERE s.measured AND p.purchased_at <= %(now)s GROUP BY s.id
)
SELECT s.key, count(*), count(*) FILTER (WHERE s.outcome <> ALL(%(bounces)s)),
    count(*) FILTER (WHERE s.tracked), count(*) FILTER (WHERE s.opened = %(human)s),
    count(*) FILTER (WHERE s.clicked = %(human)s), count(*) FILTER (WHERE s.measured),
    count(*) FILTER (WHERE b.buyer), coalesce(sum(b.amount), 0)
FROM sent s LEFT JOIN bought b ON b.id = s.id GROUP BY s.key ORDER BY count(*) DESC, s.key LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the messages that left in a period.

    `delivered` were not sent back by the receiving server. Openers and clickers are people, out of the `measured`
    messages; buyers and revenue are those of people who may be measured (`coverage` of all), within 14 days.
    """

    key: str
    sent: int
    delivered: int
    measured: int
    opened: int
    clicked: int
    may_count: int
    buyers: int
    revenue: Decimal


def figures_of(
    campaign: Campaign, *, begins: datetime, ends: datetime, breakdown: str = "", now: datetime
) -> list[Figures]:
    """One for all of it, or one for each value of the breakdown, those with the most messages first."""
    values: dict[str, Any] = {
        "campaign": campaign.pk,
        "begins": begins,
        "ends": ends,
        "now": now,
        "bit": use_of(MEASURING).mask,
        "window": WINDOW,
        "currency": campaign.currency,
        "bounces": [*BOUNCES, Outcome.DEFERRED],
        "human": Verdict.HUMAN,
        "most": MOST_ROWS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FIGURES.format(key=BREAKDOWNS[breakdown] if breakdown else _ALL), values)
        return [Figures(*row) for row in cursor.fetchall()]


def as_kept(found: Sequence[Figures]) -> list[list[Any]]:
    """Figures as they are kept with a count."""
    return [[*astuple(one)[:-1], str(one.revenue)] for one in found]


def from_kept(rows: Sequence[Sequence[Any]]) -> list[Figures]:
    """Figures that were kept with a count."""
    return [Figures(*counts, revenue=Decimal(revenue)) for *counts, revenue in rows]  # type: ignore[misc]


def kept_rows(answer: Mapping[str, Any], breakdown: str) -> tuple[list[list[Any]], list[list[Any]]]:
    """Totals and parts of a kept answer: of the whole campaign, or of a period that was asked for."""
    if "figures" not in answer:
        return answer["totals"], answer["parts"]
    return answer["figures"][""], answer["figures"][breakdown] if breakdown else []


def metrics_answer(found: Figures, wanted: Sequence[str]) -> dict[str, Any]:
    """The wanted figures as partners read them."""
    told: dict[str, dict[str, Any]] = {
        "sent": {"sent": found.sent},
        "delivered": {"delivered": found.delivered, "delivery_rate": _share(found.delivered, found.sent)},
        "opened": {
            "measured": found.measured,
            "opened": found.opened,
            "open_rate": _share(found.opened, found.measured),
        },
        "clicked": {
            "measured": found.measured,
            "clicked": found.clicked,
            "click_rate": _share(found.clicked, found.measured),
        },
        "conversions": {
            "conversions": found.buyers,
            "conversion_rate": _share(found.buyers, found.may_count),
            "coverage": _share(found.may_count, found.sent),
        },
        "revenue": {"revenue": float(found.revenue)},
    }
    return {name: value for metric in wanted for name, value in told.get(metric, {}).items()}


def whole_answer(campaign: Campaign, wanted: Sequence[str], now: datetime) -> dict[str, Any]:
    """What was asked for that is about the whole campaign; uplift is None without people held out."""
    results = campaign_results(campaign, now) if {"uplift", "returns"} & set(wanted) else None
    told: dict[str, Callable[[], Any]] = {
        "uplift": lambda: report_answer(results.compared) if results and results.compared else None,
        "returns": lambda: returns_answer(results),
        "pace": lambda: pace_answer(pace_of(campaign)),
        "spared": lambda: spared_answer(spared_of(campaign)),
        "codes": lambda: codes_given(campaign),
    }
    return {name: told[name]() for name in wanted if name in told}


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
