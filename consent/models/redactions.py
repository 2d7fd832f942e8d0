"""What staff decided about other people's data in the package of a request."""

from django.db import models

from consent.models.requests import DataRequest


class Redaction(models.Model):
    """One text that is taken out of a package, or one found in it that is left in, and why.

    The text is somebody's personal data: it is encrypted, found again by its keyed hash, and forgotten with the
    address of the requester.
    """

    class Kind(models.TextChoices):
        """Which way it was decided."""

        OUT = "out", "Taken out"
        IN = "in", "Left in"

    id = models.BigAutoField(primary_key=True)
    request = models.ForeignKey(DataRequest, on_delete=models.CASCADE, related_name="redactions")
    kind = models.CharField(max_length=3, choices=Kind)
    text_hash = models.CharField(max_length=64)
    text_sealed = models.TextField(default="")
    reason = models.CharField(max_length=300)
    by = models.CharField(max_length=60)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["request", "text_hash"], name="redaction_once_a_text")]

    def __str__(self) -> str:
        return self.kind
