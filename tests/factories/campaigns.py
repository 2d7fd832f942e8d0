"""Campaigns in every state, to people who agreed to e-mail."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from campaigns.models import BudgetGuard, BudgetRaise, Campaign, Delivery, Promotion
from campaigns.rules.reactions import Verdict
from campaigns.services.approval import approve_campaign, submit_campaign
from campaigns.services.budgets import set_guard
from campaigns.services.campaigns import define_campaign
from campaigns.services.offers import define_offer, define_promotion, make_codes, move_promotion
from campaigns.services.running import build_audience, close_campaign, launch_campaign
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


def piloted(people: int = 6, now: datetime | None = None, **values: Any) -> Campaign:
    """A pilot to half of so many people, all of them sent to."""
    at = now or timezone.now()
    campaign = launched(make_campaign(make_people(people), at, **{"pilot_percent": 50, **values}), at)
    Delivery.objects.filter(campaign=campaign, state="queued").update(state="sent", sent_at=at)
    close_campaign(campaign_id=campaign.pk, now=at)
    campaign.refresh_from_db()
    return campaign


def pilot_example() -> dict[str, str]:
    """The address of a pilot that is over."""
    return {"public_id": piloted().public_id}


def guarded(campaign: Campaign, now: datetime | None = None, **limits: Any) -> BudgetGuard:
    """Its budget may be raised twice by 50, unless told otherwise."""
    values = {"step": 50, "ceiling": 200, **limits}
    return set_guard(campaign=campaign, values=values, by=READER, now=now or timezone.now())


def click(campaign: Campaign, number: int, at: datetime, verdict: int = Verdict.HUMAN) -> None:
    """So many messages of the campaign that nobody had clicked were clicked then."""
    fresh = Delivery.objects.filter(campaign=campaign, clicked__isnull=True).values("pk")[:number]
    Delivery.objects.filter(pk__in=list(fresh.values_list("pk", flat=True))).update(
        tracked=True, opened=verdict, clicked=verdict, opened_at=at, clicked_at=at
    )


def budget_example() -> dict[str, str]:
    """The address of a campaign whose budget may be raised."""
    campaign = launched(make_campaign(budget=100))
    guarded(campaign)
    return {"public_id": campaign.public_id}


def raise_example() -> dict[str, str]:
    """The address of a raise of a budget."""
    found = budget_example()
    row = BudgetRaise.objects.create(
        public_id=BudgetRaise.new_public_id(),
        campaign=Campaign.objects.get(public_id=found["public_id"]),
        before=50,
        after=100,
        clicks=60,
        usual=5.0,
        at=timezone.now(),
    )
    return {**found, "raise_id": row.public_id}


def raised_example() -> dict[str, str]:
    """The address of a campaign whose budget was raised."""
    return {"public_id": raise_example()["public_id"]}


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
