"""Messages of campaigns that pages and apps show: asked for by a person's id, written when they are asked for."""

import json
from datetime import datetime, timedelta
from typing import Any, Final

from campaigns.models import Campaign
from campaigns.rules.content.templates import TemplateFault
from campaigns.selectors.given import Words, is_running, offer_words
from campaigns.services.messages import Writer
from consent.selectors.decisions import use_of
from core.ids import is_public_id
from customers.models import Customer
from customers.selectors import direct

SHOWN_FOR: Final = timedelta(days=30)
MOST: Final = 5
_NAMES: Final = ("first_name", "last_name", "country", "region", "language", "orders_count")
_WAITING: Final = f"""
SELECT d.id, d.campaign_id, d.sent_at, g.code, c.attributes::text, {", ".join(f"c.{name}" for name in _NAMES)}
FROM customers_customer c
JOIN campaigns_delivery d ON d.customer_id = c.id AND d.state = 'sent' AND d.sent_at > %(since)s
JOIN campaigns_campaign k ON k.id = d.campaign_id AND k.channel = 'in_app'
    AND k.state IN ('sending', 'completed', 'completed_with_gaps')
JOIN consent_purpose p ON p.key = k.purpose_id
LEFT JOIN LATERAL (SELECT o.code FROM campaigns_givencode v JOIN campaigns_code o ON o.id = v.code_id
    WHERE v.campaign_id = d.campaign_id AND v.customer_id = d.customer_id) g ON true
WHERE c.status <> 'deleted' AND c.merged_into_id IS NULL AND c.gpc_first_seen_at IS NULL
    AND c.consent_mask & (1::bigint << p.bit) <> 0 AND (c.consent_until IS NULL OR c.consent_until > %(now)s)
    AND c.{{column}} = %(user)s
ORDER BY d.sent_at DESC, d.id DESC LIMIT {MOST}
"""  # noqa: S608


def messages_for(*, user: str, signal: bool, now: datetime) -> list[dict[str, Any]]:
    """The latest messages of running and completed campaigns for this person, at most MOST of the last SHOWN_FOR.

    Permission is read now: [] without it, with a Global Privacy Control signal, and for people we do not know. A
    message that cannot be written for the person is left out.
    """
    if signal:
        return []
    column = "public_id" if is_public_id(user, "cus") else "external_id"
    parameters = {"user": user, "since": now - SHOWN_FOR, "now": now}
    rows = direct.run(statement=_WAITING.replace("{column}", column), parameters=parameters)
    found = Campaign.objects.filter(pk__in={row[1] for row in rows}).select_related("promotion__offer")
    campaigns = {row.pk: row for row in found} if rows else {}
    return [shown for row in rows if (shown := _shown(campaigns[row[1]], row, now))]


def _shown(campaign: Campaign, row: tuple[Any, ...], now: datetime) -> dict[str, Any] | None:
    number, _, sent_at, code, attributes, *values = row
    customer = Customer(**dict(zip(_NAMES, values, strict=True)), attributes=json.loads(attributes))
    try:
        words = Writer(campaign, use_of(campaign.purpose_id)).shown(customer, offer=_offer(campaign, code, now))
    except TemplateFault:
        return None
    return {
        "id": str(number),
        "campaignId": campaign.public_id,
        "title": words.subject,
        "html": words.html,
        "text": words.text,
        "sentAt": sent_at,
    }


def _offer(campaign: Campaign, code: str | None, now: datetime) -> Words | None:
    """What it says of the offer while the code can be redeemed."""
    promotion = campaign.promotion
    return offer_words(promotion, code) if code and promotion and is_running(promotion, now) else None
