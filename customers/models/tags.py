"""Tags on customers."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from customers.models.customers import Customer


class TagColour(models.TextChoices):
    """How a tag looks in the console."""

    INDIGO = "indigo", "Indigo"
    BLUE = "blue", "Blue"
    GREEN = "green", "Green"
    YELLOW = "yellow", "Yellow"
    ORANGE = "orange", "Orange"
    RED = "red", "Red"
    PURPLE = "purple", "Purple"


class Tag(models.Model):
    """A word that can be put on customers; spelled once. What stands before the first colon is its namespace."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=100, unique=True)
    colour = models.CharField(max_length=10, choices=TagColour, default=TagColour.INDIGO, db_default=TagColour.INDIGO)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(colour__in=TagColour.values), name="tag_colour_known")]

    def __str__(self) -> str:
        return self.name

    @property
    def namespace(self) -> str:
        """`loyalty` of `loyalty:gold`; empty for a plain word."""
        before, colon, _ = self.name.partition(":")
        return before if colon else ""


class TagOrigin(models.TextChoices):
    """Who put a tag on."""

    PERSON = "person", "Staff"
    API = "api", "API client"
    RULE = "rule", "Rule"
    MODEL = "model", "Model"
    IMPORT = "import", "Import"


class CustomerTag(models.Model):
    """A tag on a customer, who put it there, and when it comes off by itself."""

    id = models.BigAutoField(primary_key=True)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="customer_tags")
    tag = models.ForeignKey(Tag, on_delete=models.PROTECT, related_name="customer_tags")
    origin = models.CharField(max_length=10, choices=TagOrigin)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "tag"], name="customer_tag_unique")]
        indexes = [
            models.Index(fields=["tag", "customer"], name="customer_by_tag"),
            models.Index(fields=["expires_at"], name="customer_tag_expiry", condition=Q(expires_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.tag_id} on {self.customer_id}"
