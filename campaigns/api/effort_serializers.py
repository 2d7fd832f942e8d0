"""What a campaign cost and saved, and how fast it came about, as the schema shows it."""

from rest_framework import serializers

from campaigns.rules.sparing import KINDS


class ReturnsSerializer(serializers.Serializer[object]):
    """Cost, revenue and what follows from them; null before the launch or where nothing divides."""

    cost = serializers.FloatField(allow_null=True)
    revenue = serializers.FloatField(allow_null=True)
    cpa = serializers.FloatField(allow_null=True, help_text="Cost for each customer who bought.")
    cac = serializers.FloatField(allow_null=True, help_text="Cost for each who bought for the first time.")
    roas = serializers.FloatField(allow_null=True, help_text="Revenue for each unit spent.")
    roi = serializers.FloatField(allow_null=True, help_text="From incremental revenue; needs people held out.")


class PaceSerializer(serializers.Serializer[object]):
    """How fast a campaign came about and was decided on; null where it has not come that far."""

    iteration = serializers.IntegerField(help_text="1; of a copy one more than of what was copied.")
    origin = serializers.CharField(allow_null=True, help_text="The campaign it is a copy of.")
    versions = serializers.IntegerField(help_text="How many times its draft was saved differently, and once more.")
    submitted = serializers.IntegerField(help_text="How many times it was handed in, by the audit trail.")
    sent_back = serializers.IntegerField()
    drafted_at = serializers.DateTimeField()
    submitted_at = serializers.DateTimeField(allow_null=True)
    approved_at = serializers.DateTimeField(allow_null=True)
    launched_at = serializers.DateTimeField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    decision = serializers.ChoiceField(
        choices=["promoted", "copied", "cancelled", "archived"],
        allow_null=True,
        help_text="What happened first after the launch.",
    )
    seconds_to_launch = serializers.FloatField(allow_null=True)
    seconds_in_review = serializers.FloatField(allow_null=True)
    seconds_to_decision = serializers.FloatField(allow_null=True)


class GivenCodesSerializer(serializers.Serializer[object]):
    """Codes that the messages gave; both are 0 without a promotion."""

    given = serializers.IntegerField()
    used = serializers.IntegerField(help_text="Redeemed, or kept for an order.")


class SparedKindSerializer(serializers.Serializer[object]):
    """One kind."""

    kind = serializers.ChoiceField(choices=list(KINDS))
    messages = serializers.IntegerField()
    cost = serializers.FloatField()


class SparedSerializer(serializers.Serializer[object]):
    """Messages that were not sent on purpose: no permission, suppression, limits, goals, the same person twice."""

    messages = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True, help_text="Of the audience.")
    cost = serializers.FloatField(help_text="What they would have cost, in `currency`.")
    by_kind = SparedKindSerializer(many=True)
