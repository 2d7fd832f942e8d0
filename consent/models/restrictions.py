"""Processing that is restricted at a person's request: all of it (GDPR Art. 18), or that of sensitive data (CCPA)."""

from django.db import models
from django.db.models import Q

from customers.models import Customer


class Covers(models.TextChoices):
    """How far a restriction goes."""

    EVERYTHING = "everything", "Everything (GDPR Art. 18)"
    SENSITIVE = "sensitive", "Sensitive data (Cal. Civ. Code 1798.121)"


class Restriction(models.Model):
    """While one that covers everything stands the data may only be kept: every use is denied with the reason
    `restricted`. While one that covers sensitive data stands, values of sensitive and confidential attributes are
    withheld beyond the service the person asked for (11 CCR 7027(m)), and nothing else changes.

    `request` is the public id of the privacy request it comes from; it stands until somebody lifts it.
    """

    id = models.BigAutoField(primary_key=True)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    request = models.CharField(max_length=40)
    covers = models.CharField(max_length=10, choices=Covers, default=Covers.EVERYTHING, db_default=Covers.EVERYTHING)
    placed_by = models.CharField(max_length=60)
    placed_at = models.DateTimeField()
    lifted_by = models.CharField(max_length=60, default="")
    lifted_at = models.DateTimeField(null=True)
    lifted_because = models.CharField(max_length=300, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "request"], name="restriction_once_a_request"),
            models.CheckConstraint(condition=Q(covers__in=Covers.values), name="restriction_covers_known"),
        ]
        indexes = [models.Index(fields=["customer"], name="restriction_stands", condition=Q(lifted_at__isnull=True))]

    def __str__(self) -> str:
        return self.request
