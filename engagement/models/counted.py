"""Questions about results whose counting takes longer than a request, with their newest answers."""

from django.db import models
from django.db.models import F, Q

from core.models.jobs import Job


class CountedAttribution(models.Model):
    """The orders of a period in a currency, divided: `answer` as it was at `counted_at`, `job` the newest count of it.

    The answer holds sums and channels, nobody's data. Deleted REPORT_DAYS after it was counted last.
    """

    begins = models.DateTimeField()
    ends = models.DateTimeField()
    currency = models.CharField(max_length=3)
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField()
    counted_at = models.DateTimeField(null=True)
    answer = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["begins", "ends", "currency"], name="attribution_question"),
            models.CheckConstraint(condition=Q(begins__lt=F("ends")), name="attribution_period"),
            models.CheckConstraint(
                condition=Q(answer__isnull=True, counted_at__isnull=True)
                | Q(answer__isnull=False, counted_at__isnull=False),
                name="attribution_answer_is_dated",
            ),
        ]
        indexes = [models.Index(fields=["asked_at"], name="attribution_by_asking")]

    def __str__(self) -> str:
        return f"{self.begins:%Y-%m-%d} to {self.ends:%Y-%m-%d}, {self.currency}"
