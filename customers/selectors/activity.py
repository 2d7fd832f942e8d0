"""Narrowing a customer list by when somebody was last seen."""

from datetime import timedelta
from typing import Final

from django.utils import timezone

from core.errors import InvalidInput
from customers.models import CustomerQuerySet
from customers.selectors.criteria import Criterion

_LAPSED, _SEEN = "lapsed_90", "seen_30"
_CHOICES: Final = ((_LAPSED, "Lapsed: not seen for 90 days"), (_SEEN, "Seen within 30 days"))


def _narrow(customers: CustomerQuerySet, value: str) -> CustomerQuerySet:
    now = timezone.now()
    if value == _LAPSED:
        return customers.filter(last_seen_at__lt=now - timedelta(days=90))
    if value == _SEEN:
        return customers.filter(last_seen_at__gte=now - timedelta(days=30))
    raise InvalidInput("Invalid 'activity'", param="activity")


ACTIVITY: Final = Criterion(
    name="activity",
    label="Activity",
    choices=lambda: _CHOICES,
    narrow=_narrow,
    shortcuts=(("Lapsed 90 days", _LAPSED),),
)
"""The customer list narrowed to whoever was seen once and not for a long time, or lately."""
