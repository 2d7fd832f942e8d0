"""Answers kept so that a repeated request has one effect (draft-ietf-httpapi-idempotency-key-header-07)."""

from django.db import models


class IdempotencyKey(models.Model):
    """A key one client used on one route, the fingerprint of its body, and the answer once there is one."""

    id = models.BigAutoField(primary_key=True)
    client_id = models.CharField(max_length=60)
    route = models.CharField(max_length=200)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    body = models.BinaryField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client_id", "route", "key"], name="idempotency_key_unique"),
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotency_by_age")]

    def __str__(self) -> str:
        return f"{self.client_id} {self.route}"
