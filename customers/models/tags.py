"""Tags on customers."""

from django.db import models
from django.db.models.functions import Now

from customers.models.customers import Customer


class Tag(models.Model):
    """A word that can be put on customers; spelled once."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=100, unique=True)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name


class TagOrigin(models.TextChoices):
    """Who put a tag on."""

    PERSON = "person", "Staff"
    API = "api", "API client"
    RULE = "rule", "Rule"
    MODEL = "model", "Model"
    IMPORT = "import", "Import"


class CustomerTag(models.Model):
    """A tag on a customer, and who put it there."""

    id = models.BigAutoField(primary_key=True)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="customer_tags")
    tag = models.ForeignKey(Tag, on_delete=models.PROTECT, related_name="customer_tags")
    origin = models.CharField(max_length=10, choices=TagOrigin)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "tag"], name="customer_tag_unique")]
        indexes = [models.Index(fields=["tag", "customer"], name="customer_by_tag")]

    def __str__(self) -> str:
        return f"{self.tag_id} on {self.customer_id}"
