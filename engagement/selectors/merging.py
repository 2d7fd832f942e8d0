"""How many events two profiles have, for whoever decides about a merge."""

from datetime import datetime

from customers.models import Customer
from customers.selectors.customers import absorbed_ids
from customers.selectors.merges import Foreseen
from engagement.models import Event


def preview_events(survivor: Customer, absorbed: Customer, result: Customer, now: datetime) -> Foreseen:
    """The events of both, those of visitors that each absorbed included."""
    ids = absorbed_ids([survivor.pk, absorbed.pk])
    first, second = (Event.objects.filter(customer_id__in=ids[row.pk]).count() for row in (survivor, absorbed))
    return Foreseen(counts={"Events": (first, second)})
