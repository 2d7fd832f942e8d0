"""Consent tokens: short-lived proofs that a client may hand in with an event."""

from django.db import models
from django.db.models import Q

from core.ids import new_id
from customers.models import Customer


class ConsentToken(models.Model):
    """One issued token. The token itself (a signed JWT) is never stored; `jti` is its unguessable id.

    `mask` holds the bits of the purposes it covers; `ledger_id` the ledger entry it rests on, or null when it rests
    on notice with the right to opt out (`notice_opt_out`), in places whose rule is opt-out; `notices` then names the
    words shown (public ids).
    """

    id = models.BigAutoField(primary_key=True)
    jti = models.CharField(max_length=40, unique=True)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    purposes = models.JSONField(default=list)
    mask = models.BigIntegerField()
    basis = models.CharField(max_length=30)
    place = models.CharField(max_length=12, default="")
    rule_set = models.CharField(max_length=40)
    notices = models.JSONField(default=list)
    ledger_id = models.BigIntegerField(null=True)
    issued_by = models.CharField(max_length=60)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoked_because = models.CharField(max_length=60, default="")

    class Meta:
        indexes = [
            models.Index(fields=["customer"], name="token_live", condition=Q(revoked_at__isnull=True)),
            models.Index(fields=["expires_at"], name="token_by_expiry"),
        ]

    def __str__(self) -> str:
        return self.jti

    @staticmethod
    def new_jti() -> str:
        """A fresh token id (`tok_...`)."""
        return new_id("tok")
