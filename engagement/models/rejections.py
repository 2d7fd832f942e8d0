"""Events that were refused, so that a partner and staff can see why."""

from django.db import models


class Rejection(models.Model):
    """One refused event: who sent it, why, which field. Never the payload: it may hold what we must not store."""

    id = models.BigAutoField(primary_key=True)
    client_id = models.CharField(max_length=60)
    event_type = models.CharField(max_length=60, default="")
    code = models.CharField(max_length=40)
    param = models.CharField(max_length=120, default="")
    message = models.CharField(max_length=300)
    request_id = models.CharField(max_length=128, default="")
    count = models.PositiveIntegerField(default=1)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["-at", "-id"], name="rejection_newest"),
            models.Index(fields=["client_id", "-at"], name="rejection_by_client"),
        ]

    def __str__(self) -> str:
        return self.code
