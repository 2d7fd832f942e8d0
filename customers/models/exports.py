"""Files of the members of a segment that somebody asked for."""

from typing import Any

from django.db import models
from django.db.models import Q

from core.models.base import PublicId, TimeStamped
from core.models.jobs import Job
from customers.models.segments import Segment


class ExportState(models.TextChoices):
    """Whether the file may be written; how far it is, its job says."""

    WAITING = "waiting", "Waits for approval"
    GRANTED = "granted", "Granted"
    REFUSED = "refused", "Refused"


class ExportForm(models.TextChoices):
    """How the file is written."""

    CSV = "csv", "CSV"
    NDJSON = "ndjson", "NDJSON"


class MemberExport(PublicId, TimeStamped):
    """The members of a segment for one purpose: what was asked, by whom and why, and what came of it.

    `rows` people are in the file; `left_out` counts the others by the reason for which the purpose is not allowed for
    them. `recipient` is the company (or its API client) that gets the file, empty for ourselves; `withheld` names the
    confidential attributes that were left out for it. The file goes at `expires_at`; its size and digest stay. `epoch`
    counts erasures while it was written: a file begun before one is written anew.
    """

    id_prefix = "xpt"

    segment = models.ForeignKey(Segment, on_delete=models.PROTECT, related_name="exports")
    state = models.CharField(max_length=10, choices=ExportState)
    form = models.CharField(max_length=6, choices=ExportForm)
    fields: Any = models.JSONField(default=list)
    sees_pii = models.BooleanField(default=False)
    purpose = models.CharField(max_length=60)
    reason = models.CharField(max_length=300)
    recipient = models.CharField(max_length=40, default="", db_default="", blank=True)
    withheld: Any = models.JSONField(default=list, db_default=[])
    members = models.BigIntegerField(default=0)
    owner = models.CharField(max_length=60)
    decided_by = models.CharField(max_length=60, default="")
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")
    epoch = models.PositiveIntegerField(default=0)
    rows = models.BigIntegerField(default=0)
    left_out = models.JSONField(default=dict)
    size = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, default="")
    built_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    downloads = models.PositiveIntegerField(default=0)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ExportState.values), name="export_state_known"),
            models.CheckConstraint(condition=Q(form__in=ExportForm.values), name="export_form_known"),
            models.CheckConstraint(
                condition=Q(built_at__isnull=True) | Q(expires_at__isnull=False), name="export_file_expires"
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="export_newest"),
            models.Index(fields=["owner", "-created_at"], name="export_by_owner"),
            models.Index(
                fields=["expires_at"],
                name="export_file_there",
                condition=Q(built_at__isnull=False, removed_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.public_id
