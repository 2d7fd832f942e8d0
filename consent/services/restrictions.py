"""Restricting what is done with a person's data, and ending that (GDPR Art. 18)."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from consent.models import Restriction
from consent.selectors.restrictions import standing_restrictions
from consent.services.masks import recompute_masks
from core import audit, outbox
from core.actors import Actor
from core.errors import InvalidState
from customers.models import Customer


@transaction.atomic
def place_restriction(*, customer: Customer, request: str, by: Actor, now: datetime) -> Restriction:
    """Every use of this person's data is denied from now on, with the reason `restricted`; placing it twice is once."""
    Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
    row, new = Restriction.objects.get_or_create(
        customer=customer, request=request, defaults={"placed_by": str(by), "placed_at": now}
    )
    if new:
        recompute_masks(customer_ids=[customer.pk], now=now)
        audit.record(by=by, action="restriction.placed", target=customer.public_id, reason=request)
        outbox.publish(topic="restriction.placed", subject=customer.public_id, payload={"request": request})
    return row


@transaction.atomic
def lift_restrictions(*, customer: Customer, because: str, by: Actor, now: datetime) -> int:
    """Nothing restricts this person's data any more; how many were lifted. InvalidState when none stood.

    The person has to be told before (GDPR Art. 18(3)): `because` says how that was done.
    """
    Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
    number = standing_restrictions(customer).update(lifted_at=now, lifted_by=str(by), lifted_because=because[:300])
    if not number:
        raise InvalidState("No restriction stands on this person's data.")
    recompute_masks(customer_ids=[customer.pk], now=now)
    audit.record(by=by, action="restriction.lifted", target=customer.public_id, reason=because)
    outbox.publish(topic="restriction.lifted", subject=customer.public_id, payload={})
    return number


def erase_restrictions(customer_ids: Sequence[int], /) -> int:
    """Whose data is gone needs no restriction."""
    return Restriction.objects.filter(customer_id__in=customer_ids).delete()[0]
