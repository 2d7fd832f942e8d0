"""What each worker of a campaign is handing over at this moment: what a successor reads when the worker was killed."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from campaigns.models.campaigns import Campaign


class Lane(models.Model):
    """The rows that the worker in a slot of a campaign has taken, by how far it came.

    `taken_by_server` (ids of deliveries) were accepted and are not noted yet, `current` is with the mail server now,
    `ahead` were not begun. The table is UNLOGGED: writing costs no wait for the disk, it survives any death of a
    worker, and after a crash of PostgreSQL it is empty, so nothing it says is ever older than the deliveries
    themselves. Without a lane a delivery in state `sending` has an unknown outcome.
    """

    id = models.BigAutoField(primary_key=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, db_index=False, related_name="+")
    slot = models.PositiveSmallIntegerField()
    holder = models.CharField(max_length=32)
    taken_by_server = ArrayField(models.BigIntegerField(), default=list)
    current = models.BigIntegerField(null=True)
    ahead = ArrayField(models.BigIntegerField(), default=list)
    moved_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "slot"], name="lane_once")]

    def __str__(self) -> str:
        return f"{self.campaign_id}/{self.slot}"
