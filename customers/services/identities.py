"""Identifiers of a person: linking one, recognising visitors, and what happens when a visitor turns out to be known."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from django.db import transaction

from core import audit, outbox
from core.actors import Actor
from core.errors import Conflict, InvalidInput
from customers.models import Customer, IdentityKind, Status
from customers.rules.identity import BadIdentity
from customers.services import claims, drafts, guards
from customers.services.claims import Raced
from customers.services.customers import update_customer
from customers.services.guards import Identifier
from customers.services.identity_rules import clean_identifier, is_blocked
from customers.services.merges import absorb_visitor, merge_by_identifier
from customers.services.merging import held_by, lock_pair, refuse_over_limit
from customers.services.rows import insert_rows

_ATTEMPTS: Final = 10


def normalised(*, kind: str, value: str) -> Identifier:
    """The identifier as it is stored; InvalidInput with the reason when it cannot be."""
    try:
        return kind, clean_identifier(kind=kind, raw=value)
    except BadIdentity as refusal:
        param = "kind" if refusal.code == "unknown_kind" else "value"
        raise InvalidInput(refusal.message, code=refusal.code, param=param) from refusal


def ensure_anonymous(
    *, anonymous_ids: Collection[str], by: Actor, now: datetime, places: Mapping[str, str] | None = None
) -> dict[str, int]:
    """Database ids by normalised anonymous id: of the customer already known by it, else of a new visitor.

    `places` says where new visitors are (ISO 3166-1 or -2), by anonymous id.
    A fixed number of statements for any number of ids; suppressed and blocked ones are left out. Visitors are written
    to neither audit nor outbox: nobody is known yet.
    """
    wanted = {(IdentityKind.ANONYMOUS_ID.value, value) for value in anonymous_ids if not is_blocked(value=value)}
    for _ in range(_ATTEMPTS):
        found = claims.owners_of(identifiers=wanted)
        missing = sorted(wanted - found.keys())
        missing = sorted(set(missing) - guards.suppressed_among(identifiers=missing))
        try:
            with transaction.atomic():
                found |= _new_visitors(missing, places or {}, by, now)
        except Raced:
            continue
        return {value: pk for (_, value), pk in found.items()}
    raise Conflict("These visitors are being registered by many at once; try again.", headers={"Retry-After": "1"})


def _new_visitors(
    missing: Sequence[Identifier], places: Mapping[str, str], by: Actor, now: datetime
) -> dict[Identifier, int]:
    if not missing:
        return {}
    ids = claims.new_customer_ids(count=len(missing))
    claims.claim(claims=list(zip(missing, ids, strict=True)), source=str(by), now=now)
    rows = [
        Customer(
            pk=pk,
            public_id=Customer.new_public_id(),
            is_known=False,
            country=places.get(value, "").partition("-")[0],
            region=places.get(value, "") if "-" in places.get(value, "") else "",
            created_at=now,
            updated_at=now,
            created_via=str(by),
        )
        for (_, value), pk in zip(missing, ids, strict=True)
    ]
    insert_rows(rows=rows)
    guards.project_places(customer_ids=ids, now=now)
    return dict(zip(missing, ids, strict=True))


def link_identity(*, customer: Customer, kind: str, value: str, by: Actor, now: datetime) -> Customer:
    """The customer is recognised by this identifier from now on; returns the customer as it then is.

    An identifier of a visitor brings that visitor along: its row points here (`merged_into`), its identifiers, tags
    and orders move; events stay where they are and are read under all absorbed ids. A visitor given an e-mail
    address, phone number or external id that nobody has becomes that customer; given one that a customer has, it is
    absorbed by it. When another known customer has it, the two become one if it names a person and nothing speaks
    against it (`rules.merging.objections`); else 409 `duplicate_<kind>`. Linking again changes nothing. 409
    `identifier_limit` beyond what one customer may hold, 403 when it is suppressed.
    """
    kind, value = normalised(kind=kind, value=value)
    owner = claims.owners_of(identifiers=[(kind, value)]).get((kind, value))
    if owner == customer.pk:
        return customer
    if owner is None:
        return _link_new(customer, (kind, value), by, now)
    other = Customer.objects.get(pk=owner)
    if not other.is_known:
        return absorb_visitor(visitor=other, into=customer, by=by, now=now)
    if not customer.is_known:
        return absorb_visitor(visitor=customer, into=other, by=by, now=now)
    merged = merge_by_identifier(one=customer, other=other, kind=kind, by=by, now=now)
    if merged is not None:
        return merged
    raise Conflict(
        "Another customer has this identifier, and something speaks against merging the two without people.",
        code=f"duplicate_{kind}",
        param="value",
    )


def recognise_visitor(*, customer_id: int, anonymous_id: str, by: Actor, now: datetime) -> bool:
    """The customer with this row id, or who absorbed her, is recognised by the anonymous id; see `link_identity`.

    Answers whether that is new; False for a tombstone, to which nothing is linked.
    """
    customer = Customer.objects.select_related("merged_into").filter(pk=customer_id).first()
    customer = customer.merged_into or customer if customer else None
    if customer is None or customer.status == Status.DELETED:
        return False
    kind, value = normalised(kind=IdentityKind.ANONYMOUS_ID, value=anonymous_id)
    if claims.owners_of(identifiers=[(kind, value)]).get((kind, value)) == customer.pk:
        return False
    link_identity(customer=customer, kind=kind, value=value, by=by, now=now)
    return True


def _link_new(customer: Customer, identifier: Identifier, by: Actor, now: datetime) -> Customer:
    kind, value = identifier
    if kind in drafts.OWN_KINDS and not getattr(customer, kind):
        return update_customer(customer=customer, properties={kind: value}, by=by, now=now)
    if guards.suppressed_among(identifiers=[identifier]):
        raise drafts.suppressed(kind=kind)
    try:
        with transaction.atomic():
            claims.claim(claims=[(identifier, customer.pk)], source=str(by), now=now)
            row = lock_pair(ids=[customer.pk])[customer.pk]
            if row.status == Status.DELETED or row.merged_into_id:
                raise Conflict("This customer was deleted or merged at the same time; read it again.")
            refuse_over_limit(held=[held_by(customer_id=row.pk)])
            Customer.objects.filter(pk=row.pk).update(updated_at=now)
            _tell(row, f"identities.{kind}", by)
    except Raced:
        return link_identity(customer=customer, kind=kind, value=value, by=by, now=now)
    return customer


def _tell(row: Customer, name: str, by: Actor) -> None:
    if row.is_known:
        outbox.publish(topic="customer.updated", subject=row.public_id, payload={"changed": [name]})
    audit.record(by=by, action="customer.updated", target=row.public_id, changes={name: []})
