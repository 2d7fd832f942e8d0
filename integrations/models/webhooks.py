"""Webhook endpoints of partners, what was delivered to them, and each attempt."""

from datetime import datetime

from django.db import models
from django.db.models import Q

from core.models.base import PublicId, TimeStamped


class EndpointState(models.TextChoices):
    """Only an active endpoint is sent to."""

    ACTIVE = "active", "Active"
    PAUSED = "paused", "Paused"
    DISABLED = "disabled", "Disabled"


class PayloadKind(models.TextChoices):
    """How much is told: ids alone, or the customer too as the API shows them."""

    THIN = "thin", "Ids only"
    FULL = "full", "With the customer"


class BodyFormat(models.TextChoices):
    """How the body is written."""

    STANDARD = "standard", "Standard Webhooks"
    CLOUDEVENTS = "cloudevents", "CloudEvents 1.0"


class WebhookEndpoint(PublicId, TimeStamped):
    """An address of a partner that is told about events.

    `event_types` are types or patterns, `filters` maps members of the payload to accepted values. Nothing about a
    person is sent that `purpose` does not allow. `processor` is the company (public id in the register of processors)
    that gets it, when one is named; else the one behind the client. `client` is the API client (public id) the
    endpoint belongs to; empty for one of staff. Secrets are sealed; while `old_secret_until` has not passed both sign.
    From `failures` on the columns tell how it does (rules.breaker).
    """

    id_prefix = "whk"

    url = models.CharField(max_length=500)
    description = models.CharField(max_length=120, default="", blank=True)
    event_types = models.JSONField(default=list)
    filters = models.JSONField(default=dict)
    payload = models.CharField(max_length=10, choices=PayloadKind, default=PayloadKind.THIN)
    format = models.CharField(max_length=12, choices=BodyFormat, default=BodyFormat.STANDARD)
    payload_version = models.CharField(max_length=10, default="1")
    purpose = models.CharField(max_length=60)
    keep_order = models.BooleanField(default=True)
    parallel = models.PositiveSmallIntegerField(default=8)
    client = models.CharField(max_length=40, default="", blank=True)
    processor = models.CharField(max_length=40, default="", db_default="", blank=True)
    state = models.CharField(max_length=10, choices=EndpointState, default=EndpointState.ACTIVE)
    state_reason = models.CharField(max_length=200, default="", blank=True)
    secret = models.TextField()
    old_secret = models.TextField(default="", blank=True)
    old_secret_until = models.DateTimeField(null=True)
    secret_at = models.DateTimeField()
    created_by = models.CharField(max_length=60)
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    closed_until = models.DateTimeField(null=True)
    notice = models.PositiveSmallIntegerField(default=0)
    last_success_at = models.DateTimeField(null=True)
    last_failure_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=200, default="", blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=EndpointState.values), name="webhook_endpoint_state_known"),
            models.CheckConstraint(condition=Q(payload__in=PayloadKind.values), name="webhook_endpoint_payload_known"),
            models.CheckConstraint(condition=Q(format__in=BodyFormat.values), name="webhook_endpoint_format_known"),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="webhook_endpoint_newest"),
            models.Index(fields=["client", "-created_at"], name="webhook_endpoint_of_client"),
            models.Index(fields=["processor"], name="webhook_endpoint_of_processor", condition=~Q(processor="")),
        ]

    def both_secrets(self, now: datetime) -> list[str]:
        """The sealed secrets that sign at this moment, the newest first."""
        old = self.old_secret and self.old_secret_until is not None and now < self.old_secret_until
        return [self.secret, self.old_secret] if old else [self.secret]


class DeliveryState(models.TextChoices):
    """A delivery waits until it arrived, was given up, or may not be sent."""

    WAITING = "waiting", "Waiting"
    DELIVERED = "delivered", "Delivered"
    EXHAUSTED = "exhausted", "Given up"
    WITHHELD = "withheld", "Withheld"


class WebhookDelivery(PublicId):
    """One event for one endpoint. What it says stands in the outbox (`message_id`), until that is past its retention.

    `order_key` is what the event is about: of one endpoint and key the next waits for the one before. `round` grows
    with each replay; `attempts` and `first_at` belong to the round.
    """

    id_prefix = "whd"

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries")
    message_id = models.CharField(max_length=40)
    event_type = models.CharField(max_length=80)
    order_key = models.CharField(max_length=80)
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.WAITING)
    round = models.PositiveSmallIntegerField(default=1)
    attempts = models.PositiveSmallIntegerField(default=0)
    status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=40, default="", blank=True)
    latency_ms = models.PositiveIntegerField(null=True)
    due_at = models.DateTimeField()
    first_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    happened_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "message_id"], name="webhook_delivery_once"),
            models.CheckConstraint(condition=Q(state__in=DeliveryState.values), name="webhook_delivery_state_known"),
        ]
        indexes = [
            models.Index(fields=["endpoint", "id"], name="webhook_delivery_waiting", condition=Q(state="waiting")),
            models.Index(
                fields=["endpoint", "order_key", "id"], name="webhook_delivery_order", condition=Q(state="waiting")
            ),
            models.Index(fields=["endpoint", "-id"], name="webhook_delivery_newest"),
            models.Index(fields=["endpoint", "state", "-id"], name="webhook_delivery_by_state"),
            models.Index(fields=["endpoint", "event_type", "-id"], name="webhook_delivery_by_type"),
            models.Index(fields=["order_key", "-id"], name="webhook_delivery_by_subject"),
            models.Index(fields=["created_at"], name="webhook_delivery_by_age"),
        ]


class WebhookAttempt(models.Model):
    """One attempt at a delivery: the answer (status and the beginning of its body) or what went wrong (`error`)."""

    id = models.BigAutoField(primary_key=True)
    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="log")
    round = models.PositiveSmallIntegerField()
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=40, default="", blank=True)
    latency_ms = models.PositiveIntegerField()
    answer = models.CharField(max_length=500, default="", blank=True)

    class Meta:
        indexes = [models.Index(fields=["delivery", "id"], name="webhook_attempt_order")]

    def __str__(self) -> str:
        return f"{self.delivery_id} {self.number}"


class WebhookHour(models.Model):
    """Attempts at one endpoint in one hour (UTC): how many arrived, how many failed, times by rules.percentiles."""

    id = models.BigAutoField(primary_key=True)
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="hours")
    hour = models.DateTimeField()
    delivered = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    buckets = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["endpoint", "hour"], name="webhook_hour_once")]
        indexes = [models.Index(fields=["hour"], name="webhook_hour_by_age")]

    def __str__(self) -> str:
        return f"{self.endpoint_id} {self.hour}"
