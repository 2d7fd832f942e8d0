"""Bodies of the webhook addresses, as the schema shows them."""

from rest_framework import serializers

from integrations.models import BodyFormat, DeliveryState, EndpointState, PayloadKind
from integrations.services.webhook_replay import WHAT


class EndpointChangeSerializer(serializers.Serializer[object]):
    """What may be changed."""

    url = serializers.URLField(max_length=500, required=False, help_text="https, and a public address.")
    description = serializers.CharField(max_length=120, required=False, allow_blank=True)
    event_types = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="Types, families such as `customer.*`, or `*`."
    )
    filters = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="Members of the payload and their accepted values; an event that lacks a member passes.",
    )
    payload = serializers.ChoiceField(
        choices=PayloadKind.values, required=False, help_text="`thin`: ids alone. `full`: with the customer."
    )
    format = serializers.ChoiceField(choices=BodyFormat.values, required=False)
    payload_version = serializers.CharField(max_length=10, required=False)
    purpose = serializers.CharField(
        max_length=60,
        required=False,
        help_text="Key of a purpose; nothing about people is sent that it does not allow. `service` by default.",
    )
    keep_order = serializers.BooleanField(
        required=False, help_text="Whether an event waits for the earlier ones about the same thing."
    )
    parallel = serializers.IntegerField(min_value=1, max_value=64, required=False, help_text="Requests at a time.")
    processor = serializers.CharField(
        max_length=40,
        required=False,
        allow_blank=True,
        help_text="The company that gets it, by its id in the register of processors (`prc_...`): works only while its "
        "agreement holds. Empty: the one behind your client, if any.",
    )


class EndpointInputSerializer(EndpointChangeSerializer):
    """A new endpoint."""

    url = serializers.URLField(max_length=500)
    event_types = serializers.ListField(child=serializers.CharField())


class EndpointSerializer(serializers.Serializer[object]):
    """An endpoint, and how it does."""

    id = serializers.CharField()
    url = serializers.CharField()
    description = serializers.CharField()
    event_types = serializers.ListField(child=serializers.CharField())
    filters = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    payload = serializers.ChoiceField(choices=PayloadKind.values)
    format = serializers.ChoiceField(choices=BodyFormat.values)
    payload_version = serializers.CharField()
    purpose = serializers.CharField()
    keep_order = serializers.BooleanField()
    parallel = serializers.IntegerField()
    processor = serializers.CharField()
    state = serializers.ChoiceField(choices=EndpointState.values)
    state_reason = serializers.CharField()
    failing_since = serializers.DateTimeField(allow_null=True)
    last_success_at = serializers.DateTimeField(allow_null=True)
    last_failure_at = serializers.DateTimeField(allow_null=True)
    last_error = serializers.CharField()
    secret_at = serializers.DateTimeField(help_text="When the secret was made.")
    old_secret_until = serializers.DateTimeField(allow_null=True, help_text="Until then the secret before signs too.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class NewEndpointSerializer(EndpointSerializer):
    """A new endpoint with its secret, which cannot be read again."""

    secret = serializers.CharField()


class SecretSerializer(serializers.Serializer[object]):
    """A new secret, which cannot be read again."""

    secret = serializers.CharField()
    old_secret_until = serializers.DateTimeField(help_text="Until then the secret before signs too.")


class WebhookDeliverySerializer(serializers.Serializer[object]):
    """One event for one endpoint; `status` and `error` are those of the last attempt."""

    id = serializers.CharField()
    message_id = serializers.CharField(help_text="The header `webhook-id`: the same with every attempt and replay.")
    event_id = serializers.CharField()
    type = serializers.CharField()
    subject = serializers.CharField()
    state = serializers.ChoiceField(choices=DeliveryState.values)
    attempts = serializers.IntegerField()
    status = serializers.IntegerField(allow_null=True)
    error = serializers.CharField()
    latency_ms = serializers.IntegerField(allow_null=True)
    next_attempt_at = serializers.DateTimeField(allow_null=True)
    happened_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class WebhookAttemptSerializer(serializers.Serializer[object]):
    """One attempt."""

    at = serializers.DateTimeField()
    number = serializers.IntegerField()
    round = serializers.IntegerField(help_text="Grows with each replay.")
    status = serializers.IntegerField(allow_null=True)
    error = serializers.CharField()
    latency_ms = serializers.IntegerField()
    answer = serializers.CharField(help_text="The first 500 characters.")


class WebhookDeliveryDetailSerializer(WebhookDeliverySerializer):
    """A delivery with its attempts."""

    log = WebhookAttemptSerializer(many=True)


class ReplayInputSerializer(serializers.Serializer[object]):
    """Which stretch to send again."""

    since = serializers.DateTimeField()
    until = serializers.DateTimeField(required=False, help_text="Now by default.")
    what = serializers.ChoiceField(
        choices=WHAT, required=False, help_text="`missed` (default): given up or never queued. `all`: everything."
    )


class ReplaySerializer(serializers.Serializer[object]):
    """The job that does it."""

    job = serializers.CharField()
    state = serializers.CharField()


class EventTypeEntrySerializer(serializers.Serializer[object]):
    """A type of event."""

    name = serializers.CharField()
    meaning = serializers.CharField()
    must_reach = serializers.BooleanField(help_text="Sent, with ids alone, also where consent does not allow more.")


class EventTypesSerializer(serializers.Serializer[object]):
    """Every type of event."""

    data = EventTypeEntrySerializer(many=True)  # type: ignore[assignment]
