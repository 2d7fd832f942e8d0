"""Questions about offers, promotions and codes, and how partners see them."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, QuerySet

from campaigns.models import Code, Exposure, Offer, Promotion, Redemption
from campaigns.rules.offers import PromotionState
from core.errors import NotFound


def list_offers() -> QuerySet[Offer]:
    """Every offer."""
    return Offer.objects.all()


def find_offer(reference: str) -> Offer:
    """The offer with this public id or key; NotFound otherwise."""
    named = {"public_id": reference} if reference.startswith("off_") else {"key": reference}
    offer = Offer.objects.filter(**named).first()
    if offer is None:
        raise NotFound("There is no offer with this id or key.")
    return offer


def promotions_by_offer(offers: Iterable[Offer]) -> dict[int, int]:
    """How many promotions make each of these offers; one query."""
    rows = Promotion.objects.filter(offer__in=[offer.pk for offer in offers]).values("offer")
    return dict(rows.annotate(number=Count("pk")).order_by("offer").values_list("offer", "number"))


def list_promotions() -> QuerySet[Promotion]:
    """Every promotion with its offer and segment."""
    return Promotion.objects.select_related("offer", "segment")


def find_promotion(reference: str) -> Promotion:
    """The promotion with this public id or key; NotFound otherwise."""
    named = {"public_id": reference} if reference.startswith("prm_") else {"key": reference}
    promotion = list_promotions().filter(**named).first()
    if promotion is None:
        raise NotFound("There is no promotion with this id or key.")
    return promotion


def count_active() -> int:
    """How many promotions are running."""
    return Promotion.objects.filter(state=PromotionState.ACTIVE).count()


def list_codes(promotion: Promotion) -> QuerySet[Code]:
    """Every code of a promotion."""
    return Code.objects.filter(promotion=promotion)


def shown_of(promotion: Promotion) -> list[tuple[str, int, int]]:
    """(variant, people it was shown to first, how many of them redeemed), in the order of the variants."""
    rows = Exposure.objects.filter(promotion=promotion).values_list("variant")
    shown = dict(rows.annotate(people=Count("pk")))
    buyers = Redemption.objects.filter(promotion=promotion, customer__isnull=False).values("customer")
    took = dict(
        Exposure.objects.filter(promotion=promotion, customer__in=buyers)
        .values_list("variant")
        .annotate(people=Count("pk"))
    )
    return [(one["key"], shown.get(one["key"], 0), took.get(one["key"], 0)) for one in promotion.variants]


def offer_answer(offer: Offer) -> dict[str, Any]:
    """An offer; `value` is a percentage or an amount in `currency`."""
    return {
        "id": offer.public_id,
        "key": offer.key,
        "name": offer.name,
        "description": offer.description,
        "kind": offer.kind,
        "value": None if offer.value is None else float(offer.value),
        "currency": offer.currency,
        "created_at": offer.created_at,
        "updated_at": offer.updated_at,
    }


def promotion_answer(promotion: Promotion) -> dict[str, Any]:
    """A promotion; `promotion` has its offer and segment loaded."""
    return {
        "id": promotion.public_id,
        "key": promotion.key,
        "name": promotion.name,
        "offer": promotion.offer.key,
        "state": promotion.state,
        "begins_at": promotion.begins_at,
        "ends_at": promotion.ends_at,
        "priority": promotion.priority,
        "segment": promotion.segment.slug if promotion.segment else None,
        "variants": promotion.variants,
        "max_redemptions": promotion.max_redemptions,
        "per_customer": promotion.per_customer,
        "combines": promotion.combines,
        "purpose": promotion.purpose or None,
        "redeemed": promotion.redeemed,
        "created_at": promotion.created_at,
        "updated_at": promotion.updated_at,
    }
