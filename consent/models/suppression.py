"""People who must not come back or must be left alone: keyed hashes of identifiers, which survive erasure."""

from django.db import models

from customers.models import Customer


class SuppressionReason(models.TextChoices):
    """Why an identifier is on the list; `erasure` cannot be taken off by hand.

    `bounce` concerns the address alone: nothing is sent there, and its person is left alone in no other way.
    """

    ERASURE = "erasure", "Erased at the person's request"
    OBJECTION = "objection", "Objected to all marketing"
    COMPLAINT = "complaint", "Complained about a message"
    BOUNCE = "bounce", "Address does not exist"
    STAFF = "staff", "Entered by staff"
    IMPORT = "import", "Brought from another system"


class Suppression(models.Model):
    """One suppressed identifier as a keyed hash; creation through any door is refused while it stands.

    `customer` is the profile that held the identifier when it was put on the list, so that nothing is done with
    that profile either; it goes away with the profile, the hash stays.
    """

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=12)
    value_hash = models.CharField(max_length=64)
    customer = models.ForeignKey(Customer, null=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.CharField(max_length=30, choices=SuppressionReason)
    source = models.CharField(max_length=60)
    created_by = models.CharField(max_length=60)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "value_hash"], name="suppression_unique"),
            models.CheckConstraint(
                condition=models.Q(reason__in=SuppressionReason.values), name="suppression_reason_known"
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="suppression_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.reason}"
