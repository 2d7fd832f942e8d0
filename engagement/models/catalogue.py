"""Event types that partners register, and the words that events repeat, kept once so that event rows stay lean."""

from django.db import models
from django.db.models import Q

from core.models.base import TimeStamped


class EventType(TimeStamped):
    """A kind of event beside the built-in ones of `engagement.rules.catalogue`. `id` is what event rows hold.

    Ids begin at 100 (set in the migration): the numbers below belong to the built-in types.
    """

    id = models.SmallAutoField(primary_key=True)
    name = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=120)
    description = models.CharField(max_length=300, default="", blank=True)
    purpose = models.CharField(max_length=40)
    current_version = models.PositiveSmallIntegerField(default=1)
    created_by = models.CharField(max_length=60, default="")
    archived_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class EventSchema(models.Model):
    """One version of a registered type, immutable: the members it requires and the JSON Schema of its properties."""

    id = models.BigAutoField(primary_key=True)
    type = models.ForeignKey(EventType, on_delete=models.PROTECT, related_name="schemas")
    version = models.PositiveSmallIntegerField()
    required = models.JSONField(default=list)
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
