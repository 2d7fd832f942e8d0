"""Who came into a segment and who left it, when and why; and how many on each day."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from customers.models.customers import Customer
from customers.models.segments import Segment, SegmentRun


class ChangeReason(models.TextChoices):
    """What led to it."""

    EVENT = "event", "An event"
    PURCHASE = "purchase", "An order or refund"
    PROFILE = "profile", "The profile changed"
    TAG = "tag", "A tag"
    CONSENT = "consent", "Consent changed"
    SEGMENT = "segment", "Another segment changed"
    SCORE = "score", "A score changed"
    WINDOW = "window", "Time went by"
    PERSON = "person", "New, merged or deleted"
    REBUILT = "rebuilt", "Calculated anew"
    RULE = "rule", "The rule was changed"
    LIST = "list", "Put on or taken off"
    ERASED = "erased", "Erased"


class SegmentChange(models.Model):
    """One customer who came in (`entered`) or left, and where in the rule the conditions stand that changed.

    `run` is the calculation that found it, when it was not followed. Deleted after SEGMENT_CHANGE_DAYS.
    """

    id = models.BigAutoField(primary_key=True)
    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, db_index=False, related_name="changes")
    customer = models.ForeignKey(
        Customer, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    entered = models.BooleanField()
    reason = models.CharField(max_length=10, choices=ChangeReason)
    conditions = ArrayField(models.TextField(), default=list)
    run = models.ForeignKey(SegmentRun, null=True, on_delete=models.SET_NULL, db_index=False, related_name="changes")
    why = models.CharField(max_length=12, default="", db_default="")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(reason__in=ChangeReason.values), name="segment_change_reason")
        ]
        indexes = [
            models.Index(fields=["segment", "-id"], name="segment_change_newest"),
            models.Index(fields=["customer", "-id"], name="segment_change_of_customer"),
            models.Index(fields=["at"], name="segment_change_by_age"),
            models.Index(fields=["run", "id"], name="segment_change_of_run", condition=Q(run__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {'into' if self.entered else 'out of'} {self.segment_id}"


class SegmentDay(models.Model):
    """How many were in a segment at the end of a day (UTC), and how many came and went on it."""

    id = models.BigAutoField(primary_key=True)
    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, db_index=False, related_name="days")
    day = models.DateField()
    members = models.BigIntegerField()
    entered = models.BigIntegerField(default=0)
    exited = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["segment", "day"], name="segment_day_unique")]
        indexes = [models.Index(fields=["day"], name="segment_day_by_age")]

    def __str__(self) -> str:
        return f"{self.segment_id} on {self.day}"
