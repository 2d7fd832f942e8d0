"""Requests for pictures and links of messages, until it is clear who made them."""

from django.db import models

from campaigns.rules.reactions import Kind


class Reaction(models.Model):
    """One request, without address and user agent: only the `agent` class and the kind of `device` are kept.

    It waits a few seconds for what else happens to the same message, is judged, and goes through the gate as an event.
    Settled rows are kept for an hour, since what comes next is judged by them too. `delivery_id` is a plain number.
    """

    id = models.BigAutoField(primary_key=True)
    delivery_id = models.BigIntegerField()
    kind = models.CharField(max_length=5, choices=Kind)
    link = models.PositiveSmallIntegerField(default=0)
    at = models.DateTimeField()
    minute = models.DateTimeField()
    agent = models.CharField(max_length=8)
    device = models.CharField(max_length=10)
    head = models.BooleanField(default=False)
    gpc = models.BooleanField(default=False)
    settled = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["delivery_id", "kind", "link", "agent", "head", "minute"], name="reaction_once_a_minute"
            )
        ]
        indexes = [
            models.Index(fields=["at", "id"], name="reaction_waiting", condition=models.Q(settled=False)),
            models.Index(fields=["at"], name="reaction_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.delivery_id}"
