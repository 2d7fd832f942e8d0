"""Processing that is restricted at a person's request (GDPR Art. 18)."""

from django.db import models
from django.db.models import Q

from customers.models import Customer


class Restriction(models.Model):
    """While it stands the data may only be kept: every use is denied with the reason `restricted`.

    `request` is the public id of the privacy request it comes from; it stands until somebody lifts it.
    """

    id = models.BigAutoField(primary_key=True)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    request = models.CharField(max_length=40)
    placed_by = models.CharField(max_length=60)
    placed_at = models.DateTimeField()
    lifted_by = models.CharField(max_length=60, default="")
    lifted_at = models.DateTimeField(null=True)
    lifted_because = models.CharField(max_length=300, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "request"], name="restriction_once_a_request")]
        indexes = [models.Index(fields=["customer"], name="restriction_stands", condition=Q(lifted_at__isnull=True))]

    def __str__(self) -> str:
        return self.request
