"""Identifiers under which a customer is recognised."""

from django.db import models
from django.db.models.functions import Now

from customers.models.customers import Customer
from customers.rules.identity import IdentityKind


class Identity(models.Model):
    """One normalised identifier of one customer; an identifier belongs to at most one customer."""

    id = models.BigAutoField(primary_key=True)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="identities")
    kind = models.CharField(max_length=12, choices=IdentityKind)
    value = models.CharField(max_length=255)
    source = models.CharField(max_length=60, default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "value"], name="identity_unique", include=["customer"]),
        ]
        indexes = [models.Index(fields=["customer", "kind"], name="identity_of_customer")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.customer_id}"
