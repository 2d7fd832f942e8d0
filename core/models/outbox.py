"""The log of what happened, written in the transaction in which it happened."""

from django.db import models
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from core.ids import new_id

TRANSACTION_ID = "(pg_current_xact_id()::text)::bigint"


class OutboxMessage(models.Model):
    """One fact for whoever follows: topic, subject (public id), payload without personal data.

    Followers read in the order (xid, id) below the oldest running transaction (`core_log_horizon`), so a
    transaction that commits late is never skipped.
    """

    id = models.BigAutoField(primary_key=True)
    message_id = models.CharField(max_length=40, unique=True)
    xid = models.BigIntegerField(db_default=RawSQL(TRANSACTION_ID, ()))
    topic = models.CharField(max_length=80)
    subject = models.CharField(max_length=80)
    payload = models.JSONField(default=dict)
    request_id = models.CharField(max_length=128, default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["xid", "id"], name="outbox_log_order"),
            models.Index(fields=["subject", "-id"], name="outbox_by_subject"),
            models.Index(fields=["created_at"], name="outbox_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.subject}"

    @staticmethod
    def new_message_id() -> str:
        """A fresh message id (`msg_...`)."""
        return new_id("msg")


class Cursor(models.Model):
    """How far a follower has read a log: everything up to and including (xid, row) is done."""

    name = models.CharField(max_length=80, primary_key=True)
    xid = models.BigIntegerField(default=0)
    row = models.BigIntegerField(default=0)
    at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name
