"""Questions about campaigns: which there are, how far each is, what stands against launching one."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, QuerySet

from campaigns.models import Campaign, CampaignSegment, Channel, Delivery, Role
from campaigns.rules.budget import affordable, changed_much, cost_of
from campaigns.rules.content.templates import Offering
from campaigns.rules.deliveries import GAPS, OPEN, DeliveryState
from campaigns.rules.lifecycle import State
from campaigns.selectors.audience import Audience
from campaigns.selectors.channels import MESSAGE_TOPIC, somebody_listens
from campaigns.selectors.given import offer_problems
from campaigns.selectors.links import body_of, link_problems
from campaigns.selectors.tallies import added, by_fact, kept_tallies
from campaigns.selectors.templates import words_problems
from consent.rules import vocabulary
from consent.selectors.catalogue import catalogue
from core.actors import Actor
from core.errors import NotFound
from customers.selectors.segments.listing import health


def list_campaigns(*, include_archived: bool = False) -> QuerySet[Campaign]:
    """Every campaign that people wrote; archived ones on demand. Those behind automations are found by id only."""
    rows = Campaign.objects.select_related("purpose", "promotion", "change").filter(automation_message=None)
    return rows if include_archived else rows.exclude(state=State.ARCHIVED)


def find_campaign(public_id: str) -> Campaign:
    """The campaign with this id, archived or not; NotFound otherwise."""
    campaign = Campaign.objects.select_related("purpose", "promotion", "change").filter(public_id=public_id).first()
    if campaign is None:
        raise NotFound("There is no campaign with this id.")
    return campaign


def count_running() -> int:
    """How many campaigns are being sent or about to be."""
    running = [State.BUILDING_AUDIENCE, State.SENDING, State.PAUSED]
    return Campaign.objects.filter(state__in=running, automation_message=None).count()


def parts_of(campaigns: Iterable[Campaign]) -> dict[int, list[CampaignSegment]]:
    """The segments of each campaign with their current versions; one query."""
    found: dict[int, list[CampaignSegment]] = {}
    rows = CampaignSegment.objects.filter(campaign__in=[row.pk for row in campaigns])
    for part in rows.select_related("segment__current").order_by("segment__name"):
        found.setdefault(part.campaign_id, []).append(part)
    return found


def counts_of(campaigns: Sequence[Campaign], *, exact: bool = False) -> dict[int, dict[str, int]]:
    """How many deliveries of each campaign are in each state; one query. Rows removed for their age still count.

    Of large ones what was counted last, unless `exact`; two queries then.
    """
    found: dict[int, dict[str, int]] = {row.pk: dict(row.totals) for row in campaigns}
    kept = {} if exact else kept_tallies(campaigns)
    found |= {pk: dict(by_fact(tallies, "state")) for pk, tallies in kept.items()}
    rows = Delivery.objects.filter(campaign__in=[pk for pk in found if pk not in kept]).values_list(
        "campaign_id", "state"
    )
    for pk, state, people in rows.annotate(people=Count("pk")).order_by("campaign_id", "state"):
        found[pk][state] = found[pk].get(state, 0) + people
    return found


def reasons_of(campaign: Campaign) -> list[tuple[str, str, int]]:
    """(state, reason, people) of everybody with a reason, most first; of a large one as counted last."""
    if kept := kept_tallies([campaign]):
        counted = [(*key, people) for key, people in added(kept[campaign.pk], "state", "reason").items() if key[1]]
        return sorted(counted, key=lambda one: (-one[2], one[1]))[:50]
    rows = Delivery.objects.filter(campaign=campaign).exclude(reason="").values_list("state", "reason")
    return list(rows.annotate(people=Count("pk")).order_by("-people", "reason")[:50])


def list_deliveries(campaign: Campaign) -> QuerySet[Delivery]:
    """Every delivery with its customer, newest row first."""
    return Delivery.objects.filter(campaign=campaign).select_related("customer")


def email_purposes() -> list[tuple[str, str]]:
    """Key and name of the purposes that a marketing e-mail may rest on."""
    uses = catalogue().uses.values()
    return [
        (use.key, use.name)
        for use in uses
        if use.channel is vocabulary.Channel.EMAIL and use.kind is vocabulary.Purpose.MARKETING
    ]


def purposes_of(channel: str) -> list[tuple[str, str]]:
    """Key and name of the purposes that a message over this channel may rest on.

    What pages show to one person is personalisation, whatever it is about; over a webhook a system of yours delivers
    it by any way there is for marketing.
    """
    if channel == Channel.EMAIL:
        return email_purposes()
    kinds = {
        Channel.IN_APP.value: vocabulary.Purpose.PERSONALISATION,
        Channel.WEBHOOK.value: vocabulary.Purpose.MARKETING,
    }
    uses = catalogue().uses.values()
    return [(use.key, use.name) for use in uses if use.kind is kinds[channel]]


def words_faults(campaign: Campaign) -> list[str]:
    """What is wrong with subject and body; [] when they can be sent."""
    offering = Offering.PROMISED if campaign.promotion_id else Offering.NONE
    return words_problems(campaign.subject, campaign.final_body, offering)


def segment_problems(parts: Sequence[CampaignSegment], now: datetime) -> list[str]:
    """Why these segments cannot be sent to: nobody named, or one whose members cannot be trusted."""
    if not any(part.role == Role.INCLUDE for part in parts):
        return ["Choose at least one segment to send to."]
    words = {
        "failed": "could not be calculated the last time; its members may be wrong",
        "building": "has not been calculated yet",
        "stale": "was last calculated more than a day ago",
    }
    found = [(part.segment, health(part.segment, now)) for part in parts]
    return [f"The segment “{one.name}” {words[state]}. Calculate it again." for one, state in found if state in words]


def launch_problems(campaign: Campaign, audience: Audience, now: datetime) -> list[str]:
    """Everything that stands against launching, in sentences; [] when nothing does."""
    parts = parts_of([campaign]).get(campaign.pk, [])
    found = [*segment_problems(parts, now), *sending_problems(campaign, audience.reachable)]
    found += offer_problems(campaign, audience.reachable, now)
    if not found and not audience.reachable:
        found.append("Nobody in the audience may be written to.")
    if campaign.reviewed_people is not None and changed_much(campaign.reviewed_people, audience.total):
        found.append(
            f"The audience was {campaign.reviewed_people:,} people when it was reviewed and is {audience.total:,} now; "
            "have it reviewed again."
        )
    return found


def sending_problems(campaign: Campaign, messages: int) -> list[str]:
    """What stands against sending so many messages in all: words, links, purpose, who delivers them, budget."""
    found = [*words_faults(campaign), *link_problems(body_of(campaign))]
    if campaign.purpose_id not in catalogue().uses:
        found.append("The purpose of this campaign is no longer in use.")
    if campaign.channel == Channel.WEBHOOK and not somebody_listens(MESSAGE_TOPIC):
        found.append(f"No active webhook asks for {MESSAGE_TOPIC}: nobody would deliver its messages.")
    if not affordable(messages, campaign.cost_per_message, campaign.budget):
        cost = cost_of(messages, campaign.cost_per_message)
        found.append(f"It would cost {cost} {campaign.currency}; the budget is {campaign.budget}.")
    return found


def progress(campaign: Campaign, counts: Mapping[str, int]) -> dict[str, Any]:
    """The figures of a campaign: who is done, who is left, what it cost so far."""
    sent = counts.get(DeliveryState.SENT, 0)
    return {
        "people": campaign.people,
        "sent": sent,
        "open": sum(counts.get(state, 0) for state in OPEN),
        "skipped": counts.get(DeliveryState.SKIPPED, 0),
        "held_out": counts.get(DeliveryState.HELD_OUT, 0),
        "gaps": sum(counts.get(state, 0) for state in GAPS),
        "cost": cost_of(sent, campaign.cost_per_message) if campaign.cost_per_message else Decimal(0),
    }


def why_not_approve(campaign: Campaign, by: Actor) -> str:
    """Why this actor is not the second pair of eyes; empty for one who is."""
    own = str(by) in (campaign.submitted_by, campaign.owner)
    return "Somebody else has to approve this campaign: it is yours." if own else ""
