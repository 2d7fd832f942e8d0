"""Figures that risk and effort are compared with, as staff set them."""

from django.db import models

from core.models.base import TimeStamped


class RiskReference(TimeStamped):
    """One figure of consent.rules.risk; without a row its first value stands."""

    key = models.SlugField(max_length=30, unique=True)
    amount = models.DecimalField(max_digits=18, decimal_places=2)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(amount__gte=0), name="risk_reference_not_negative")]

    def __str__(self) -> str:
        return self.key
