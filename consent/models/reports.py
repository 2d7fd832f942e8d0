"""Audit reports as they were made: figures of requests and of the registers, no personal data."""

from django.db import models

from core.models.base import PublicId


class AuditReport(PublicId):
    """The report of one law for the requests received from `first_on` to `last_on`; never changed afterwards.

    `figures` is the report as plain values, `sha256` the digest of its canonical JSON. A `scheduled` one is made once
    a law and stretch; people may make others at any time.
    """

    id_prefix = "rpt"

    law = models.SlugField(max_length=20)
    first_on = models.DateField()
    last_on = models.DateField()
    scheduled = models.BooleanField(default=False)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=60)
    figures = models.JSONField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["law", "first_on", "last_on"],
                name="audit_report_once",
                condition=models.Q(scheduled=True),
            ),
        ]
        indexes = [models.Index(fields=["-made_at", "-id"], name="audit_report_newest")]

    def __str__(self) -> str:
        return self.public_id
