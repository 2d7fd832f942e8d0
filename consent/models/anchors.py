"""Daily fingerprints of the whole ledger: what a removed tail of a person's chain shows by."""

from django.db import models


class LedgerAnchor(models.Model):
    """One day of the ledger (UTC, by `recorded_at`) as one digest, chained to the day before; append-only.

    `digest` is SHA-256 over the previous digest and the hash of each entry of the day in order of id. Written down
    outside (mailed, printed, notarised), it proves that nothing before was changed or removed since.
    """

    day = models.DateField(primary_key=True)
    entries = models.BigIntegerField()
    previous_digest = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.day} {self.digest[:12]}"
