"""What was found where links of messages lead."""

from django.db import models
from django.db.models import Q


class LinkCheck(models.Model):
    """An address that messages lead to, by the SHA-256 of its text, and what answered there last.

    `alive` is empty until somebody looked. It names nobody: links hold no placeholders.
    """

    id = models.BigAutoField(primary_key=True)
    digest = models.CharField(max_length=64, unique=True)
    url = models.TextField()
    alive = models.BooleanField(null=True)
    status = models.PositiveSmallIntegerField(null=True)
    trouble = models.CharField(max_length=30, default="", blank=True)
    asked_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(alive__isnull=True, checked_at__isnull=True)
                | Q(alive__isnull=False, checked_at__isnull=False),
                name="link_check_found_is_dated",
            )
        ]
        indexes = [models.Index(fields=["asked_at"], name="link_check_by_age")]

    def __str__(self) -> str:
        return self.digest[:12]
