"""Two profiles that turned out to be one person, and what it takes to part them again."""

from django.db import models
from django.db.models import F, Q

from core.models.base import PublicId, TimeStamped
from customers.models.customers import Customer


class MergeState(models.TextChoices):
    """How far a merge is."""

    REQUESTED = "requested", "Waiting for approval"
    REFUSED = "refused", "Refused"
    EXPIRED = "expired", "Expired"
    DONE = "done", "Merged"
    UNDONE = "undone", "Undone"


class MergeOrigin(models.TextChoices):
    """What led to it."""

    VISITOR = "visitor", "Visitor recognised"
    SHARED_IDENTIFIER = "shared_identifier", "Shared identifier"
    REQUEST = "request", "Asked for"
    DUPLICATE = "duplicate", "Duplicate finder"


class Merge(PublicId, TimeStamped):
    """One profile absorbed by another, or the wish for it. Names no personal data.

    Profiles that are both known are merged on request by two people: whoever asks and somebody else who approves.
    `fields` says which fields the surviving profile took over; the values stand in `MergeImage` until `undo_until`.
    `moving` is true while purchases of a long history still follow in the background, in either direction.
    """

    id_prefix = "mrg"

    survivor = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    absorbed = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    origin = models.CharField(max_length=20, choices=MergeOrigin)
    identifier = models.CharField(max_length=12, default="")
    state = models.CharField(max_length=10, choices=MergeState)
    reason = models.CharField(max_length=300, default="")
    fields = models.JSONField(default=list)
    requested_by = models.CharField(max_length=60)
    expires_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=60, default="")
    decided_at = models.DateTimeField(null=True)
    merged_at = models.DateTimeField(null=True)
    undo_until = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=60, default="")
    undone_at = models.DateTimeField(null=True)
    moving = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=MergeState.values), name="merge_state_known"),
            models.CheckConstraint(condition=~Q(survivor=F("absorbed")), name="merge_of_two"),
            models.CheckConstraint(
                condition=~Q(origin__in=["request", "duplicate"], state__in=["done", "undone"])
                | ~Q(decided_by=F("requested_by")),
                name="merge_approved_by_another",
            ),
            models.UniqueConstraint(fields=["absorbed"], condition=Q(state="requested"), name="merge_asked_once"),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="merge_newest"),
            models.Index(fields=["state", "-created_at", "-id"], name="merge_by_state"),
            models.Index(fields=["survivor", "-id"], name="merge_of_survivor"),
            models.Index(fields=["absorbed", "-id"], name="merge_of_absorbed"),
            models.Index(fields=["expires_at"], name="merge_expiry", condition=Q(state="requested")),
            models.Index(fields=["updated_at"], name="merge_moving", condition=Q(moving=True)),
            models.Index(fields=["undo_until"], name="merge_undo_ends", condition=Q(undo_until__isnull=False)),
        ]


class MergeImage(models.Model):
    """How one part of two profiles was before their merge: personal data, deleted when the merge cannot be undone.

    `part` is `profile`, `identities`, `tags`, `visitors`, `purchases`, or what an upper floor registered; `number`
    counts the pieces of a long part.
    """

    id = models.BigAutoField(primary_key=True)
    merge = models.ForeignKey(Merge, on_delete=models.CASCADE, related_name="images")
    part = models.CharField(max_length=40)
    number = models.PositiveIntegerField(default=0)
    data = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merge", "part", "number"], name="merge_image_once")]

    def __str__(self) -> str:
        return f"{self.part} of {self.merge_id}"
