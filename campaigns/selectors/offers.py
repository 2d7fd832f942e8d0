"""Questions about offers, promotions and codes, and how partners see them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Max, Min, Q, QuerySet, Sum

from campaigns.models import Campaign, Code, Exposure, Offer, Promotion, Redemption
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


@dataclass(frozen=True, slots=True)
class OfferUse:
    """What the promotions of an offer come to.

    `begins`, `ends` and `cap` are those of all that have not ended; None is no bound. `full` says that these can be
    redeemed no more; `campaigns` give their codes.
    """

    promotions: int = 0
    open: int = 0
    begins: datetime | None = None
    ends: datetime | None = None
    cap: int | None = None
    redeemed: int = 0
    full: bool = False
    campaigns: int = 0


def uses_of(offers: Iterable[Offer]) -> dict[int, OfferUse]:
    """What became of each of these offers that a promotion makes; two queries."""
    keys = [offer.pk for offer in offers]
    going = ~Q(state=PromotionState.ENDED)
    rows = Promotion.objects.filter(offer__in=keys).values("offer").order_by("offer")
    sums = rows.annotate(
        number=Count("pk"),
        open=Count("pk", filter=going),
        early=Count("pk", filter=going & Q(begins_at=None)),
        begins=Min("begins_at", filter=going),
        late=Count("pk", filter=going & Q(ends_at=None)),
        ends=Max("ends_at", filter=going),
        free=Count("pk", filter=going & Q(max_redemptions=None)),
        cap=Sum("max_redemptions", filter=going),
        taken=Sum("redeemed"),
        left=Count("pk", filter=going & (Q(max_redemptions=None) | Q(redeemed__lt=F("max_redemptions")))),
    )
    given = Campaign.objects.filter(promotion__offer__in=keys).values("promotion__offer").order_by("promotion__offer")
    campaigns = dict(given.annotate(number=Count("pk")).values_list("promotion__offer", "number"))
    return {
        row["offer"]: OfferUse(
            promotions=row["number"],
            open=row["open"],
            begins=None if row["early"] else row["begins"],
            ends=None if row["late"] else row["ends"],
            cap=None if row["free"] else row["cap"],
            redeemed=row["taken"],
            full=bool(row["open"]) and not row["left"],
            campaigns=campaigns.get(row["offer"], 0),
        )
        for row in sums
    }


def campaigns_by_promotion(promotions: Iterable[Promotion]) -> dict[int, int]:
    """How many campaigns give the codes of each of these; one query."""
    rows = Campaign.objects.filter(promotion__in=[row.pk for row in promotions]).values("promotion")
    return dict(rows.annotate(number=Count("pk")).order_by("promotion").values_list("promotion", "number"))


def only_full(promotions: QuerySet[Promotion]) -> QuerySet[Promotion]:
    """Those that run and have nothing left to redeem."""
    return promotions.filter(state=PromotionState.ACTIVE, redeemed__gte=F("max_redemptions"))


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


def codes_like(codes: QuerySet[Code], *, beginning: str = "", use: str = "") -> QuerySet[Code]:
    """Those that begin with these letters, in any case, and were used so: `unused`, `partly` or `used_up`."""
    rows = codes.filter(code__startswith=beginning.upper()) if beginning else codes
    narrowed = {
        "unused": Q(redeemed=0),
        "partly": Q(redeemed__gt=0, redeemed__lt=F("max_redemptions")),
        "used_up": Q(redeemed=F("max_redemptions")),
    }
    return rows.filter(narrowed[use]) if use else rows


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
