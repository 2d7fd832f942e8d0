"""Deleting what consent no longer needs."""

from datetime import datetime
from typing import Final

from consent.models import ConsentToken

BATCH: Final = 10_000


def drop_old_tokens(*, before: datetime) -> int:
    """Tokens that expired before that instant are gone, in statements of 10,000; how many."""
    dropped = 0
    while ids := list(ConsentToken.objects.filter(expires_at__lt=before).values_list("pk", flat=True)[:BATCH]):
        dropped += ConsentToken.objects.filter(pk__in=ids).delete()[0]
    return dropped
