"""What reports answer: divisions of orders, campaigns with who bought, and their groups."""

from rest_framework import serializers

from campaigns.rules.statistics.verdicts import Verdict
from core.models.jobs import JobState
from engagement.rules.attribution import Model
from engagement.rules.report_groups import CHANNELS, GROUPS, MOST_CAMPAIGNS, WAYS


class GroupFactsSerializer(serializers.Serializer[object]):
    """What the lines of a group have in common; only what the report was divided by is there."""

    campaign = serializers.CharField(required=False, help_text="As events name it; `direct` for none.")
    name = serializers.CharField(required=False, allow_null=True, help_text="Of a campaign of ours.")
    channel = serializers.CharField(required=False, help_text=f"One of {', '.join(WAYS[CHANNELS])}.")
    purpose = serializers.CharField(
        required=False, allow_blank=True, help_text="'' for what is not a campaign of ours."
    )
    day = serializers.CharField(required=False, help_text="In UTC.")


class TouchedFactsSerializer(GroupFactsSerializer):
    """Of orders."""

    country = serializers.CharField(required=False, allow_blank=True, help_text="Of the customer; '' is unknown.")


class ModelsSerializer(serializers.Serializer[object]):
    """What every model gives."""

    first = serializers.FloatField()
    last = serializers.FloatField()
    last_non_direct = serializers.FloatField()
    linear = serializers.FloatField()
    time_decay = serializers.FloatField(help_text="Half as much for every seven days before the order.")
    position = serializers.FloatField(help_text="40 % each to the first and the last touch.")
    markov = serializers.FloatField(help_text="By what would be lost without it.")


class CreditGroupSerializer(TouchedFactsSerializer, ModelsSerializer):
    """What a group gets by every model; the groups of a model add up to the channels, to the cent."""


class ChannelGroupSerializer(TouchedFactsSerializer):
    """What a group gets by the model."""

    revenue = serializers.FloatField()
    share = serializers.FloatField(allow_null=True, help_text="Of all that is divided.")


class CreditsSerializer(ModelsSerializer):
    """What one campaign or channel gets by every model."""

    channel = serializers.CharField(help_text="campaignId of the events; `direct` for none, `others` beyond 50.")
    name = serializers.CharField(allow_null=True, help_text="Of a campaign of ours.")


class SilenceSerializer(serializers.Serializer[object]):
    """Hours in which no event arrived: figures across them are too low."""

    begins_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()


class CountProgressSerializer(serializers.Serializer[object]):
    """How far the newest count is."""

    id = serializers.CharField()
    state = serializers.ChoiceField(choices=JobState.values)
    done = serializers.IntegerField(help_text="Steps so far.")
    total = serializers.IntegerField(allow_null=True)
    error = serializers.CharField(allow_null=True, help_text="Why it failed, in words.")


class AttributionCountSerializer(serializers.Serializer[object]):
    """A question that is being counted."""

    begins = serializers.DateTimeField()
    ends = serializers.DateTimeField()
    currency = serializers.CharField()
    job = CountProgressSerializer(allow_null=True)


class AttributionQuestionSerializer(serializers.Serializer[object]):
    """What is to be counted."""

    begins = serializers.DateTimeField(help_text="First instant, with an offset.")
    ends = serializers.DateTimeField(help_text="First instant after; at most 92 days.")
    currency = serializers.CharField(default="EUR", help_text="ISO 4217. Other currencies are not added.")


class AttributionSerializer(AttributionCountSerializer):
    """The orders of a period, divided."""

    counted_at = serializers.DateTimeField(help_text="What came later is not in the answer.")
    orders = serializers.IntegerField()
    measured = serializers.IntegerField(help_text="Orders of people who allow it to be looked at.")
    coverage = serializers.FloatField(allow_null=True)
    touched = serializers.IntegerField(help_text="Of these, orders with a touch in the 30 days before.")
    total = serializers.FloatField(help_text="Amount of all orders.")
    revenue = serializers.FloatField(help_text="Amount of the touched orders: what every model divides.")
    conversion = serializers.FloatField(help_text="The chance of an order after a touch, by the Markov chain.")
    channels = CreditsSerializer(many=True)
    groups = CreditGroupSerializer(many=True, required=False, help_text="With `group_by` alone.")
    outages = SilenceSerializer(many=True)


class CampaignGroupSerializer(serializers.Serializer[object]):
    """People on one side of a campaign, and what those did who allow it to be looked at, within 14 days."""

    people = serializers.IntegerField()
    measured = serializers.IntegerField(help_text="People who permit analytics.")
    coverage = serializers.FloatField(allow_null=True, help_text="measured / people.")
    buyers = serializers.IntegerField()
    conversion_rate = serializers.FloatField(allow_null=True, help_text="buyers / measured.")
    revenue = serializers.FloatField(help_text="In the currency asked for.")


class ConversionGroupSerializer(GroupFactsSerializer, CampaignGroupSerializer):
    """The sums of a group's campaigns; somebody who got two of them counts twice, as in the list."""

    variant = serializers.ChoiceField(choices=["sent", "held_out"], required=False, help_text="Else `sent` alone.")
    campaigns = serializers.IntegerField()


class CampaignLineSerializer(serializers.Serializer[object]):
    """One campaign that was launched in the period."""

    campaign = serializers.CharField()
    name = serializers.CharField()
    channel = serializers.CharField()
    launched_at = serializers.DateTimeField()
    as_of = serializers.DateTimeField(help_text="Purchases up to then.")


class ConversionLineSerializer(CampaignLineSerializer):
    """With those it was sent to."""

    sent = CampaignGroupSerializer()


class BoundsSerializer(serializers.Serializer[object]):
    """A figure and the bounds it lies between with 95 % confidence."""

    estimate = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class UpliftLineSerializer(ConversionLineSerializer):
    """With those held out, and the comparison of the two in who bought; null while there is nobody to compare."""

    held_out = CampaignGroupSerializer()
    difference = BoundsSerializer(allow_null=True, help_text="Of the rates: 0.01 is one point.")
    uplift = BoundsSerializer(allow_null=True, help_text="Of the rate of those held out: 0.1 is a tenth more.")
    p_value = serializers.FloatField(allow_null=True, help_text="Valid at every look.")
    incremental_revenue = BoundsSerializer(allow_null=True)
    sample_ratio_mismatch = serializers.BooleanField(allow_null=True, help_text="Then nothing may be claimed.")
    verdict = serializers.ChoiceField(choices=[one.value for one in Verdict], allow_null=True)
    text = serializers.CharField(allow_null=True, help_text="The same in a sentence.")


class ChannelLineSerializer(serializers.Serializer[object]):
    """What one campaign or channel gets by the model."""

    channel = serializers.CharField(help_text="campaignId of the events; `direct` for none, `others` beyond 50.")
    name = serializers.CharField(allow_null=True, help_text="Of a campaign of ours.")
    revenue = serializers.FloatField()
    share = serializers.FloatField(allow_null=True, help_text="Of all that is divided.")


class AnsweredSerializer(AttributionCountSerializer):
    counted_at = serializers.DateTimeField(help_text="What came later is not in the answer.")


class ConversionSerializer(AnsweredSerializer):
    """Campaigns of a period, newest launch first."""

    window_days = serializers.IntegerField()
    campaigns = ConversionLineSerializer(many=True)
    groups = ConversionGroupSerializer(many=True, required=False, help_text="With `group_by` alone.")


class UpliftSerializer(AnsweredSerializer):
    """Campaigns of a period that held people out, newest launch first."""

    window_days = serializers.IntegerField()
    campaigns = UpliftLineSerializer(many=True)


class ChannelsSerializer(AnsweredSerializer):
    """Channels of a period by one model, the largest first."""

    model = serializers.ChoiceField(choices=[str(one) for one in Model])
    channels = ChannelLineSerializer(many=True)
    groups = ChannelGroupSerializer(many=True, required=False, help_text="With `group_by` alone.")


class ReportQuestionSerializer(AttributionQuestionSerializer):
    """What is to be counted, and for which report."""

    report = serializers.ChoiceField(choices=list(GROUPS))
    model = serializers.ChoiceField(choices=[str(one) for one in Model], required=False, help_text="Of `channels`.")
    group_by = serializers.CharField(required=False, help_text="As for the report; part of `Location`, like the rest.")
    campaign = serializers.CharField(required=False, help_text=f"At most {MOST_CAMPAIGNS}, with commas.")
    channel = serializers.CharField(required=False)
    format = serializers.ChoiceField(choices=["json", "csv"], required=False)
