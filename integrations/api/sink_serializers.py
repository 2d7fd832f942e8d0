"""Bodies of the sink addresses, as the schema shows them."""

from rest_framework import serializers

from integrations.models import BrokerKind, Mechanism, PayloadKind, SinkState
from integrations.services.sinks import STARTS


class SinkChangeSerializer(serializers.Serializer[object]):
    """What may be changed."""

    name = serializers.CharField(max_length=120, required=False)
    servers = serializers.CharField(
        max_length=500,
        required=False,
        allow_blank=True,
        help_text="`host:port`, with commas between; other ones need the password again. For Kinesis one endpoint, or "
        "none: Amazon's own of the region.",
    )
    destination = serializers.CharField(
        max_length=249,
        required=False,
        allow_blank=True,
        help_text="The topic of Kafka, the exchange of RabbitMQ, the stream of Kinesis.",
    )
    routing_key = serializers.CharField(
        max_length=250, required=False, allow_blank=True, help_text="For RabbitMQ; the type of the event by default."
    )
    virtual_host = serializers.CharField(max_length=120, required=False, help_text="For RabbitMQ; `/` by default.")
    region = serializers.CharField(
        max_length=40, required=False, allow_blank=True, help_text="For Kinesis: `eu-central-1`."
    )
    tls = serializers.BooleanField(required=False)
    mechanism = serializers.ChoiceField(
        choices=Mechanism.values, required=False, allow_blank=True, help_text="How to sign in at Kafka."
    )
    username = serializers.CharField(
        max_length=120, required=False, allow_blank=True, help_text="For Kinesis the id of an access key."
    )
    password = serializers.CharField(
        max_length=500,
        required=False,
        allow_blank=True,
        write_only=True,
        help_text="Kept sealed, never answered. For Kinesis the secret of the access key.",
    )
    event_types = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text="Types, families such as `customer.*`, `*`; what people do (`engagement.*`) where it is named.",
    )
    filters = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="Members of the payload and their accepted values; an event that lacks a member passes.",
    )
    payload = serializers.ChoiceField(
        choices=PayloadKind.values, required=False, help_text="`thin`: ids alone. `full`: with the customer."
    )
    purpose = serializers.CharField(
        max_length=60,
        required=False,
        help_text="Key of a purpose; nothing about people is written that it does not allow. `service` by default.",
    )
    processor = serializers.CharField(
        max_length=40,
        required=False,
        allow_blank=True,
        help_text="The company that gets it, by its id in the register of processors (`prc_...`): works only while its "
        "agreement holds. Empty: the one behind your client, if any.",
    )


class SinkInputSerializer(SinkChangeSerializer):
    """A new sink."""

    kind = serializers.ChoiceField(choices=BrokerKind.values)
    name = serializers.CharField(max_length=120)
    event_types = serializers.ListField(child=serializers.CharField())
    start = serializers.ChoiceField(
        choices=STARTS, required=False, help_text="`now` (default), or the `beginning` of what the log keeps."
    )


class SinkSerializer(serializers.Serializer[object]):
    """A sink, and how it does."""

    id = serializers.CharField()
    kind = serializers.ChoiceField(choices=BrokerKind.values)
    name = serializers.CharField()
    servers = serializers.CharField()
    destination = serializers.CharField()
    routing_key = serializers.CharField()
    virtual_host = serializers.CharField()
    region = serializers.CharField()
    tls = serializers.BooleanField()
    mechanism = serializers.ChoiceField(choices=Mechanism.values, allow_blank=True)
    username = serializers.CharField()
    event_types = serializers.ListField(child=serializers.CharField())
    filters = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    payload = serializers.ChoiceField(choices=PayloadKind.values)
    purpose = serializers.CharField()
    processor = serializers.CharField()
    state = serializers.ChoiceField(choices=SinkState.values)
    state_reason = serializers.CharField()
    behind_since = serializers.DateTimeField(
        allow_null=True, help_text="When the oldest event happened that it has not passed; null when there is none."
    )
    sent = serializers.IntegerField(help_text="Letters that were confirmed, repeats too.")
    failures = serializers.IntegerField(help_text="Attempts in a row that failed.")
    failing_since = serializers.DateTimeField(allow_null=True)
    last_success_at = serializers.DateTimeField(allow_null=True)
    last_failure_at = serializers.DateTimeField(allow_null=True)
    last_error = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
