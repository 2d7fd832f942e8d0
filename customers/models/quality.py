"""What audits of data quality found: a score a night, findings by field, and some of the customers behind each."""

from django.db import models
from django.db.models import Q

from core.models.base import PublicId
from customers.models.customers import Customer
from customers.rules.quality import Check


class QualityAudit(PublicId):
    """One audit that looked at everybody; `measures` maps each characteristic to its score, defects and base.

    `score` is null when there was nobody to look at. Deleted after QUALITY_AUDIT_DAYS.
    """

    id_prefix = "qua"

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    people = models.BigIntegerField()
    score = models.DecimalField(max_digits=4, decimal_places=1, null=True)
    measures = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(score__isnull=True) | Q(score__range=(0, 100)), name="quality_score_range"
            )
        ]
        indexes = [models.Index(fields=["-finished_at", "-id"], name="quality_audit_newest")]


class QualityFinding(PublicId):
    """`count` of `of` things are wrong in a field (empty: about whole profiles); `parts` are figures, never values."""

    id_prefix = "qfi"

    audit = models.ForeignKey(QualityAudit, on_delete=models.CASCADE, related_name="findings", db_index=False)
    rank = models.PositiveIntegerField()
    check_name = models.CharField(max_length=10, choices=Check)
    field = models.CharField(max_length=80, default="", blank=True)
    count = models.BigIntegerField()
    of = models.BigIntegerField()
    parts = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["audit", "check_name", "field"], name="quality_finding_unique"),
            models.CheckConstraint(condition=Q(check_name__in=Check.values), name="quality_check_known"),
        ]
        indexes = [models.Index(fields=["audit", "rank"], name="quality_finding_in_order")]


class QualityExample(models.Model):
    """A customer behind a finding of the newest audit; those of earlier ones are gone."""

    pk = models.CompositePrimaryKey("finding_id", "customer_id")
    finding = models.ForeignKey(QualityFinding, on_delete=models.CASCADE, related_name="examples", db_index=False)
    customer = models.ForeignKey(
        Customer, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )

    class Meta:
        indexes = [models.Index(fields=["customer"], name="quality_example_of_customer")]

    def __str__(self) -> str:
        return f"{self.finding_id}: {self.customer_id}"
