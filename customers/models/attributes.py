"""Definitions of custom attributes: nothing is stored on a profile that no definition describes."""

from django.db import models
from django.db.models import Q

from core.models.base import TimeStamped
from customers.rules.attributes import AttributeType
from customers.rules.fields import PiiClass


class AttributeDefinition(TimeStamped):
    """Key, meaning, type and handling of one custom attribute."""

    id = models.BigAutoField(primary_key=True)
    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    description = models.CharField(max_length=300, default="", blank=True)
    type = models.CharField(max_length=10, choices=AttributeType)
    options = models.JSONField(default=list)
    unit = models.CharField(max_length=30, default="", blank=True)
    pii_class = models.CharField(max_length=12, choices=PiiClass, default=PiiClass.NONE)
    purpose = models.CharField(max_length=60)
    owner = models.CharField(max_length=120, default="", blank=True)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(type__in=AttributeType.values), name="attribute_type_known"),
            models.CheckConstraint(condition=Q(pii_class__in=PiiClass.values), name="attribute_pii_class_known"),
        ]

    def __str__(self) -> str:
        return self.key
