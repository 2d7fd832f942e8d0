"""Taking people out of the event log."""

from collections.abc import Sequence

from customers.services.erasing import Rows, delete_rows
from engagement.models import Event, HeldEvent, Prediction


def erase_events(customer_ids: Sequence[int], /) -> Rows:
    """No event refers to these customers any more; daily sums stay, they name nobody. Returns rows deleted."""
    return delete_rows(Event.objects.filter(customer_id__in=customer_ids), customer_ids)


def move_events(customer_ids: Sequence[int], to: int, /) -> int:
    """These events are those of the profile `to`, and no longer name the consent they rested on; how many."""
    return Event.objects.filter(customer_id__in=customer_ids).update(customer_id=to, consent_ref=0)


def move_predictions(customer_ids: Sequence[int], to: int, /) -> int:
    """What models say about the first of these people is said about the profile `to`; how many."""
    return Prediction.objects.filter(customer_id=customer_ids[0]).update(customer_id=to)


def erase_held_events(customer_ids: Sequence[int], /) -> Rows:
    """Nothing kept for a hold refers to these customers; refused before while one stands. Returns rows deleted."""
    return delete_rows(HeldEvent.objects.filter(customer_id__in=customer_ids), customer_ids)
