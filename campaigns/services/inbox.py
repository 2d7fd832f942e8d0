"""Messages of campaigns that pages and apps show: asked for by a person's id, written when they are asked for."""

import json
from datetime import datetime, timedelta
from typing import Any, Final

from campaigns.models import Campaign
from campaigns.rules.content.templates import TemplateFault
from campaigns.services.messages import Writer
from consent.selectors.decisions import use_of
from core.ids import is_public_id
from customers.models import Customer
from customers.selectors import direct

SHOWN_FOR: Final = timedelta(days=30)
MOST: Final = 5
_NAMES: Final = ("first_name", "last_name", "country", "region", "language", "orders_count")
_WAITING: Final = f"""
SELECT d.id, d.campaign_id, d.sent_at, c.attributes::text, {", ".join(f"c.{name}" for name in _NAMES)}
FROM customers_customer c
JOIN campaigns_delivery d ON d.customer_id = c.id AND d.state = 'sent' AND d.sent_at > %(since)s
JOIN campaigns_campaign k ON k.id = d.campaign_id AND k.channel = 'in_app'
    AND k.state IN ('sending', 'completed', 'completed_with_gaps')
JOIN consent_purpose p ON p.key = k.purpose_id
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
    campaigns = {row.pk: row for row in Campaign.objects.filter(pk__in={row[1] for row in rows})} if rows else {}
    return [shown for row in rows if (shown := _shown(campaigns[row[1]], row))]


def _shown(campaign: Campaign, row: tuple[Any, ...]) -> dict[str, Any] | None:
    number, _, sent_at, attributes, *values = row
    customer = Customer(**dict(zip(_NAMES, values, strict=True)), attributes=json.loads(attributes))
    try:
        words = Writer(campaign, use_of(campaign.purpose_id)).shown(customer)
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
