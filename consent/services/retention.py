"""Deleting what consent no longer needs."""

from datetime import datetime, timedelta
from typing import Final

from consent.models import Confirmation, ConsentToken

BATCH: Final = 10_000
CONFIRMATIONS_KEPT: Final = timedelta(days=400)


def drop_old_tokens(*, before: datetime) -> int:
    """Tokens that expired before that instant are gone, in statements of 10,000; how many."""
    dropped = 0
    while ids := list(ConsentToken.objects.filter(expires_at__lt=before).values_list("pk", flat=True)[:BATCH]):
        dropped += ConsentToken.objects.filter(pk__in=ids).delete()[0]
    return dropped


def drop_old_confirmations(*, before: datetime) -> int:
    """Questions closed before that instant are gone, in statements of 10,000; how many. The ledger keeps the proof."""
    dropped, old = 0, Confirmation.objects.filter(asked_at__lt=before, closed_at__lt=before)
    while ids := list(old.values_list("pk", flat=True)[:BATCH]):
        dropped += Confirmation.objects.filter(pk__in=ids).delete()[0]
    return dropped
