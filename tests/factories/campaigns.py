"""Campaigns in every state, to people who agreed to e-mail."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from campaigns.models import Campaign, Promotion
from campaigns.services.approval import approve_campaign, submit_campaign
from campaigns.services.campaigns import define_campaign
from campaigns.services.offers import define_offer, define_promotion, make_codes, move_promotion
from campaigns.services.running import build_audience, launch_campaign
from core.actors import SYSTEM, Actor, ActorKind
from customers.models import Customer, Segment, SegmentKind
from customers.services.segments import change_members, define_segment
from tests.factories.consent import make_person

AUTHOR = Actor(kind=ActorKind.STAFF, id="usr_author")
READER = Actor(kind=ActorKind.STAFF, id="usr_reader")
BODY = 'Hello {{ customer.first_name | default: "there" }},\n\n[Have a look](https://shop.example.com/spring)'


def make_audience(people: Sequence[Customer], now: datetime | None = None) -> Segment:
    """A list of these people."""
    at = now or timezone.now()
    number = Segment.objects.count()
    segment = define_segment(name=f"Audience {number}", kind=SegmentKind.STATIC, by=SYSTEM, now=at)
    return change_members(segment=segment, add=[person.pk for person in people], by=SYSTEM, now=at)


def make_people(number: int, **facts: Any) -> list[Customer]:
    """So many people who agreed to e-mail, each with an address."""
    start = Customer.objects.count()
    return [make_person(email=f"person{start + n}@example.com", first_name=f"P{n}", **facts) for n in range(number)]


def make_campaign(people: Sequence[Customer] = (), now: datetime | None = None, **values: Any) -> Campaign:
    """A draft to these people, or to a list of one."""
    at = now or timezone.now()
    include = [make_audience(people or make_people(1), at).slug] if "include" not in values else values.pop("include")
    wanted = {"name": "Spring", "purpose": "marketing_email", "subject": "Spring is here", "body": BODY}
    return define_campaign(values={**wanted, "include": include, **values}, by=AUTHOR, now=at)


def approved(campaign: Campaign, now: datetime | None = None) -> Campaign:
    """The draft, read and approved by somebody else."""
    at = now or timezone.now()
    submit_campaign(campaign=campaign, by=AUTHOR, now=at)
    return approve_campaign(campaign=campaign, by=READER, now=at)


def launched(campaign: Campaign, now: datetime | None = None) -> Campaign:
    """The draft approved, launched, its audience built: ready for workers."""
    at = now or timezone.now()
    launch_campaign(campaign=approved(campaign, at), by=AUTHOR, now=at)
    build_audience(campaign_id=campaign.pk, now=at)
    campaign.refresh_from_db()
    return campaign


def campaign_example() -> dict[str, str]:
    """The address of a draft."""
    return {"public_id": make_campaign().public_id}


def launched_example() -> dict[str, str]:
    """The address of a campaign whose audience is built."""
    return {"public_id": launched(make_campaign()).public_id}


def make_promotion(*, active: bool = True, **values: Any) -> Promotion:
    """A promotion of 20 % in two even variants."""
    number, at = Promotion.objects.count(), timezone.now()
    offer = define_offer(
        values={"key": f"offer-{number}", "name": "20 % off", "kind": "percent", "value": 20}, by=AUTHOR, now=at
    )
    variants = [{"key": key, "weight": 1, "content": {"headline": f"Variant {key}"}} for key in ("A", "B")]
    wanted = {"key": f"promotion-{number}", "name": "Spring", "offer": offer.key, "variants": variants}
    promotion = define_promotion(values={**wanted, **values}, by=AUTHOR, now=at)
    return move_promotion(promotion=promotion, to="active", by=AUTHOR, now=at) if active else promotion


def offer_example() -> dict[str, str]:
    """The address of an offer."""
    return {"key": make_promotion(active=False).offer.key}


def promotion_example() -> dict[str, str]:
    """The address of a running promotion with codes."""
    promotion = make_promotion()
    make_codes(promotion=promotion, number=3, by=AUTHOR, now=timezone.now())
    return {"key": promotion.key}


def draft_promotion_example() -> dict[str, str]:
    """The address of a promotion that was not started."""
    return {"key": make_promotion(active=False).key}
