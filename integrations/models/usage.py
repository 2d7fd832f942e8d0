"""What clients did with the API: figures by day, every request for some days, refusals by minute.

No payload, no query string, no network address, no person.
"""

from django.db import models


class DailyUsage(models.Model):
    """Calls of one client to one address on one day (UTC). `client_id` is empty where nobody was recognised.

    `client_errors` are answers 4xx, 429 among them, which `limited` counts apart; `cached` were answered 304 or from
    the cache; `deprecated` carried a Deprecation header. `buckets` are the times until the answer was complete,
    `first_byte` until it began, both as {place: number} by rules.percentiles.
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
    deprecated = models.BigIntegerField(default=0, db_default=0)
    buckets = models.JSONField(default=dict)
    first_byte = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client_id", "day", "method", "route"], name="daily_usage_once"),
        ]
        indexes = [models.Index(fields=["day"], name="daily_usage_by_day")]

    def __str__(self) -> str:
        return f"{self.client_id} {self.day}"


class RequestLine(models.Model):
    """One request to the API: whose, where (as a template), how it was answered and how fast; partitioned by day.

    `code` is of a refusal, else empty. A caller may name its requests as it likes, so an id is unique with its
    instant only.
    """

    pk = models.CompositePrimaryKey("at", "request_id")
    at = models.DateTimeField()
    request_id = models.CharField(max_length=128)
    client_id = models.CharField(max_length=60)
    method = models.CharField(max_length=8)
    route = models.CharField(max_length=200)
    status = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=40, default="")
    ms = models.FloatField()

    class Meta:
        managed = False
        db_table = "integrations_requestline"

    def __str__(self) -> str:
        return self.request_id


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


class QuotaWarning(models.Model):
    """On this day (UTC) the client had used `step` per cent of a window; people are told of each step once a day."""

    id = models.BigAutoField(primary_key=True)
    client_id = models.CharField(max_length=60)
    window = models.CharField(max_length=20)
    day = models.DateField()
    step = models.PositiveSmallIntegerField()
    used = models.PositiveBigIntegerField()
    limit = models.PositiveBigIntegerField()
    full_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client_id", "window", "day", "step"], name="quota_warning_once_a_day"),
        ]
        indexes = [models.Index(fields=["day"], name="quota_warning_by_day")]

    def __str__(self) -> str:
        return f"{self.client_id} {self.window} {self.step}"
