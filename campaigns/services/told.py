"""Messages of campaigns over the channel webhook: told as facts with ids alone, written when they leave."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction

from campaigns.models import Campaign, Channel, Delivery
from campaigns.rules.content.templates import TemplateFault
from campaigns.rules.deliveries import DeliveryState
from campaigns.rules.lifecycle import State
from campaigns.rules.outcomes import SENT, Outcome, away
from campaigns.selectors.audience import REASON
from campaigns.selectors.channels import MESSAGE_TOPIC, somebody_listens
from campaigns.selectors.given import offers_of
from campaigns.services.messages import Writer
from consent.selectors.catalogue import SERVICE_BIT
from consent.selectors.decisions import use_of
from consent.selectors.links import choices_until, unsubscribe_link
from core import outbox

_MAY: Final = f"""
SELECT d.id FROM campaigns_delivery d JOIN customers_customer c ON c.id = d.customer_id
WHERE d.id = ANY(%(deliveries)s) AND c.status <> 'deleted' AND c.merged_into_id IS NULL AND {REASON} = ''
"""  # noqa: S608
_GOES: Final = (State.SENDING, State.PAUSED, State.COMPLETED, State.COMPLETED_WITH_GAPS)
"""What was told before a pause still leaves: it is with the courier, and its row says so."""


@transaction.atomic
def tell_message(*, campaign: Campaign, delivery_id: int, person: str, attempts: int) -> Outcome:
    """The message is with the courier of webhooks; while no endpoint asks for messages it waits."""
    if not somebody_listens(MESSAGE_TOPIC):
        return replace(away(attempts), reason="no_endpoint")
    payload = {"campaign": campaign.public_id, "delivery": delivery_id}
    outbox.publish(topic=MESSAGE_TOPIC, subject=person, payload=payload)
    return SENT


def written_now(*, deliveries: Collection[int], now: datetime) -> dict[int, Mapping[str, str]]:
    """By delivery the words for its person, of those who may be written to at this moment, by campaigns not cancelled.

    Consent, suppression and restriction are read again: hours may have passed since the message was told.
    """
    rows = Delivery.objects.filter(
        pk__in=deliveries,
        state__in=[DeliveryState.SENDING, DeliveryState.SENT],
        campaign__channel=Channel.WEBHOOK,
        campaign__state__in=_GOES,
    )
    by_campaign: dict[Campaign, list[Delivery]] = {}
    for row in rows.select_related("campaign", "customer").order_by("pk"):
        by_campaign.setdefault(row.campaign, []).append(row)
    found: dict[int, Mapping[str, str]] = {}
    for campaign, own in by_campaign.items():
        found |= _written(campaign, own, now)
    return found


def _written(campaign: Campaign, rows: list[Delivery], now: datetime) -> dict[int, Mapping[str, str]]:
    use = use_of(campaign.purpose_id)
    values: dict[str, Any] = {
        "bit": use.mask,
        "service": 1 << SERVICE_BIT,
        "now": now,
        "purpose": use.id,
        "mailed": False,
    }
    with connection.cursor() as cursor:
        cursor.execute(_MAY, {"deliveries": [row.pk for row in rows], "now": now, **values})
        allowed = {pk for (pk,) in cursor.fetchall()}
    writer = Writer(campaign, use, choices_until(now))
    offers = offers_of(campaign, [row.customer_id for row in rows if row.customer_id], now)
    found: dict[int, Mapping[str, str]] = {}
    for row in rows:
        if row.pk not in allowed or row.customer is None:
            continue
        try:
            words = writer.shown(row.customer, offer=offers.get(row.customer.pk))
        except TemplateFault:
            continue
        way_out = unsubscribe_link(customer=row.customer, purpose=use)
        found[row.pk] = {"subject": words.subject, "html": words.html, "text": words.text, "unsubscribe": way_out}
    return found
