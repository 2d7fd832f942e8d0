"""Files that people bring, and every row that was refused."""

from django.db import models
from django.db.models import Q

from core.models.base import PublicId, TimeStamped
from core.models.jobs import Job
from customers.models.segments import Segment, SegmentVersion


class ImportTarget(models.TextChoices):
    """What the rows describe."""

    CUSTOMERS = "customers", "Customers"
    PURCHASES = "purchases", "Purchases"
    MEMBERS = "members", "Members of a list"
    CONSENTS = "consents", "Decisions about consent"


class ImportFile(PublicId, TimeStamped):
    """An uploaded file on its way in: how to read it, how its columns map, how far we are, what came of it.

    `offset` and `row` are the checkpoint: everything before is stored, in the same transaction as the rows. `undo` is
    the job that takes the import back, `undo_figures` what it did so far; `undone_at` says when it came to its end.

    A file of members is for the list `segment`, whose members it joins, or `replaces`; `version` is where they gather
    until the whole file was read.
    """

    id_prefix = "imp"

    target = models.CharField(max_length=10, choices=ImportTarget)
    file_name = models.CharField(max_length=200)
    path = models.CharField(max_length=300)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    dialect = models.JSONField(default=dict)
    headers = models.JSONField(default=list)
    mapping = models.JSONField(default=dict)
    consent_basis = models.JSONField(default=dict)
    dry_run = models.BooleanField(default=False)
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL)
    owner = models.CharField(max_length=60)
    offset = models.BigIntegerField(default=0)
    row = models.BigIntegerField(default=0)
    created = models.BigIntegerField(default=0)
    updated = models.BigIntegerField(default=0)
    unchanged = models.BigIntegerField(default=0)
    refused = models.BigIntegerField(default=0)
    reasons = models.JSONField(default=dict)
    figures = models.JSONField(default=dict)
    finished_at = models.DateTimeField(null=True)
    undo = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")
    undo_figures = models.JSONField(default=dict)
    undone_at = models.DateTimeField(null=True)
    segment = models.ForeignKey(Segment, null=True, on_delete=models.PROTECT, related_name="uploads")
    replaces = models.BooleanField(default=False, db_default=False)
    version = models.ForeignKey(SegmentVersion, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(target__in=ImportTarget.values), name="import_target_known"),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="import_newest"),
            models.Index(fields=["sha256"], name="import_by_content"),
        ]


class RefusedRow(models.Model):
    """A row that was not stored: its number in the file, why, and what it held (deleted after 30 days).

    `subject` is a keyed hash of the identifier in it, so that erasing a person finds the row.
    """

    id = models.BigAutoField(primary_key=True)
    file = models.ForeignKey(ImportFile, on_delete=models.CASCADE, related_name="refused_rows")
    row = models.BigIntegerField()
    code = models.CharField(max_length=40)
    column = models.CharField(max_length=120, default="")
    message = models.CharField(max_length=300)
    values = models.JSONField(default=list)
    subject = models.CharField(max_length=64, default="")

    class Meta:
        indexes = [models.Index(fields=["subject"], name="refused_row_of_person", condition=~Q(subject=""))]
        constraints = [models.UniqueConstraint(fields=["file", "row"], name="refused_row_once")]

    def __str__(self) -> str:
        return f"row {self.row}: {self.code}"
