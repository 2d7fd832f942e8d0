"""The consent ledger, append-only and hash-chained per person, and its projection."""

from django.db import models
from django.db.models.functions import Now

from consent.models.purposes import NoticeVersion, Purpose
from core.ids import new_id
from customers.models import Customer


class ConsentEvent(models.Model):
    """One thing that happened to a person's consent for a purpose.

    UPDATE and DELETE are refused by a trigger. `seq` counts per person from 1 without gaps; `hash` covers the row
    and `previous_hash`, so a changed or removed row shows. Kept when the person is erased (GDPR Art. 7(1) and
    17(3)(e)): it then names nobody but a public id.
    """

    id = models.BigAutoField(primary_key=True)
    public_id = models.CharField(max_length=40, unique=True)
    customer = models.ForeignKey(Customer, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    subject = models.CharField(max_length=40)
    seq = models.PositiveIntegerField()
    purpose = models.ForeignKey(Purpose, on_delete=models.PROTECT, related_name="+")
    event = models.CharField(max_length=20)
    legal_basis = models.CharField(max_length=30)
    place = models.CharField(max_length=12, default="")
    rule_set = models.CharField(max_length=40)
    notice = models.ForeignKey(NoticeVersion, null=True, on_delete=models.PROTECT, related_name="+")
    source = models.CharField(max_length=40)
    actor = models.CharField(max_length=60)
    evidence = models.JSONField(default=dict)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    valid_until = models.DateTimeField(null=True)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "seq"], name="consent_event_seq_unique")]
        indexes = [
            models.Index(fields=["-recorded_at", "-id"], name="consent_event_newest"),
            models.Index(fields=["customer", "purpose", "-seq"], name="consent_event_of_purpose"),
            models.Index(fields=["event", "-recorded_at", "-id"], name="consent_event_by_kind"),
            models.Index(
                fields=["-recorded_at", "-id"], name="consent_event_signals", condition=models.Q(source="gpc")
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @staticmethod
    def new_public_id() -> str:
        """A fresh consent id (`con_...`)."""
        return new_id("con")


class ConsentState(models.Model):
    """Where a person stands on a purpose now: the last event of the ledger for that pair, and what it allows."""

    id = models.BigAutoField(primary_key=True)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="consent_states")
    purpose = models.ForeignKey(Purpose, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=20)
    event = models.ForeignKey(ConsentEvent, on_delete=models.PROTECT, related_name="+")
    allowed = models.BooleanField()
    reason = models.CharField(max_length=60)
    granted_at = models.DateTimeField(null=True)
    valid_until = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "purpose"], name="consent_state_unique")]
        indexes = [
            models.Index(fields=["purpose", "state", "customer"], name="consent_state_by_purpose"),
            models.Index(
                fields=["valid_until"], name="consent_state_ends", condition=models.Q(valid_until__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose_id} of {self.customer_id}"
