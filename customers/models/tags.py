"""Tags on customers."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from customers.models.customers import Customer
from customers.models.segments import Segment


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


class TagRule(models.Model):
    """A tag that comes and goes by itself: whoever is in the segment has it.

    `whole` says that everybody is to be looked at, up to the customer `walked_to` so far; `ended_at` when the tag was
    left to people again. `failure` is the sentence for which it gives and takes nothing at the moment.
    """

    id = models.BigAutoField(primary_key=True)
    tag = models.ForeignKey(Tag, on_delete=models.PROTECT, related_name="rules")
    segment = models.ForeignKey(Segment, on_delete=models.PROTECT, related_name="tag_rules")
    whole = models.BooleanField(default=True)
    walked_to = models.BigIntegerField(default=0)
    failure = models.CharField(max_length=300, default="", blank=True)
    created_by = models.CharField(max_length=60)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tag"], name="tag_rule_unique", condition=Q(ended_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.tag_id} by {self.segment_id}"


class TagOrigin(models.TextChoices):
    """Who put a tag on."""

    PERSON = "person", "Staff"
    API = "api", "API client"
    RULE = "rule", "Rule"
    MODEL = "model", "Model"
    IMPORT = "import", "Import"


class CustomerTag(models.Model):
    """A tag on a customer, who put it there, and when it comes off by itself.

    `given_by` is the rule that put it there and takes it off; nothing else is ever taken off by a rule.
    """

    id = models.BigAutoField(primary_key=True)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="customer_tags")
    tag = models.ForeignKey(Tag, on_delete=models.PROTECT, related_name="customer_tags")
    origin = models.CharField(max_length=10, choices=TagOrigin)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True)
    given_by = models.ForeignKey(TagRule, null=True, on_delete=models.SET_NULL, db_index=False, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "tag"], name="customer_tag_unique")]
        indexes = [
            models.Index(fields=["tag", "customer"], name="customer_by_tag"),
            models.Index(fields=["expires_at"], name="customer_tag_expiry", condition=Q(expires_at__isnull=False)),
            models.Index(fields=["given_by", "customer"], name="tag_by_rule", condition=Q(given_by__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.tag_id} on {self.customer_id}"
