"""Whose data may only be kept, and whose sensitive data is limited to the service asked for."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, Q, QuerySet

from consent.models import Covers, Restriction, Suppression, SuppressionReason
from customers.models import Customer


def standing_restrictions(customer: Customer, /, covers: Covers) -> QuerySet[Restriction]:
    """Those of this reach that stand on this customer or on a profile she absorbed."""
    return Restriction.objects.filter(_of(customer), lifted_at=None, covers=covers)


def restricted_among(customer_ids: Collection[int], /) -> frozenset[int]:
    """Those of these customers on all of whose data, or a profile they absorbed, a restriction stands; one query."""
    stands = Restriction.objects.filter(lifted_at=None, covers=Covers.EVERYTHING)
    mine = stands.filter(customer__in=customer_ids).values_list("customer_id", flat=True)
    theirs = stands.filter(customer__merged_into__in=customer_ids).values_list("customer__merged_into_id", flat=True)
    return frozenset(mine.union(theirs)) if customer_ids else frozenset()


def held_back(customer: Customer, /, at: datetime) -> tuple[bool, bool]:
    """Whether the customer was suppressed and whether all use was restricted at that moment; one query.

    An address that does not exist says nothing about its person: only letters to it are held back.
    """
    listed = Suppression.objects.filter(customer=customer, created_at__lte=at).exclude(reason=SuppressionReason.BOUNCE)
    stood = Q(lifted_at=None) | Q(lifted_at__gt=at)
    stands = Restriction.objects.filter(_of(customer), stood, placed_at__lte=at, covers=Covers.EVERYTHING)
    row = Customer.objects.filter(pk=customer.pk).values_list(Exists(listed), Exists(stands)).first()
    return row or (False, False)


def _of(customer: Customer) -> Q:
    return Q(customer=customer) | Q(customer__in=Customer.objects.filter(merged_into=customer.pk))


def collect_restrictions(customer_ids: Sequence[int], /) -> Iterator[dict[str, Any]]:
    """Which restrictions stand or stood on their data."""
    rows = Restriction.objects.filter(customer_id__in=customer_ids).order_by("pk")
    names = ("request", "covers", "placed_at", "lifted_at")
    for values in rows.values_list(*names):
        yield dict(zip(names, values, strict=True))
