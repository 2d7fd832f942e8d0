"""Sums that followers keep up to date."""

from django.db import models


class DailyMetric(models.Model):
    """How many events of a type happened on a UTC day for a campaign (0 when none)."""

    id = models.BigAutoField(primary_key=True)
    day = models.DateField()
    type_id = models.SmallIntegerField()
    campaign_id = models.IntegerField(default=0)
    events = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["day", "type_id", "campaign_id"], name="daily_metric_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.type_id}"


class HourlyMetric(models.Model):
    """How many events of a type, sent by one source (a Label), happened in an hour, which begins at `hour` (UTC)."""

    id = models.BigAutoField(primary_key=True)
    hour = models.DateTimeField()
    type_id = models.SmallIntegerField()
    source_id = models.IntegerField(default=0)
    events = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["hour", "type_id", "source_id"], name="hourly_metric_unique")]

    def __str__(self) -> str:
        return f"{self.hour} {self.type_id}"
