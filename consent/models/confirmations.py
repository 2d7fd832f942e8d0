"""Letters that ask a person to confirm or renew a yes; the proof itself stands in the ledger."""

from django.db import models
from django.db.models import Q

from core.models.base import PublicId
from customers.models import Customer


class ConfirmationKind(models.TextChoices):
    """Why the letter was sent."""

    CONFIRM = "confirm", "Double opt-in"
    RENEWAL = "renewal", "Renewal"


class ConfirmationState(models.TextChoices):
    """What became of the question."""

    PENDING = "pending", "Waiting"
    CONFIRMED = "confirmed", "Confirmed"
    EXPIRED = "expired", "Expired"


class Confirmation(PublicId):
    """One question by e-mail, with one signed link that only a POST answers.

    `purposes` maps purpose keys to the public ids of the notices shown. The address is kept encrypted until the
    question is answered or has expired. `customer` is null while nobody with this address is known: a profile is made
    only when the owner of the mailbox confirms.
    """

    id_prefix = "cnf"

    customer = models.ForeignKey(Customer, null=True, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=ConfirmationKind)
    state = models.CharField(max_length=10, choices=ConfirmationState, default=ConfirmationState.PENDING)
    purposes = models.JSONField(default=dict)
    locale = models.CharField(max_length=5)
    place = models.CharField(max_length=12, default="")
    form_id = models.CharField(max_length=120)
    email_sealed = models.TextField(default="")
    email_hash = models.CharField(max_length=64)
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=60)
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    letters = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=120, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="pending") | (Q(closed_at__isnull=False) & Q(email_sealed="")),
                name="confirmation_closed_forgets",
            ),
        ]
        indexes = [
            models.Index(fields=["-asked_at", "-id"], name="confirmation_newest"),
            models.Index(fields=["state", "-asked_at", "-id"], name="confirmation_by_state"),
            models.Index(fields=["email_hash", "kind", "-id"], name="confirmation_of_address"),
            models.Index(fields=["customer", "kind", "-asked_at"], name="confirmation_of_customer"),
            models.Index(fields=["expires_at"], name="confirmation_ends", condition=Q(state="pending")),
            models.Index(fields=["due_at"], name="confirmation_to_send", condition=Q(due_at__isnull=False)),
        ]
