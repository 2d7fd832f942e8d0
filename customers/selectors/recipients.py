"""Who outside may receive people's data: registered by the floor that keeps the register of companies."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from core.errors import Forbidden
from core.ids import is_public_id
from customers.models import Customer

WITHHELD: Final = "withheld_from_recipient"


@dataclass(frozen=True, slots=True)
class Barrier:
    """What stands between us and one recipient: `refusal` says why it gets nothing at all now, or is empty.

    `why(country, region)` answers the code of the reason why data of somebody living there may not go to it, empty
    when it may; `places` says the same of customers, by code, each person under one code at most; `words` are the
    reasons by code. What happened before `oldest` it may not keep any more (`too_old`).
    """

    refusal: str
    why: Callable[[str, str], str]
    places: Mapping[str, Q]
    words: Mapping[str, str]
    oldest: datetime | None
    too_old: str


@dataclass(frozen=True, slots=True)
class Recipients:
    """What that floor answers about recipients, each named by a company's id or by that of its API client.

    `choices()` are the companies that work for us; `outside(recipient)` says whether somebody outside stands behind
    it; `check(recipient, now)` raises a DomainError with the reason when nothing may go there; `withheld(recipient,
    customer_ids)` answers whose data may not go there, by row id with the code of the reason. `barrier(recipient, now)`
    answers all of that for one reading, None when nothing stands in the way; it costs a query only now and then.
    """

    choices: Callable[[], Sequence[tuple[str, str]]]
    outside: Callable[[str], bool]
    check: Callable[[str, datetime], None]
    withheld: Callable[[str, Collection[int]], Mapping[int, str]]
    barrier: Callable[[str, datetime], Barrier | None]


_registered: dict[str, Recipients] = {}


def register_recipients(*, name: str, recipients: Recipients) -> None:
    """That floor is asked before anything leaves."""
    _registered[name] = recipients


def recipient_choices() -> list[tuple[str, str]]:
    """(id, name) of everybody outside whom a file may be for."""
    return [choice for one in _registered.values() for choice in one.choices()]


def is_outside(recipient: str, /) -> bool:
    """Whether what goes there leaves the house; nobody named is ourselves."""
    return bool(recipient) and any(one.outside(recipient) for one in _registered.values())


def check_recipient(recipient: str, /, *, now: datetime) -> None:
    """Data may go there now; a DomainError with the reason otherwise."""
    for one in _registered.values() if recipient else ():
        one.check(recipient, now)


def withheld_for(recipient: str, /, *, customer_ids: Collection[int]) -> dict[int, str]:
    """Whose data may not go there, with the code of the reason."""
    found: dict[int, str] = {}
    for one in _registered.values() if recipient and customer_ids else ():
        found |= one.withheld(recipient, customer_ids)
    return found


def barrier_for(recipient: str, /, *, now: datetime) -> Barrier | None:
    """What stands between us and this recipient, None for most; Forbidden where nothing may go there now.

    The one rule of every door through which a program reads: what it lets out, streams and answers alike.
    """
    found = (one.barrier(recipient, now) for one in _registered.values() if recipient)
    barrier = next((one for one in found if one is not None), None)
    if barrier is not None and barrier.refusal:
        raise Forbidden(barrier.refusal, code="processor_not_covered")
    return barrier


def kept_back(rows: Iterable[Any], barrier: Barrier | None, /) -> dict[int, str]:
    """Those of these rows (with `id`, `country`, `region`) that may not leave, with the code of the reason; no query.

    Tombstones, which name no place and nobody, leave always.
    """
    if barrier is None:
        return {}
    said = {row.id: barrier.why(row.country, row.region) for row in rows if not _is_nobody(row)}
    return {pk: why for pk, why in said.items() if why}


def those_leaving(customers: QuerySet[Any], barrier: Barrier, /) -> QuerySet[Any]:
    """As `kept_back`, within a question: those of these customers that may leave."""
    for place in barrier.places.values():
        customers = customers.exclude(place & _SOMEBODY)
    return customers


def those_kept_back(customers: QuerySet[Any], barrier: Barrier, /) -> dict[str, QuerySet[Any]]:
    """The others, by the code of the reason."""
    return {why: customers.filter(place & _SOMEBODY) for why, place in barrier.places.items()}


def rows_leaving(rows: QuerySet[Any], *people: str, recipient: str, now: datetime) -> QuerySet[Any]:
    """Those of these rows that tell of nobody kept back from this recipient; `people` are their keys to customers.

    Forbidden where nothing may go there now.
    """
    barrier = barrier_for(recipient, now=now)
    if barrier is None or not barrier.places:
        return rows
    held = Customer.objects.filter(reduce(or_, barrier.places.values()), _SOMEBODY)
    for name in people:
        rows = rows.exclude(Exists(held.filter(pk=OuterRef(f"{name}_id"))))
    return rows


_SOMEBODY: Final = Q(deleted_at=None, merged_into=None)


def _is_nobody(row: Any) -> bool:
    return getattr(row, "deleted_at", None) is not None or getattr(row, "merged_into_id", None) is not None


def kept_back_of(customer_ids: Collection[int], barrier: Barrier | None, /) -> dict[int, str]:
    """As `kept_back`, by row id; a query only for a recipient with a barrier."""
    if barrier is None or not barrier.places or not customer_ids:
        return {}
    rows = Customer.objects.filter(pk__in=customer_ids, deleted_at=None)
    return kept_back(rows.only("pk", "country", "region", "deleted_at", "merged_into_id"), barrier)


def is_kept_back(recipient: str, /, *, reference: str, now: datetime) -> bool:
    """Whether nothing about the customer of this id, external or ours, may go there; of nobody, nothing can.

    For answers that can do without the person. A query only for a recipient with a barrier; Forbidden where nothing may
    go there now.
    """
    barrier = barrier_for(recipient, now=now)
    if barrier is None or not barrier.places:
        return False
    name = "public_id" if is_public_id(reference, "cus") else "external_id"
    return bool(kept_back(Customer.objects.filter(**{name: reference})[:1], barrier))


def check_leaving(recipient: str, /, *, customer_ids: Collection[int], now: datetime) -> None:
    """Data of these people may go to this recipient now; Forbidden, with the reason, otherwise."""
    barrier = barrier_for(recipient, now=now)
    reason = next(iter(kept_back_of(customer_ids, barrier).values()), "")
    if barrier is not None and reason:
        raise Forbidden(f"This may not go to you: {barrier.words[reason]}.", code=WITHHELD)
