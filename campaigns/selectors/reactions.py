"""What became of messages after they were sent, for many campaigns at once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from campaigns.models import Campaign, Delivery
from campaigns.rules.content.blocks import numbered_links
from campaigns.rules.deliveries import DeliveryState
from campaigns.rules.reactions import Reactions, add_up
from campaigns.selectors.tallies import added, by_fact, kept_tallies


@dataclass(frozen=True, slots=True)
class Measured:
    """A message whose person agreed to be measured: public ids, when it left, how many different links it has."""

    campaign: str
    customer: str
    sent_at: datetime | None
    links: int


def reactions_of(campaigns: Sequence[Campaign], *, exact: bool = False) -> dict[int, Reactions]:
    """Opens and clicks of the messages of each campaign that left; one query. Rows removed for their age count too.

    Of large ones what was counted last, unless `exact`; two queries then.
    """
    found: dict[int, list[tuple[int | None, int | None, int]]] = {row.pk: [] for row in campaigns}
    kept = {} if exact else kept_tallies(campaigns)
    for pk, tallies in kept.items():
        counted = added(tallies, "state", "tracked", "opened", "clicked").items()
        found[pk] = [(*key[2:], messages) for key, messages in counted if key[:2] == (DeliveryState.SENT, True)]
    others = [pk for pk in found if pk not in kept]
    left = Delivery.objects.filter(campaign__in=others, tracked=True, state=DeliveryState.SENT)
    rows = left.values_list("campaign_id", "opened", "clicked")
    for pk, opened, clicked, messages in rows.annotate(messages=Count("pk")).order_by("campaign_id"):
        found[pk].append((opened, clicked, messages))
    return {row.pk: add_up(found[row.pk], row.reactions) for row in campaigns}


def outcomes_of(campaigns: Sequence[Campaign], *, exact: bool = False) -> dict[int, dict[str, int]]:
    """What became of the messages of each campaign, by outcome; one query. Rows removed for their age still count.

    Of large ones what was counted last, unless `exact`; two queries then.
    """
    found: dict[int, dict[str, int]] = {row.pk: dict(row.outcomes) for row in campaigns}
    kept = {} if exact else kept_tallies(campaigns)
    found |= {pk: dict(by_fact(tallies, "outcome")) for pk, tallies in kept.items()}
    others = Delivery.objects.filter(campaign__in=[pk for pk in found if pk not in kept]).exclude(outcome="")
    rows = others.values_list("campaign_id", "outcome")
    for pk, outcome, messages in rows.annotate(messages=Count("pk")).order_by("campaign_id", "outcome"):
        found[pk][outcome] = found[pk].get(outcome, 0) + messages
    return found


def measured_deliveries(ids: Collection[int]) -> dict[int, Measured]:
    """Those of these deliveries that may be measured and still have a person; two queries."""
    rows = list(
        Delivery.objects.filter(pk__in=ids, tracked=True, customer__isnull=False).values_list(
            "pk", "campaign_id", "customer__public_id", "sent_at"
        )
    )
    campaigns = {
        pk: (public_id, len(numbered_links(sealed or body)))
        for pk, public_id, body, sealed in Campaign.objects.filter(pk__in={row[1] for row in rows}).values_list(
            "pk", "public_id", "body", "sealed_body"
        )
    }
    return {
        pk: Measured(campaigns[campaign][0], customer, sent_at, campaigns[campaign][1])
        for pk, campaign, customer, sent_at in rows
    }
