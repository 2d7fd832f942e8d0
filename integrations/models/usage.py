"""What clients did with the API: figures by day, and refusals by minute. No payload, no address, no person."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class DailyUsage(models.Model):
    """Calls of one client to one address on one day (UTC). `client_id` is empty where nobody was recognised.

    `client_errors` are answers 4xx, 429 among them, which `limited` counts apart; `cached` were answered 304 or from
    the cache. `buckets` are the times by rules.percentiles.BOUNDS_MS.
    """

    id = models.BigAutoField(primary_key=True)
    client_id = models.CharField(max_length=60)
    day = models.DateField()
    method = models.CharField(max_length=8)
    route = models.CharField(max_length=200)
    calls = models.BigIntegerField(default=0)
    client_errors = models.BigIntegerField(default=0)
    server_errors = models.BigIntegerField(default=0)
    limited = models.BigIntegerField(default=0)
    cached = models.BigIntegerField(default=0)
    buckets = ArrayField(models.BigIntegerField())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client_id", "day", "method", "route"], name="daily_usage_once"),
        ]
        indexes = [models.Index(fields=["day"], name="daily_usage_by_day")]

    def __str__(self) -> str:
        return f"{self.client_id} {self.day}"


class RefusedRequest(models.Model):
    """Requests refused for one reason within one minute: whose, where, which parameter, how many.

    `param` is kept only where it is a plain name. `request_id` is of the last one.
    """

    id = models.BigAutoField(primary_key=True)
    client_id = models.CharField(max_length=60)
    minute = models.DateTimeField()
    method = models.CharField(max_length=8)
    route = models.CharField(max_length=200)
    status = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=40)
    param = models.CharField(max_length=60, default="")
    request_id = models.CharField(max_length=128, default="")
    count = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client_id", "minute", "method", "route", "status", "code", "param"],
                name="refused_request_once_a_minute",
            ),
        ]
        indexes = [
            models.Index(fields=["-minute", "-id"], name="refused_request_newest"),
            models.Index(fields=["client_id", "-minute", "-id"], name="refused_request_by_client"),
            models.Index(fields=["request_id"], name="refused_request_by_id"),
        ]

    def __str__(self) -> str:
        return self.code
