"""Consent of several people named from outside, visitors among them, in one call."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from consent.services.consent import ConsentEntry, PersonEntries, Recorded, record_consents_bulk
from consent.services.gpc import apply_gpc
from consent.services.tokens import IssuedToken, issue_token, issue_tokens
from core.actors import Actor
from core.errors import DomainError, Forbidden, InvalidInput, NotFound
from customers.models import Customer, IdentityKind
from customers.rules.governance import ANYBODY
from customers.selectors.customers import ids_by_reference
from customers.services.customers import update_customer
from customers.services.identities import ensure_anonymous, normalised

MAX_BATCH: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedEntries:
    """What somebody decided: a customer by `user_id` (external id or `cus_...`), or a visitor by `anonymous_id`.

    `place` (ISO 3166-1 or -2) is where the person is as far as the caller can tell: it becomes the place of a visitor,
    and of a customer whose profile names none.
    """

    user_id: str = ""
    anonymous_id: str = ""
    place: str = ""
    entries: Sequence[ConsentEntry] = ()


@dataclass(frozen=True, slots=True)
class NamedResult:
    """The customer, what was recorded, and a token for what is allowed now, where one was wanted and anything is."""

    customer: Customer
    recorded: Recorded
    token: IssuedToken | None


@transaction.atomic
def record_named(
    *, people: Sequence[NamedEntries], by: Actor, now: datetime, gpc: bool = False, tokens: bool = True
) -> list[NamedResult | DomainError]:
    """Per person all her entries are recorded, or none and the refusal says why; in the order given.

    At most 100. Visitors we have not met become known to us by their anonymous id. With `gpc` the request carried the
    signal, which is recorded first for everybody named.
    """
    if not 1 <= len(people) <= MAX_BATCH:
        raise InvalidInput(f"Send 1 to {MAX_BATCH} people.", code="batch_too_large", param="consents")
    found = _find(people, by, now)
    known = [pk for pk in found if isinstance(pk, int)]
    if gpc:
        apply_gpc(customer_ids=known, by=by, now=now)
    wanted = [PersonEntries(pk, one.entries) for one, pk in zip(people, found, strict=True) if isinstance(pk, int)]
    results = iter(record_consents_bulk(people=wanted, by=by, now=now))
    issued = issue_tokens(customer_ids=known, by=by, now=now) if tokens else {}
    customers = Customer.objects.in_bulk(known)
    return [
        pk if isinstance(pk, DomainError) else _result(next(results), customers[pk], issued.get(pk)) for pk in found
    ]


def issue_named(
    *, person: NamedEntries, purposes: Sequence[str], notices: Sequence[str], by: Actor, now: datetime, gpc: bool
) -> IssuedToken:
    """A token as `issue_token` issues it, for somebody named from outside.

    The signal is recorded first, and stays recorded when the token is refused.
    """
    found = _find([person], by, now)[0]
    if isinstance(found, DomainError):
        raise found
    if gpc:
        apply_gpc(customer_ids=[found], by=by, now=now)
    customer = Customer.objects.get(pk=found)
    return issue_token(customer=customer, by=by, now=now, purposes=purposes, notices=notices)


def _result(
    recorded: Recorded | DomainError, customer: Customer, token: IssuedToken | None
) -> NamedResult | DomainError:
    return recorded if isinstance(recorded, DomainError) else NamedResult(customer, recorded, token)


def _find(people: Sequence[NamedEntries], by: Actor, now: datetime) -> list[int | DomainError]:
    """The database id of each person, or why she cannot be found; her place is known afterwards."""
    by_reference = ids_by_reference([one.user_id for one in people if one.user_id])
    names = [_anonymous(one) if one.anonymous_id and not one.user_id else "" for one in people]
    visitors = [(name, one) for name, one in zip(names, people, strict=True) if isinstance(name, str) and name]
    places = {name: one.place for name, one in visitors if one.place}
    ids = ensure_anonymous(anonymous_ids=[name for name, _ in visitors], by=by, now=now, places=places)
    found = [
        name if isinstance(name, DomainError) else _one(one, by_reference.get(one.user_id) or ids.get(name))
        for one, name in zip(people, names, strict=True)
    ]
    return _placed(people, found, by, now)


def _anonymous(one: NamedEntries) -> str | DomainError:
    try:
        return normalised(kind=IdentityKind.ANONYMOUS_ID, value=one.anonymous_id)[1]
    except DomainError as refusal:
        refusal.param = "anonymousId"
        return refusal


def _one(one: NamedEntries, pk: int | None) -> int | DomainError:
    if pk is not None:
        return pk
    if one.user_id:
        return NotFound("There is no customer with this id.", param="userId")
    if one.anonymous_id:
        return Forbidden("This visitor is suppressed.", code="suppressed", param="anonymousId")
    return InvalidInput("Name the person by 'userId' or 'anonymousId'.", code="missing_field", param="userId")


def _placed(
    people: Sequence[NamedEntries], found: Sequence[int | DomainError], by: Actor, now: datetime
) -> list[int | DomainError]:
    """The same, once everybody is where the callers say; one query unless somebody moved."""
    said = {pk: one.place for one, pk in zip(people, found, strict=True) if one.place and isinstance(pk, int)}
    customers = Customer.objects.in_bulk(said) if said else {}
    refused: dict[int, DomainError] = {}
    for pk, customer in customers.items():
        if customer.place != said[pk] and not (customer.is_known and customer.place):
            try:
                _move(customer, said[pk], by, now)
            except DomainError as refusal:
                refused[pk] = refusal
    return [refused.get(pk, pk) if isinstance(pk, int) else pk for pk in found]


def _move(customer: Customer, place: str, by: Actor, now: datetime) -> None:
    """A visitor is where the last request said; a customer where the profile says, else where the first one said."""
    country, _, subdivision = place.partition("-")
    fields = {"country": country, "region": place if subdivision else None}
    update_customer(customer=customer, properties=fields, by=by, now=now, source=ANYBODY)
