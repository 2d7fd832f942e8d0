"""Segments: named groups of customers, their built versions, who is in them, and every calculation."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core.models.base import PublicId, TimeStamped
from customers.models.customers import Customer


class SegmentKind(models.TextChoices):
    """How people come in: by a rule that is calculated again, by hand, or once and for all."""

    DYNAMIC = "dynamic", "Dynamic"
    STATIC = "static", "Static"
    SNAPSHOT = "snapshot", "Snapshot"


class SegmentState(models.TextChoices):
    """An archived segment keeps its history and has no members."""

    ACTIVE = "active", "Active"
    ARCHIVED = "archived", "Archived"


class VersionState(models.TextChoices):
    """Readers look at the `current` version only."""

    BUILDING = "building", "Building"
    CURRENT = "current", "Current"
    RETIRED = "retired", "Replaced"
    FAILED = "failed", "Failed"


class RunState(models.TextChoices):
    """How a calculation ended."""

    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Done"
    FAILED = "failed", "Failed"


class RunKind(models.TextChoices):
    """What a calculation was for; a reconcile compares what was followed with what the rule says."""

    FIRST = "first", "First"
    DEFINITION = "definition", "New definition"
    RECONCILE = "reconcile", "Reconciled"
    LIST = "list", "List uploaded"


class Segment(PublicId, TimeStamped):
    """A named group of customers; its members change only by putting another version in the place of `current`.

    `rule` is the rule as written (a static list has none), `definition` counts its changes. `failure` is the sentence
    of the last calculation when it failed, at `failed_at`: the members are then those of the last one that did not.
    """

    id_prefix = "seg"

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    description = models.CharField(max_length=300, default="", blank=True)
    kind = models.CharField(max_length=10, choices=SegmentKind)
    state = models.CharField(max_length=10, choices=SegmentState, default=SegmentState.ACTIVE)
    rule = models.JSONField(null=True)
    definition = models.PositiveIntegerField(default=1)
    owner = models.CharField(max_length=60)
    current = models.OneToOneField("SegmentVersion", null=True, on_delete=models.PROTECT, related_name="current_of")
    failure = models.CharField(max_length=300, default="")
    failed_at = models.DateTimeField(null=True)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=SegmentKind.values), name="segment_kind_known"),
            models.CheckConstraint(condition=Q(state__in=SegmentState.values), name="segment_state_known"),
            models.CheckConstraint(
                condition=~Q(kind=SegmentKind.DYNAMIC) | Q(rule__isnull=False), name="segment_dynamic_has_rule"
            ),
            models.CheckConstraint(
                condition=Q(state=SegmentState.ACTIVE) | Q(archived_at__isnull=False), name="segment_archived_is_dated"
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="segment_newest"),
            models.Index(fields=["updated_at", "id"], name="segment_by_update"),
        ]


class SegmentVersion(models.Model):
    """One set of members: the rule that chose them and the instant it was calculated for.

    `reach` is how many of them each channel reached at `reach_at`, by the key of the channel; empty before it was
    counted. Who may be reached changes with every consent, so that instant is told wherever the figure is.
    """

    id = models.BigAutoField(primary_key=True)
    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    definition = models.PositiveIntegerField()
    rule = models.JSONField(null=True)
    state = models.CharField(max_length=10, choices=VersionState, default=VersionState.BUILDING)
    members = models.BigIntegerField(default=0)
    reach = models.JSONField(default=dict, db_default={})
    reach_at = models.DateTimeField(null=True)
    as_of = models.DateTimeField()
    created_by = models.CharField(max_length=60)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["segment", "number"], name="segment_version_unique"),
            models.CheckConstraint(condition=Q(state__in=VersionState.values), name="segment_version_state_known"),
        ]
        indexes = [models.Index(fields=["created_at"], name="segment_version_by_age")]

    def __str__(self) -> str:
        return f"{self.segment_id} v{self.number}"


class SegmentMember(models.Model):
    """A customer in a version, and since when she has been in the segment without a break.

    There is no foreign key to the customer in the database: at a million members it would cost more than the rows.
    """

    pk = models.CompositePrimaryKey("version_id", "customer_id")
    version = models.ForeignKey(SegmentVersion, on_delete=models.CASCADE, db_index=False, related_name="+")
    customer = models.ForeignKey(
        Customer, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    entered_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["customer", "version"], name="segment_member_of_customer")]

    def __str__(self) -> str:
        return f"{self.customer_id} in {self.version_id}"


class SegmentRun(models.Model):
    """One calculation of a segment: when, how many people came out, who came and went, or the sentence of failure.

    `hash` is the SHA-256 of the statement with its rule: equal hashes asked the same question. `differences` counts
    why a reconcile differs from what was followed: `waiting` changes were on their way, `window` time had gone by
    since it was last looked at, `whole` rules are not followed, `unexplained` should not be.
    """

    id = models.BigAutoField(primary_key=True)
    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="runs")
    version = models.ForeignKey(SegmentVersion, null=True, on_delete=models.SET_NULL, related_name="+")
    kind = models.CharField(max_length=10, choices=RunKind, default=RunKind.FIRST, db_default=RunKind.FIRST)
    state = models.CharField(max_length=10, choices=RunState, default=RunState.RUNNING)
    as_of = models.DateTimeField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    rows = models.BigIntegerField(null=True)
    entered = models.BigIntegerField(null=True)
    exited = models.BigIntegerField(null=True)
    error = models.CharField(max_length=300, default="")
    hash = models.CharField(max_length=64, default="")
    differences = models.JSONField(default=dict, db_default={})

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="segment_run_state_known"),
            models.CheckConstraint(
                condition=Q(state=RunState.RUNNING) | Q(finished_at__isnull=False), name="segment_run_ended_is_dated"
            ),
        ]
        indexes = [
            models.Index(fields=["segment", "-started_at", "-id"], name="segment_run_newest"),
            models.Index(fields=["started_at"], name="segment_run_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.segment_id} at {self.started_at}"
