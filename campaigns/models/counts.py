"""Figures of large campaigns as they were counted last: no request adds up a million rows."""

from django.db import models
from django.db.models import Q

from campaigns.models.campaigns import Campaign
from core.models import Job


class CampaignCount(models.Model):
    """One question about a campaign with its newest answer: sums as of `counted_at`, which took so many `seconds`.

    `asked_at` is when it was asked for, or begun by the timetable, last; `job` is the count that somebody asked for.
    """

    id = models.BigAutoField(primary_key=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, db_index=False, related_name="counts")
    question = models.CharField(max_length=120)
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField()
    counted_at = models.DateTimeField(null=True)
    seconds = models.FloatField(default=0.0)
    answer = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "question"], name="campaign_count_once"),
            models.CheckConstraint(
                condition=Q(answer__isnull=True, counted_at__isnull=True)
                | Q(answer__isnull=False, counted_at__isnull=False),
                name="campaign_count_is_dated",
            ),
        ]
        indexes = [models.Index(fields=["asked_at"], name="campaign_count_by_asking")]

    def __str__(self) -> str:
        return f"{self.campaign_id}: {self.question}"
