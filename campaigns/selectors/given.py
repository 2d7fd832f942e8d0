"""The offer of a campaign: who may have it, what words say of it, whose code is whose."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from campaigns.models import Campaign, GivenCode, Promotion, Redemption, Reservation
from campaigns.rules.offers import PromotionState, is_open, worth
from consent.selectors.decisions import use_of
from customers.models import Customer, SegmentMember

SAMPLE_CODE: Final = "SAMPLE-CODE"
"""Shown in previews and tests; nobody can redeem it: real codes have ten letters and digits after a hyphen."""
SAMPLE_OFFER: Final[Mapping[str, str]] = {
    "name": "Name of the offer",
    "code": SAMPLE_CODE,
    "value": "10 %",
    "ends_on": "2030-12-31",
}
Words = Mapping[str, str]


def offered_promotions() -> list[Promotion]:
    """Promotions that a campaign can be written for, by name; at most 500."""
    return list(Promotion.objects.exclude(state=PromotionState.ENDED).order_by("name", "pk")[:500])


def is_running(promotion: Promotion, now: datetime) -> bool:
    """Whether its codes can be redeemed at this instant."""
    return promotion.state == PromotionState.ACTIVE and is_open(promotion.begins_at, promotion.ends_at, now)


def meant_for(promotion: Promotion, customers: Collection[int], now: datetime) -> frozenset[int]:
    """Who of these people is in the segment it is for and has given the permission that it asks for."""
    if promotion.segment_id is None and not promotion.purpose:
        return frozenset(customers)
    people = Customer.objects.filter(pk__in=customers)
    if promotion.segment_id is not None:
        inside = SegmentMember.objects.filter(version__current_of=promotion.segment_id, customer=OuterRef("pk"))
        people = people.filter(Exists(inside))
    if promotion.purpose:
        agreed = people.alias(agreed=F("consent_mask").bitand(use_of(promotion.purpose).mask)).exclude(agreed=0)
        people = agreed.filter(Q(consent_until=None) | Q(consent_until__gt=now))
    return frozenset(people.values_list("pk", flat=True))


def entitled(promotion: Promotion, customers: Collection[int], now: datetime) -> frozenset[int]:
    """Who of these people could redeem a code of it at this instant; nobody unless it is running."""
    if not is_running(promotion, now):
        return frozenset()
    found = meant_for(promotion, customers, now)
    if promotion.per_customer is None or not found:
        return found
    had: dict[int, int] = {}
    for model in (Redemption, Reservation):
        rows = model._default_manager.filter(promotion=promotion, customer__in=found).values_list("customer")
        for customer, times in rows.annotate(times=Count("pk")).order_by("customer"):
            had[customer] = had.get(customer, 0) + times
    return frozenset(pk for pk in found if had.get(pk, 0) < promotion.per_customer)


def offer_words(promotion: Promotion, code: str) -> Words:
    """What words may say of the offer; `promotion` has its offer loaded."""
    offer, zone = promotion.offer, ZoneInfo(settings.COMPANY_TIME_ZONE)
    ends = promotion.ends_at.astimezone(zone).date().isoformat() if promotion.ends_at else ""
    worth_words = worth(offer.kind, offer.value, offer.currency)
    return {"name": offer.name, "code": code, "value": worth_words, "ends_on": ends}


def offers_of(campaign: Campaign, customers: Sequence[int], now: datetime) -> dict[int, Words]:
    """By person what the message says of the offer whose code she was given, as long as it can be redeemed."""
    promotion = promotion_of(campaign)
    if promotion is None or not is_running(promotion, now):
        return {}
    rows = GivenCode.objects.filter(campaign=campaign, customer__in=customers)
    return {pk: offer_words(promotion, code) for pk, code in rows.values_list("customer_id", "code__code") if pk}


def sample_offer(campaign: Campaign, customer: Customer, now: datetime) -> Words | None:
    """The offer as a preview shows it: with a sample code for whoever it is meant for, None for anybody else."""
    promotion = promotion_of(campaign)
    if promotion is None or customer.pk not in meant_for(promotion, [customer.pk], now):
        return None
    return offer_words(promotion, SAMPLE_CODE)


def promotion_of(campaign: Campaign) -> Promotion | None:
    """The promotion whose codes it gives, as it is now, with its offer."""
    if campaign.promotion_id is None:
        return None
    return Promotion.objects.select_related("offer").get(pk=campaign.promotion_id)


def offer_problems(campaign: Campaign, people: int, now: datetime) -> list[str]:
    """Why so many people cannot be promised the offer; [] when they can, or none is promised."""
    promotion = promotion_of(campaign)
    if promotion is None:
        return []
    found = []
    if not is_running(promotion, max(campaign.send_at or now, now)):
        found.append(f"The promotion “{promotion.name}” is not running when the message leaves.")
    left = None if promotion.max_redemptions is None else promotion.max_redemptions - promotion.redeemed
    if left is not None and left < people:
        found.append(
            f"The promotion “{promotion.name}” can be redeemed {left:,} more times; {people:,} people would get a code."
        )
    return found


def campaigns_giving(promotion: Promotion) -> list[Campaign]:
    """Campaigns whose messages give its codes, newest first; at most 20."""
    return list(Campaign.objects.filter(promotion=promotion).order_by("-created_at", "-pk")[:20])


def codes_given(campaign: Campaign) -> dict[str, int]:
    """How many codes its messages gave, and how many of those were redeemed or are kept for an order."""
    rows: QuerySet[GivenCode] = GivenCode.objects.filter(campaign=campaign)
    return rows.aggregate(given=Count("pk"), used=Count("pk", filter=Q(code__redeemed__gt=0)))
