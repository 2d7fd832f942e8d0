"""What outside models say about customers: one standing score for a model and a customer."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from customers.models import Customer


class PredictionModel(models.Model):
    """A model whose scores are written back; registered by its first write. `labels` are those it has used."""

    id = models.SmallAutoField(primary_key=True)
    slug = models.CharField(max_length=60, unique=True)
    labels = ArrayField(models.CharField(max_length=60), default=list)
    registered_by = models.CharField(max_length=60)
    registered_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["-registered_at", "-id"], name="prediction_model_newest")]

    def __str__(self) -> str:
        return self.slug


class Prediction(models.Model):
    """The newest score of a customer, by version and then by instant; deleted once it has expired.

    `version_order` sorts versions by bytes. There is no foreign key to the customer in the database: at a million rows
    it would cost more than they do.
    """

    pk = models.CompositePrimaryKey("model_id", "customer_id")
    model = models.ForeignKey(PredictionModel, on_delete=models.PROTECT, db_index=False, related_name="+")
    customer = models.ForeignKey(
        Customer, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    score = models.DecimalField(max_digits=12, decimal_places=6)
    label = models.CharField(max_length=60, default="")
    model_version = models.CharField(max_length=60)
    version_order = models.CharField(max_length=200, db_collation="C")
    scored_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    written_at = models.DateTimeField()
    written_by = models.CharField(max_length=60)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("scored_at")), name="prediction_expires_later")
        ]
        indexes = [
            models.Index(fields=["customer", "model"], name="prediction_of_customer"),
            models.Index(fields=["model", "scored_at"], name="prediction_by_date"),
            models.Index(fields=["expires_at"], name="prediction_by_end"),
        ]

    def __str__(self) -> str:
        return f"{self.model_id} of {self.customer_id}"
