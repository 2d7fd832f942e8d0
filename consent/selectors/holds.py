"""On whose data a legal hold stands."""

from consent.models import LegalHold
from customers.selectors.customers import absorbed_ids


def held_ids() -> list[int]:
    """Every profile under which facts of a person on legal hold are stored, absorbed visitors included."""
    holds = LegalHold.objects.filter(lifted_at__isnull=True).values_list("customer_id", flat=True).distinct()
    return sorted({pk for ids in absorbed_ids(list(holds)).values() for pk in ids})
