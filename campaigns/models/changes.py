"""What was decided about many messages at once, and how far their rows have followed."""

from django.db import models
from django.db.models import Q

from campaigns.models.campaigns import Campaign
from campaigns.rules.changes import What


class DeliveryChange(models.Model):
    """The newest decision about the rows of a campaign that follow it batch after batch, in the order of their ids.

    The decision itself holds from the moment it was made: the state of the campaign says so. Rows up to `last` have
    followed, `done` of them were changed, of `total`, which is counted by whoever goes on after the first batch.
    `decided_at` is when the messages are due; `beat_at` when somebody last worked on it.
    """

    campaign = models.OneToOneField(Campaign, on_delete=models.CASCADE, primary_key=True, related_name="change")
    what = models.CharField(max_length=14, choices=What)
    last = models.BigIntegerField(default=0)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField()
    beat_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(what__in=What.values), name="delivery_change_known"),
        ]
        indexes = [
            models.Index(fields=["beat_at"], name="delivery_change_open", condition=Q(finished_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id}: {self.what}"
