"""People who must not come back: keyed hashes of identifiers, which survive erasure."""

from django.db import models


class Suppression(models.Model):
    """One suppressed identifier as a keyed hash; creation through any door is refused while it stands."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=12)
    value_hash = models.CharField(max_length=64)
    reason = models.CharField(max_length=30)
    source = models.CharField(max_length=60)
    created_by = models.CharField(max_length=60)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "value_hash"], name="suppression_unique")]
        indexes = [models.Index(fields=["-created_at", "-id"], name="suppression_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.reason}"
