"""Events that were refused, so that a partner and staff can see why."""

from django.db import models


class Rejection(models.Model):
    """Events refused for one reason within one minute: whose, which field, how many.

    Never the payload: it may hold what we must not store. `request_id` is of the last one.
    """

    id = models.BigAutoField(primary_key=True)
    client_id = models.CharField(max_length=60)
    event_type = models.CharField(max_length=60, default="")
    code = models.CharField(max_length=40)
    param = models.CharField(max_length=120, default="")
    message = models.CharField(max_length=300)
    request_id = models.CharField(max_length=128, default="")
    count = models.PositiveIntegerField(default=1)
    minute = models.DateTimeField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client_id", "minute", "event_type", "code", "param"], name="rejection_once_a_minute"
            ),
        ]
        indexes = [
            models.Index(fields=["-at", "-id"], name="rejection_newest"),
            models.Index(fields=["client_id", "-at", "-id"], name="rejection_by_client"),
        ]

    def __str__(self) -> str:
        return self.code
