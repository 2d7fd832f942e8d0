"""What the addresses of campaigns take and answer, as the schema shows it."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from campaigns.models import CanaryChoice, CapChoice, Channel
from campaigns.rules.changes import What
from campaigns.rules.deliveries import DeliveryState
from campaigns.rules.feedback import Outcome
from campaigns.rules.lifecycle import State
from campaigns.rules.reactions import Verdict

_VERDICTS = [verdict.name.lower() for verdict in Verdict]


@extend_schema_field(
    {"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$", "examples": ["21:00"]},
)
class ClockField(serializers.TimeField):
    """A time of day wherever somebody is: hours and minutes, without an offset."""


class CampaignChangeSerializer(serializers.Serializer[object]):
    """What may change while the campaign is a draft."""

    name = serializers.CharField(max_length=120, required=False)
    channel = serializers.ChoiceField(
        choices=Channel.values, required=False, help_text="in_app: GET /promotion?messages=true shows it."
    )
    goal = serializers.CharField(max_length=300, required=False, allow_blank=True)
    purpose = serializers.CharField(
        max_length=40, required=False, help_text="For marketing e-mail, or in_app: personalisation."
    )
    include = serializers.ListField(child=serializers.CharField(), required=False, help_text="Slugs of segments.")
    exclude = serializers.ListField(child=serializers.CharField(), required=False, help_text="Slugs of segments.")
    subject = serializers.CharField(max_length=200, required=False, allow_blank=True)
    body = serializers.CharField(max_length=100_000, required=False, allow_blank=True)
    template = serializers.CharField(
        required=False,
        allow_null=True,
        help_text="Key of a message of the library: its words where `subject` and `body` are not sent.",
    )
    promotion = serializers.CharField(
        max_length=60,
        required=False,
        allow_null=True,
        help_text="Key of the promotion whose codes the message gives: `{{ offer.code }}`; null for none.",
    )
    tracking = serializers.BooleanField(
        required=False, help_text="Whether opens and clicks are noted, of people who agreed to that."
    )
    send_at = serializers.DateTimeField(required=False, allow_null=True, help_text="null: when launched.")
    per_minute = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=1_000_000)
    quiet_from = ClockField(required=False, allow_null=True)
    quiet_until = ClockField(required=False, allow_null=True)
    time_zone = serializers.CharField(required=False, help_text="Of people whose own is not known.")
    cap_messages = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=1_000)
    cap_days = serializers.IntegerField(required=False, min_value=1, max_value=90)
    cap_choice = serializers.ChoiceField(choices=CapChoice.values, required=False)
    canary_percent = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=50, help_text="So many percent get it first."
    )
    canary_choice = serializers.ChoiceField(choices=CanaryChoice.values, required=False)
    canary_minutes = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=10_000,
        help_text="How long reports are waited for.",
    )
    canary_bounces = serializers.DecimalField(
        max_digits=5, decimal_places=2, required=False, help_text="Percent of bounces that stop the campaign."
    )
    canary_complaints = serializers.DecimalField(max_digits=5, decimal_places=2, required=False)
    pilot_percent = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=90,
        help_text="A pilot: so many percent get it; the others when it is promoted.",
    )
    pilot_people = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=1_000_000, help_text="The same as a number of people."
    )
    holdout_percent = serializers.IntegerField(required=False, min_value=0, max_value=50)
    budget = serializers.DecimalField(max_digits=8, decimal_places=2, required=False, allow_null=True)
    cost_per_message = serializers.DecimalField(max_digits=10, decimal_places=4, required=False)
    currency = serializers.CharField(max_length=3, required=False)


class CampaignInputSerializer(CampaignChangeSerializer):
    """A new draft; `name` and `purpose` are needed."""

    name = serializers.CharField(max_length=120)
    purpose = serializers.CharField(max_length=40)


class TallySerializer(serializers.Serializer[object]):
    """Messages by who opened or followed a link; rates are shares of the measured ones, with and without machines."""

    human = serializers.IntegerField()
    uncertain = serializers.IntegerField()
    machine = serializers.IntegerField(help_text="Privacy proxies, link scanners and robots only.")
    human_rate = serializers.FloatField(allow_null=True)
    all_rate = serializers.FloatField(allow_null=True)


class ReactionsSerializer(serializers.Serializer[object]):
    """What was done with the messages to people who agreed to be measured."""

    measured = serializers.IntegerField(help_text="Messages sent to people who agreed to be measured.")
    opened = TallySerializer()
    clicked = TallySerializer()


class TemplateUsedSerializer(serializers.Serializer[object]):
    """A template that a campaign was begun with, or a block that it names."""

    key = serializers.CharField()
    version = serializers.IntegerField(allow_null=True, help_text="null: the newest, until the campaign is submitted.")


class PendingSerializer(serializers.Serializer[object]):
    """A decision that holds already and that deliveries still have to follow."""

    what = serializers.ChoiceField(choices=What.values)
    done = serializers.IntegerField(help_text="Deliveries that have followed.")
    total = serializers.IntegerField(allow_null=True, help_text="Of so many; null until they are counted.")


class CampaignSerializer(serializers.Serializer[object]):
    """A campaign. `counts` says how many deliveries are in each state; they add up to `people`."""

    id = serializers.CharField()
    name = serializers.CharField()
    channel = serializers.ChoiceField(choices=Channel.values)
    goal = serializers.CharField()
    owner = serializers.CharField()
    purpose = serializers.CharField()
    state = serializers.ChoiceField(choices=State.values)
    include = serializers.ListField(child=serializers.CharField())
    exclude = serializers.ListField(child=serializers.CharField())
    subject = serializers.CharField()
    body = serializers.CharField()
    templates = TemplateUsedSerializer(many=True)
    promotion = serializers.CharField(allow_null=True, help_text="Key of the promotion whose codes the message gives.")
    tracking = serializers.BooleanField()
    send_at = serializers.DateTimeField(allow_null=True)
    per_minute = serializers.IntegerField(allow_null=True)
    quiet_from = ClockField(allow_null=True)
    quiet_until = ClockField(allow_null=True)
    time_zone = serializers.CharField()
    cap_messages = serializers.IntegerField(allow_null=True)
    cap_days = serializers.IntegerField()
    cap_choice = serializers.ChoiceField(choices=CapChoice.values)
    canary_percent = serializers.IntegerField(allow_null=True)
    canary_choice = serializers.ChoiceField(choices=CanaryChoice.values)
    canary_minutes = serializers.IntegerField()
    canary_bounces = serializers.DecimalField(max_digits=5, decimal_places=2)
    canary_complaints = serializers.DecimalField(max_digits=5, decimal_places=2)
    canary_sent_at = serializers.DateTimeField(allow_null=True, help_text="When the first messages were all decided.")
    canary_passed_at = serializers.DateTimeField(allow_null=True, help_text="When the others were let go.")
    pilot_percent = serializers.IntegerField(allow_null=True)
    pilot_people = serializers.IntegerField(allow_null=True)
    pilot_drawn = serializers.IntegerField(allow_null=True, help_text="Who the draw put into the pilot, at launch.")
    pilot_promoted_at = serializers.DateTimeField(allow_null=True)
    iteration = serializers.IntegerField(help_text="1; of a copy one more than of what was copied.")
    holdout_percent = serializers.IntegerField()
    budget = serializers.DecimalField(max_digits=14, decimal_places=2, allow_null=True)
    cost_per_message = serializers.DecimalField(max_digits=10, decimal_places=4)
    currency = serializers.CharField()
    people = serializers.IntegerField(allow_null=True, help_text="Size of the audience; null before launch.")
    counts = serializers.DictField(child=serializers.IntegerField())
    pending = PendingSerializer(
        allow_null=True, help_text="What deliveries still have to follow; null when `counts` say all of it."
    )
    reactions = ReactionsSerializer()
    outcomes = serializers.DictField(
        child=serializers.IntegerField(), help_text="What providers and receiving servers reported, by outcome."
    )
    trouble = serializers.CharField(allow_null=True, help_text="Why it stopped or did not start.")
    submitted_by = serializers.CharField(allow_null=True)
    approved_by = serializers.CharField(allow_null=True)
    launched_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class DeliverySerializer(serializers.Serializer[object]):
    """What became of the message to one person; `customer` is null for somebody who was erased."""

    customer = serializers.CharField(allow_null=True)
    state = serializers.ChoiceField(choices=DeliveryState.values)
    reason = serializers.CharField(allow_null=True)
    why = serializers.CharField(allow_null=True, help_text="The reason in words.")
    due_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.ChoiceField(
        choices=Outcome.values, allow_null=True, help_text="The gravest report on it by provider and receiving server."
    )
    outcome_code = serializers.CharField(allow_null=True, help_text="Status code of RFC 3463, or reply code.")
    opened = serializers.ChoiceField(choices=_VERDICTS, allow_null=True, help_text="The best verdict on its opens.")
    clicked = serializers.ChoiceField(choices=_VERDICTS, allow_null=True)


class UnsentInputSerializer(serializers.Serializer[object]):
    """Whom to try again."""

    also_unknown = serializers.BooleanField(
        required=False, help_text="Also people whose outcome is unknown: they may get it twice."
    )


class ReasonInputSerializer(serializers.Serializer[object]):
    """Why; stands in the audit log."""

    reason = serializers.CharField(max_length=300, required=False, allow_blank=True)
