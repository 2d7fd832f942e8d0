"""What the addresses of offers and promotions take and answer, as the schema shows it."""

from rest_framework import serializers

from campaigns.rules.offers import OfferKind, PromotionState

_KINDS = f"One of {', '.join(OfferKind.values)}."


class OfferChangeSerializer(serializers.Serializer[object]):
    """What may change while no promotion that makes the offer was started."""

    key = serializers.SlugField(max_length=60, required=False)
    name = serializers.CharField(max_length=120, required=False)
    description = serializers.CharField(max_length=300, required=False, allow_blank=True)
    kind = serializers.CharField(required=False, help_text=_KINDS)
    value = serializers.DecimalField(
        max_digits=8, decimal_places=2, required=False, allow_null=True, help_text="Percentage or amount."
    )
    currency = serializers.CharField(max_length=3, required=False)


class OfferInputSerializer(OfferChangeSerializer):
    """A new offer."""

    key = serializers.SlugField(max_length=60)
    name = serializers.CharField(max_length=120)
    kind = serializers.CharField(help_text=_KINDS)


class OfferSerializer(OfferInputSerializer):
    """An offer: what a customer gets."""

    id = serializers.CharField()
    description = serializers.CharField()
    value = serializers.DecimalField(max_digits=14, decimal_places=2, allow_null=True)
    currency = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class VariantSerializer(serializers.Serializer[object]):
    """One variant; weights are relative."""

    key = serializers.CharField(max_length=20)
    weight = serializers.IntegerField(required=False, min_value=1, max_value=10_000)
    content = serializers.DictField(required=False)


class PromotionChangeSerializer(serializers.Serializer[object]):
    """What may change; key, offer and variants only before the promotion was started."""

    key = serializers.SlugField(max_length=60, required=False)
    name = serializers.CharField(max_length=120, required=False)
    offer = serializers.CharField(required=False, help_text="Id or key of the offer.")
    begins_at = serializers.DateTimeField(required=False, allow_null=True)
    ends_at = serializers.DateTimeField(required=False, allow_null=True)
    priority = serializers.IntegerField(required=False, min_value=0, max_value=1_000, help_text="Lowest first.")
    segment = serializers.CharField(required=False, allow_blank=True, help_text="Slug; empty for everybody.")
    variants = VariantSerializer(many=True, required=False)
    max_redemptions = serializers.IntegerField(required=False, allow_null=True, min_value=1)
    per_customer = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=1_000)
    combines = serializers.BooleanField(required=False, help_text="Whether an order may use others beside it; true.")
    purpose = serializers.CharField(
        required=False, allow_blank=True, help_text="A purpose the customer must have agreed to."
    )


class PromotionInputSerializer(PromotionChangeSerializer):
    """A new promotion."""

    key = serializers.SlugField(max_length=60)
    name = serializers.CharField(max_length=120)
    offer = serializers.CharField()


class PromotionSerializer(serializers.Serializer[object]):
    """A promotion: an offer made for a time, in up to eight variants."""

    id = serializers.CharField()
    key = serializers.CharField()
    name = serializers.CharField()
    offer = serializers.CharField()
    state = serializers.ChoiceField(choices=PromotionState.values)
    begins_at = serializers.DateTimeField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True)
    priority = serializers.IntegerField()
    segment = serializers.CharField(allow_null=True)
    variants = VariantSerializer(many=True)
    max_redemptions = serializers.IntegerField(allow_null=True)
    per_customer = serializers.IntegerField(allow_null=True)
    combines = serializers.BooleanField()
    purpose = serializers.CharField(allow_null=True)
    redeemed = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class CodesInputSerializer(serializers.Serializer[object]):
    """How many codes, how often each redeems."""

    number = serializers.IntegerField(required=False, min_value=1, max_value=10_000)
    max_redemptions = serializers.IntegerField(required=False, min_value=1, max_value=1_000_000)
    prefix = serializers.CharField(required=False, max_length=12, allow_blank=True)


class CodeSerializer(serializers.Serializer[object]):
    """A code and how much of it is used."""

    code = serializers.CharField()
    max_redemptions = serializers.IntegerField()
    redeemed = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class CodesSerializer(serializers.Serializer[object]):
    """The codes that were made."""

    codes = CodeSerializer(many=True)


class ReserveInputSerializer(serializers.Serializer[object]):
    """A use of a code for an order under way."""

    code = serializers.CharField(max_length=40)
    userId = serializers.CharField(max_length=100)  # noqa: N815
    orderId = serializers.CharField(max_length=100)  # noqa: N815
    minutes = serializers.IntegerField(min_value=1, max_value=60, default=15)


class ReservationSerializer(serializers.Serializer[object]):
    """A use that is kept until it expires."""

    id = serializers.CharField()
    code = serializers.CharField()
    promotion = serializers.CharField()
    orderId = serializers.CharField()  # noqa: N815
    expiresAt = serializers.DateTimeField()  # noqa: N815


class RedeemInputSerializer(serializers.Serializer[object]):
    """A code at the checkout."""

    code = serializers.CharField(max_length=40)
    userId = serializers.CharField(max_length=100)  # noqa: N815
    orderId = serializers.CharField(max_length=100, required=False)  # noqa: N815


class RedemptionSerializer(serializers.Serializer[object]):
    """One use of a code."""

    id = serializers.CharField()
    code = serializers.CharField()
    promotion = serializers.CharField()
    userId = serializers.CharField()  # noqa: N815
    orderId = serializers.CharField(allow_null=True)  # noqa: N815
    redeemedAt = serializers.DateTimeField()  # noqa: N815
