"""Questions about results whose counting takes longer than a request, with their newest answers."""

from django.db import models
from django.db.models import F, Q

from core.models.jobs import Job


class CountedReport(models.Model):
    """A question about a period in a currency: `answer` as it was at `counted_at`, `job` the newest count of it.

    `kind` is `attribution` (orders divided among channels) or `campaigns` (what each that was launched then brought).
    The answer holds sums, channels and campaigns, nobody's data. Deleted REPORT_DAYS after it was counted last.
    """

    kind = models.CharField(max_length=12, default="attribution")
    begins = models.DateTimeField()
    ends = models.DateTimeField()
    currency = models.CharField(max_length=3)
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField()
    counted_at = models.DateTimeField(null=True)
    answer = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "begins", "ends", "currency"], name="report_question"),
            models.CheckConstraint(condition=Q(begins__lt=F("ends")), name="report_period"),
            models.CheckConstraint(
                condition=Q(answer__isnull=True, counted_at__isnull=True)
                | Q(answer__isnull=False, counted_at__isnull=False),
                name="report_answer_is_dated",
            ),
        ]
        indexes = [models.Index(fields=["asked_at"], name="report_by_asking")]

    def __str__(self) -> str:
        return f"{self.kind}, {self.begins:%Y-%m-%d} to {self.ends:%Y-%m-%d}, {self.currency}"
