"""Pairs of profiles that may be one person, and the keys by which they are found."""

from django.db import models
from django.db.models import F, Q

from core.models.base import PublicId, TimeStamped
from customers.models.customers import Customer


class PairState(models.TextChoices):
    """What people said about a pair."""

    OPEN = "open", "To review"
    LATER = "later", "Later"
    DIFFERENT = "different", "Not the same person"
    MERGE = "merge", "Merge asked for"


class DuplicatePair(PublicId, TimeStamped):
    """Two profiles that agree so much that a person should look; `left` has the lower row id.

    `evidence` names fields with how they agree and their weight, never values. A pair that people called different
    stays and is not proposed again.
    """

    id_prefix = "dup"

    left = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    right = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    score = models.DecimalField(max_digits=5, decimal_places=1)
    evidence = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=PairState, default=PairState.OPEN)
    decided_by = models.CharField(max_length=60, default="")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=PairState.values), name="duplicate_state_known"),
            models.CheckConstraint(condition=Q(left__lt=F("right")), name="duplicate_in_order"),
            models.UniqueConstraint(fields=["left", "right"], name="duplicate_once"),
        ]
        indexes = [
            models.Index(fields=["-score", "-id"], name="duplicate_by_score"),
            models.Index(fields=["state", "-score", "-id"], name="duplicate_queue"),
            models.Index(fields=["-created_at", "-id"], name="duplicate_newest"),
            models.Index(fields=["right"], name="duplicate_of_right"),
        ]


class MatchKey(models.Model):
    """One blocking key of one profile, as a keyed hash: two profiles that share one are compared."""

    id = models.BigAutoField(primary_key=True)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=24)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "customer"], name="match_key_once")]
        indexes = [models.Index(fields=["customer"], name="match_key_of_customer")]

    def __str__(self) -> str:
        return self.key
