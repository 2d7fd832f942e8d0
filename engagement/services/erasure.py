"""Taking people out of the event log."""

from collections.abc import Sequence

from customers.services.erasing import Rows, delete_rows
from engagement.models import Event, HeldEvent


def erase_events(customer_ids: Sequence[int], /) -> Rows:
    """No event refers to these customers any more; daily sums stay, they name nobody. Returns rows deleted."""
    return delete_rows(Event.objects.filter(customer_id__in=customer_ids), customer_ids)


def erase_held_events(customer_ids: Sequence[int], /) -> Rows:
    """Nothing kept for a hold refers to these customers; refused before while one stands. Returns rows deleted."""
    return delete_rows(HeldEvent.objects.filter(customer_id__in=customer_ids), customer_ids)
