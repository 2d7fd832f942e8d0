"""Sinks: brokers of partners into which the log is written."""

from django.db import models
from django.db.models import Q

from core.models.base import PublicId, TimeStamped
from integrations.models.webhooks import PayloadKind


class BrokerKind(models.TextChoices):
    """What receives."""

    KAFKA = "kafka", "Apache Kafka"
    RABBITMQ = "rabbitmq", "RabbitMQ"
    KINESIS = "kinesis", "Amazon Kinesis"


class SinkState(models.TextChoices):
    """Only an active sink is written to."""

    ACTIVE = "active", "Active"
    PAUSED = "paused", "Paused"


class Mechanism(models.TextChoices):
    """How we sign in at Kafka; RabbitMQ takes PLAIN, Kinesis a signature of each call."""

    NONE = "", "None"
    PLAIN = "PLAIN", "PLAIN"
    SCRAM_256 = "SCRAM-SHA-256", "SCRAM-SHA-256"
    SCRAM_512 = "SCRAM-SHA-512", "SCRAM-SHA-512"


class LogSink(PublicId, TimeStamped):
    """A topic of Kafka, an exchange of RabbitMQ or a stream of Kinesis into which the log is written, in its order.

    Everything up to `place` (rules.streams.Mark) was taken, as of `place_at`; what is wanted and what may be said is
    decided as for webhooks. `password` is sealed; at Kinesis it is the secret of the access key `username`, and
    `servers` may be empty: Amazon's own of the `region`. `client` is the API client (public id) the sink belongs to;
    empty for one of staff. `processor` is the company (public id in the register of processors) that gets what is
    written; empty for ourselves and for the company behind `client`. From `sent` on the columns tell how it does.
    """

    id_prefix = "snk"

    kind = models.CharField(max_length=10, choices=BrokerKind)
    name = models.CharField(max_length=120)
    servers = models.CharField(max_length=500)
    destination = models.CharField(max_length=249, default="", blank=True)
    routing_key = models.CharField(max_length=250, default="", blank=True)
    virtual_host = models.CharField(max_length=120, default="/")
    region = models.CharField(max_length=40, default="", db_default="", blank=True)
    tls = models.BooleanField(default=True)
    mechanism = models.CharField(max_length=16, choices=Mechanism, default=Mechanism.NONE, blank=True)
    username = models.CharField(max_length=120, default="", blank=True)
    password = models.TextField(default="", blank=True)
    event_types = models.JSONField(default=list)
    filters = models.JSONField(default=dict)
    payload = models.CharField(max_length=10, choices=PayloadKind, default=PayloadKind.THIN)
    purpose = models.CharField(max_length=60)
    client = models.CharField(max_length=40, default="", blank=True)
    processor = models.CharField(max_length=40, default="", db_default="", blank=True)
    state = models.CharField(max_length=10, choices=SinkState, default=SinkState.ACTIVE)
    state_reason = models.CharField(max_length=200, default="", blank=True)
    created_by = models.CharField(max_length=60)
    place = models.CharField(max_length=60)
    place_at = models.DateTimeField()
    sent = models.PositiveBigIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    last_success_at = models.DateTimeField(null=True)
    last_failure_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=200, default="", blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=BrokerKind.values), name="log_sink_kind_known"),
            models.CheckConstraint(condition=Q(state__in=SinkState.values), name="log_sink_state_known"),
            models.CheckConstraint(condition=Q(payload__in=PayloadKind.values), name="log_sink_payload_known"),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="log_sink_newest"),
            models.Index(fields=["client", "-created_at"], name="log_sink_of_client"),
        ]
