"""Event types and the words that events repeat, kept once so that event rows stay lean."""

from django.db import models
from django.db.models import Q

from core.models.base import TimeStamped


class EventType(TimeStamped):
    """A kind of event. `id` is what event rows hold."""

    id = models.SmallAutoField(primary_key=True)
    name = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=120)
    description = models.CharField(max_length=300, default="", blank=True)
    purpose = models.CharField(max_length=40)
    campaign_required = models.BooleanField(default=True)
    current_version = models.PositiveSmallIntegerField(default=1)
    archived_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class EventSchema(models.Model):
    """A JSON Schema (draft 2020-12) of one version of an event type; immutable once an event used it."""

    id = models.BigAutoField(primary_key=True)
    type = models.ForeignKey(EventType, on_delete=models.PROTECT, related_name="schemas")
    version = models.PositiveSmallIntegerField()
    schema = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["type", "version"], name="event_schema_unique")]

    def __str__(self) -> str:
        return f"{self.type_id} v{self.version}"


class Label(models.Model):
    """A word that many events repeat, such as a campaign key; events hold its id."""

    class Kind(models.TextChoices):
        """What the word names."""

        CAMPAIGN = "campaign", "Campaign"
        SOURCE = "source", "Source"

    id = models.AutoField(primary_key=True)
    kind = models.CharField(max_length=10, choices=Kind)
    value = models.CharField(max_length=255)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "value"], name="label_unique"),
            models.CheckConstraint(condition=Q(kind__in=["campaign", "source"]), name="label_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"
