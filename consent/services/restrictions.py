"""Restricting what is done with a person's data, and ending that (GDPR Art. 18, Cal. Civ. Code 1798.121)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import transaction

from consent.models import Covers, Restriction
from consent.selectors.restrictions import standing_restrictions
from consent.services.masks import recompute_masks
from core import audit, outbox
from core.actors import Actor
from core.errors import InvalidState
from customers.models import Customer
from customers.services.erasing import Rows, delete_rows

_PLACED: Final = {Covers.EVERYTHING: "restriction.placed", Covers.SENSITIVE: "sensitive_use.limited"}
_LIFTED: Final = {Covers.EVERYTHING: "restriction.lifted", Covers.SENSITIVE: "sensitive_use.allowed"}
_NONE_STANDS: Final = {
    Covers.EVERYTHING: "No restriction stands on this person's data.",
    Covers.SENSITIVE: "The use of this person's sensitive data is not limited.",
}


@transaction.atomic
def place_restriction(
    *, customer: Customer, request: str, covers: Covers = Covers.EVERYTHING, by: Actor, now: datetime
) -> Restriction:
    """What it covers is no longer done with this person's data; placing it twice is once.

    One of everything denies every use, with the reason `restricted`. One of sensitive data withholds the values of
    sensitive and confidential attributes from answers, exports, messages and webhooks. Partners are told either way
    (GDPR Art. 19, 11 CCR 7027(g)).
    """
    Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
    row, new = Restriction.objects.get_or_create(
        customer=customer, request=request, defaults={"placed_by": str(by), "placed_at": now, "covers": covers}
    )
    if new:
        recompute_masks(customer_ids=[customer.pk], now=now)
        audit.record(by=by, action=_PLACED[covers], target=customer.public_id, reason=request)
        outbox.publish(topic=_PLACED[covers], subject=customer.public_id, payload={"request": request})
    return row


@transaction.atomic
def lift_restrictions(
    *, customer: Customer, covers: Covers = Covers.EVERYTHING, because: str, by: Actor, now: datetime
) -> int:
    """No restriction of this reach stands any more; how many were lifted. InvalidState when none stood.

    `because` says how the person was told before one of everything is lifted (GDPR Art. 18(3)), and how she agreed
    before sensitive data may be used again (11 CCR 7028).
    """
    Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
    stands = standing_restrictions(customer, covers)
    number = stands.update(lifted_at=now, lifted_by=str(by), lifted_because=because[:300])
    if not number:
        raise InvalidState(_NONE_STANDS[covers])
    recompute_masks(customer_ids=[customer.pk], now=now)
    audit.record(by=by, action=_LIFTED[covers], target=customer.public_id, reason=because)
    outbox.publish(topic=_LIFTED[covers], subject=customer.public_id, payload={})
    return number


def share_restrictions(*, from_id: int, to_id: int, since: datetime) -> bool:
    """What was restricted for one profile since an instant stands for the other as well; whether there was any.

    Nobody can tell which of two people said it while they were one profile. The caller recomputes what is allowed.
    """
    said = Restriction.objects.filter(customer=from_id, lifted_at=None, placed_at__gte=since).order_by("pk")
    fresh = [
        Restriction(
            customer_id=to_id, request=row.request, covers=row.covers, placed_by=row.placed_by, placed_at=row.placed_at
        )
        for row in said
    ]
    Restriction.objects.bulk_create(fresh, ignore_conflicts=True)
    return bool(fresh)


def erase_restrictions(customer_ids: Sequence[int], /) -> Rows:
    """Whose data is gone needs no restriction."""
    return delete_rows(Restriction.objects.filter(customer_id__in=customer_ids), customer_ids)
