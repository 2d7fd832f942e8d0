"""Taking people out of the event log."""

from collections.abc import Sequence

from engagement.models import Event, HeldEvent


def erase_events(customer_ids: Sequence[int], /) -> int:
    """No event refers to these customers any more; daily sums stay, they name nobody. Returns rows deleted."""
    deleted, _ = Event.objects.filter(customer_id__in=customer_ids).delete()
    return deleted


def erase_held_events(customer_ids: Sequence[int], /) -> int:
    """Nothing kept for a hold refers to these customers; refused before while one stands. Returns rows deleted."""
    return HeldEvent.objects.filter(customer_id__in=customer_ids).delete()[0]
