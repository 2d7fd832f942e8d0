"""What the addresses of experiments take and answer, as the schema shows it."""

from rest_framework import serializers

from campaigns.rules.experiments import Drawn, ExperimentState, Looks
from campaigns.rules.statistics.verdicts import Verdict


class ExperimentVariantSerializer(serializers.Serializer[object]):
    """One variant; the first of an experiment is the control."""

    key = serializers.CharField(max_length=20)
    weight = serializers.IntegerField(min_value=1, max_value=10_000, default=1)
    value = serializers.JSONField(help_text="What it shows: a text, a number, true or false, or an object.")


class ExperimentChangeSerializer(serializers.Serializer[object]):
    """What may change; once it was started only name and hypothesis."""

    key = serializers.SlugField(max_length=60, required=False)
    name = serializers.CharField(max_length=120, required=False)
    hypothesis = serializers.CharField(max_length=300, required=False, allow_blank=True)
    segment = serializers.CharField(required=False, allow_null=True, help_text="Slug; left out for everybody.")
    drawn = serializers.ChoiceField(choices=Drawn.choices, required=False)
    variants = ExperimentVariantSerializer(many=True, required=False)
    coverage = serializers.IntegerField(min_value=1, max_value=100, required=False)
    measures = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text="`purchase`, `revenue`, `event:<type>`; the first decides.",
    )
    currency = serializers.CharField(max_length=3, required=False)
    window_days = serializers.IntegerField(min_value=1, max_value=365, required=False)
    looks = serializers.ChoiceField(choices=Looks.choices, required=False)
    planned_people = serializers.IntegerField(min_value=2, required=False)


class ExperimentInputSerializer(ExperimentChangeSerializer):
    """A new experiment."""

    key = serializers.SlugField(max_length=60)
    name = serializers.CharField(max_length=120)
    variants = ExperimentVariantSerializer(many=True)


class ExperimentSerializer(ExperimentInputSerializer):
    """An experiment."""

    id = serializers.CharField(help_text="Also the seed of the hash.")
    kind = serializers.CharField()
    state = serializers.ChoiceField(choices=ExperimentState.choices)
    started_at = serializers.DateTimeField(allow_null=True)
    stopped_at = serializers.DateTimeField(allow_null=True)
    winner = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class WinnerInputSerializer(serializers.Serializer[object]):
    """Which variant, and why when the figures do not show that it is better."""

    variant = serializers.CharField()
    reason = serializers.CharField(max_length=300, required=False)


class SightingSerializer(serializers.Serializer[object]):
    """Somebody was shown a variant."""

    userId = serializers.CharField(help_text="External id or public id (cus_...).")  # noqa: N815
    variant = serializers.CharField()
    at = serializers.DateTimeField()


class SightingsInputSerializer(serializers.Serializer[object]):
    """At most 1,000 at once."""

    exposures = SightingSerializer(many=True)


class RecordedExposuresSerializer(serializers.Serializer[object]):
    """How many were new; known people keep the variant they saw first."""

    new = serializers.IntegerField()
    known = serializers.IntegerField()
    unknown = serializers.IntegerField(help_text="People we do not know.")
    not_allowed = serializers.IntegerField(help_text="People without permission for personalisation; not stored.")


class IntervalSerializer(serializers.Serializer[object]):
    """A difference and the bounds it lies between with 95 % confidence."""

    estimate = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class MoneySerializer(serializers.Serializer[object]):
    """An amount of money with its bounds."""

    estimate = serializers.DecimalField(max_digits=18, decimal_places=2)
    low = serializers.DecimalField(max_digits=18, decimal_places=2)
    high = serializers.DecimalField(max_digits=18, decimal_places=2)
    currency = serializers.CharField()


class GroupSerializer(serializers.Serializer[object]):
    """One group: people shown it, how many of them may be measured."""

    variant = serializers.CharField()
    share = serializers.FloatField()
    people = serializers.IntegerField()
    expected = serializers.FloatField(allow_null=True)
    measured = serializers.IntegerField()
    coverage = serializers.FloatField(allow_null=True)


class ComparisonSerializer(serializers.Serializer[object]):
    """One variant against the control in one measure."""

    variant = serializers.CharField()
    measure = serializers.CharField()
    method = serializers.CharField()
    control = serializers.FloatField(help_text="Share or average of the control.")
    treated = serializers.FloatField()
    difference = IntervalSerializer()
    uplift = IntervalSerializer(allow_null=True)
    p_value = serializers.FloatField(help_text="Uncorrected, for one look.")
    p_to_judge_by = serializers.FloatField(help_text="Valid at every look if planned so, corrected by Holm.")
    always_valid = IntervalSerializer(allow_null=True)
    chance_better = serializers.FloatField()
    expected_loss = serializers.FloatField()
    cuped = IntervalSerializer(allow_null=True)
    variance_removed = serializers.FloatField(allow_null=True)
    incremental_revenue = MoneySerializer(allow_null=True)
    extremes = serializers.ListField(child=serializers.FloatField(), allow_null=True)


class ExperimentDecisionSerializer(serializers.Serializer[object]):
    """What may be said of a variant."""

    variant = serializers.CharField()
    verdict = serializers.ChoiceField(choices=[one.value for one in Verdict])
    text = serializers.CharField()
    may_declare = serializers.BooleanField()


class GroupReportSerializer(serializers.Serializer[object]):
    """Every comparison of some groups, the checks of their sizes, and what may be said."""

    groups = GroupSerializer(many=True)
    sample_ratio_p = serializers.FloatField(allow_null=True)
    sample_ratio_mismatch = serializers.BooleanField(allow_null=True)
    consent_loss_p = serializers.FloatField(allow_null=True)
    winner_blocked = serializers.BooleanField()
    comparisons = ComparisonSerializer(many=True)
    decisions = ExperimentDecisionSerializer(many=True)


class ExperimentResultsSerializer(GroupReportSerializer):
    """Everything the figures say as of `counted_at`."""

    experiment = serializers.CharField()
    counted_at = serializers.DateTimeField(allow_null=True)


class InterruptionSerializer(serializers.Serializer[object]):
    """From an instant to another."""

    begins_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(allow_null=True, help_text="Null while it lasts.")
    reason = serializers.CharField(allow_blank=True)


class InterruptionsSerializer(serializers.Serializer[object]):
    """When figures are lower than they would have been."""

    pauses = InterruptionSerializer(many=True, help_text="When nothing was handed over, by the audit trail.")
    outages = InterruptionSerializer(many=True, help_text="Hours in which no event was heard although many are usual.")


class CurvePointSerializer(serializers.Serializer[object]):
    """People in each group for a chance to find the change."""

    people = serializers.IntegerField()
    power = serializers.FloatField()


class PlanSerializer(serializers.Serializer[object]):
    """How many people it takes, and what `people` can show."""

    per_group = serializers.IntegerField()
    in_all = serializers.IntegerField()
    days = serializers.IntegerField(allow_null=True)
    curve = CurvePointSerializer(many=True)
    power = serializers.FloatField(allow_null=True)
    smallest_uplift = serializers.FloatField(allow_null=True)
