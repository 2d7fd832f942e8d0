"""What was decided about fields, and which system wrote the values that a decision is about."""

from django.db import models
from django.db.models import Q

from core.models.base import TimeStamped
from customers.models.customers import Customer
from customers.rules.governance import ConflictRule, Format


class FieldPolicy(TimeStamped):
    """The decision about one profile field or attribute (`attributes.<key>`); without one the defaults hold.

    The owner of an attribute stands in its definition. `ranked_since` is when the conflict rule began to rank systems:
    origins from before it are out of date.
    """

    id = models.BigAutoField(primary_key=True)
    field = models.CharField(max_length=80, unique=True)
    owner = models.CharField(max_length=120, default="", blank=True)
    sources = models.JSONField(default=list)
    conflict = models.CharField(max_length=10, choices=ConflictRule, default=ConflictRule.NEWEST)
    ranked_since = models.DateTimeField(null=True)
    required = models.BooleanField(default=False)
    format = models.CharField(max_length=10, choices=Format, default="", blank=True)
    allowed = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(conflict__in=ConflictRule.values), name="field_policy_conflict_known"),
            models.CheckConstraint(
                condition=~Q(conflict=ConflictRule.SOURCE) | Q(ranked_since__isnull=False),
                name="field_policy_ranked_is_dated",
            ),
            models.CheckConstraint(condition=Q(format__in=["", *Format.values]), name="field_policy_format_known"),
        ]

    def __str__(self) -> str:
        return self.field


class FieldOrigin(models.Model):
    """Which system wrote the value that a customer has in a field; kept for fields whose rule ranks systems only.

    There is no foreign key to the customer in the database: at a million rows it would cost more than they do.
    """

    pk = models.CompositePrimaryKey("customer_id", "field")
    customer = models.ForeignKey(
        Customer, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    field = models.CharField(max_length=80)
    source = models.CharField(max_length=60)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.field} of {self.customer_id}"
