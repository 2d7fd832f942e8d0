"""Offers, the promotions that make them, their codes, who saw which variant, and what was redeemed."""

from django.db import models
from django.db.models import F, Q

from campaigns.rules.offers import OfferKind, PromotionState
from core.models.base import PublicId, TimeStamped
from customers.models import Customer, Segment


class Offer(PublicId, TimeStamped):
    """What a customer gets; `value` is a percentage or an amount in `currency`."""

    id_prefix = "off"

    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    description = models.CharField(max_length=300, default="", blank=True)
    kind = models.CharField(max_length=20, choices=OfferKind)
    value = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    currency = models.CharField(max_length=3, default="EUR")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(kind__in=OfferKind.values), name="offer_kind_known")]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="offer_newest"),
            models.Index(fields=["updated_at", "id"], name="offer_by_update"),
        ]


class Promotion(PublicId, TimeStamped):
    """An offer made for a time, to everybody or to a segment, in up to eight variants.

    `variants` is a list of {key, weight, content}; it and `public_id`, the seed of the hash, never change once the
    promotion was active, so that nobody changes sides. `redeemed` counts against `max_redemptions`, with what is
    reserved. One that does not combine is the only one of an order. `purpose` is the key of a purpose the customer must
    have agreed to, '' for none.
    """

    id_prefix = "prm"

    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="promotions")
    state = models.CharField(max_length=10, choices=PromotionState, default=PromotionState.DRAFT)
    begins_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    priority = models.PositiveSmallIntegerField(default=100)
    segment = models.ForeignKey(Segment, null=True, on_delete=models.PROTECT, related_name="+")
    variants = models.JSONField(default=list)
    max_redemptions = models.PositiveIntegerField(null=True)
    per_customer = models.PositiveIntegerField(null=True)
    combines = models.BooleanField(default=True, db_default=True)
    purpose = models.CharField(max_length=40, default="", db_default="", blank=True)
    redeemed = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=PromotionState.values), name="promotion_state_known"),
            models.CheckConstraint(
                condition=Q(max_redemptions__isnull=True) | Q(redeemed__lte=F("max_redemptions")),
                name="promotion_within_its_limit",
            ),
            models.CheckConstraint(
                condition=Q(begins_at__isnull=True) | Q(ends_at__isnull=True) | Q(begins_at__lt=F("ends_at")),
                name="promotion_begins_before_it_ends",
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="promotion_newest"),
            models.Index(fields=["updated_at", "id"], name="promotion_by_update"),
        ]


class Code(models.Model):
    """A word that redeems a promotion so many times; stored in capitals."""

    id = models.BigAutoField(primary_key=True)
    promotion = models.ForeignKey(Promotion, on_delete=models.CASCADE, related_name="codes")
    code = models.CharField(max_length=40, unique=True)
    max_redemptions = models.PositiveIntegerField(default=1)
    redeemed = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(redeemed__lte=F("max_redemptions")), name="code_within_its_limit")
        ]

    def __str__(self) -> str:
        return self.code


class Redemption(PublicId):
    """A code used by a customer for an order; once an order."""

    id_prefix = "red"

    code = models.ForeignKey(Code, on_delete=models.PROTECT, related_name="redemptions")
    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(
        Customer, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    order_id = models.CharField(max_length=100, default="")
    redeemed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["promotion", "order_id"], condition=~Q(order_id=""), name="redemption_once_an_order"
            )
        ]
        indexes = [
            models.Index(fields=["promotion", "customer"], name="redemption_of_customer"),
            models.Index(fields=["redeemed_at"], name="redemption_by_age"),
            models.Index(fields=["order_id"], name="redemption_of_order", condition=~Q(order_id="")),
        ]


class Reservation(PublicId):
    """A use of a code kept for an order until `expires_at`; it counts as if it were redeemed."""

    id_prefix = "rsv"

    code = models.ForeignKey(Code, on_delete=models.PROTECT, related_name="reservations")
    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    order_id = models.CharField(max_length=100)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["promotion", "order_id"], name="reservation_once_an_order")]
        indexes = [
            models.Index(fields=["order_id"], name="reservation_of_order"),
            models.Index(fields=["expires_at"], name="reservation_by_end"),
        ]


class Exposure(PublicId):
    """Who was shown which variant of a promotion first, and when: the only denominator of its results."""

    id_prefix = "exp"

    promotion = models.ForeignKey(Promotion, on_delete=models.CASCADE, db_index=False, related_name="exposures")
    customer = models.ForeignKey(
        Customer, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    variant = models.CharField(max_length=20)
    shown_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["promotion", "customer"], name="exposure_once")]
        indexes = [models.Index(fields=["shown_at"], name="exposure_by_age")]
