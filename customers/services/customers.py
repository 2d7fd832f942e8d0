"""Creating, changing and deleting customers, one by one or in batches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from core import audit, outbox, privacy
from core.actors import Actor
from core.errors import Conflict, InvalidInput, Problem
from customers.models import Customer, Status
from customers.rules.identity import BadIdentity
from customers.selectors.customers import absorbed_ids
from customers.services import drafts, guards
from customers.services.attributes import attribute_check
from customers.services.drafts import Draft, Mode
from customers.services.identity_rules import clean_identifier
from customers.services.profiles import AttributeCheck, make_draft, refusal_of
from customers.services.upserts import write_drafts

MAX_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class UpsertInput:
    """One input of a batch: the id in the property the batch names, and the fields to set."""

    id: str
    properties: Mapping[str, Any]


def create_customer(*, properties: Mapping[str, Any], by: Actor, now: datetime) -> Customer:
    """A new customer with these fields (email, phone, external_id, first_name, ..., attributes).

    Refuses: no identifier, an unknown field, a wrong value, a payment-card or social-security number (400); a
    suppressed person (403); an identifier that another customer has (409 `duplicate_email`, `duplicate_external_id`).
    """
    draft = make_draft(mode=Mode.CREATE, properties=properties, check_attributes=attribute_check())
    return _written(draft, by, now)


def update_customer(
    *,
    customer: Customer,
    properties: Mapping[str, Any],
    by: Actor,
    now: datetime,
    replace: bool = False,
    expected_xid: int | None = None,
    source: str | None = None,
) -> Customer:
    """The customer with the given fields changed; None empties one, and with `replace` so does leaving it out.

    `source` says where the values come from when that is not `by`: PERSON or ANYBODY of `rules.governance`.
    Refuses as `create_customer` does, 412 when `expected_xid` is not the present version, and 422 `outranked` when
    the conflict rule of a field keeps what another system wrote.
    """
    draft = make_draft(
        mode=Mode.UPDATE,
        properties=properties,
        check_attributes=attribute_check(),
        key=("id", customer.public_id),
        replace=replace,
        expected_xid=expected_xid,
        source=source,
        firm=True,
    )
    return _written(draft, by, now)


def _written(draft: Draft, by: Actor, now: datetime) -> Customer:
    write_drafts(batch=[draft], by=by, now=now, atomic=True)
    if draft.refusal:
        raise draft.refusal
    return Customer.objects.get(pk=draft.customer_id)


def upsert_customers(
    *, id_property: str, inputs: Sequence[UpsertInput], by: Actor, now: datetime, atomic: bool = False
) -> list[Draft]:
    """Create or change up to 500 customers; one draft an input, in input order, with its outcome or refusal.

    `id_property` is `external_id`, `email` or `id`; unknown `id`s are refused, the others create. Inputs that mean
    the same customer apply in their order. With `atomic` one refusal leaves nothing stored. The number of statements
    does not depend on the number of inputs.
    """
    if id_property not in ("external_id", "email", "id"):
        raise InvalidInput("Invalid 'id_property'", param="id_property")
    if len(inputs) > MAX_BATCH:
        raise InvalidInput(f"A batch holds at most {MAX_BATCH} inputs.", code="batch_too_large", param="inputs")
    if not inputs:
        raise InvalidInput("Missing required field 'inputs'", code="missing_field", param="inputs")
    check = attribute_check()
    batch = [_upsert_draft(id_property, entry, check) for entry in inputs]
    write_drafts(batch=batch, by=by, now=now, atomic=atomic)
    return batch


def _upsert_draft(id_property: str, entry: UpsertInput, check: AttributeCheck) -> Draft:
    if id_property == "id":
        return make_draft(mode=Mode.UPDATE, properties=entry.properties, check_attributes=check, key=("id", entry.id))
    try:
        key = (id_property, clean_identifier(kind=id_property, raw=entry.id))
    except BadIdentity as refusal:
        problems = [Problem("id", refusal.code, refusal.message)]
        draft = Draft(mode=Mode.UPSERT, values={})
        draft.refuse(refusal_of(problems=problems))
        return draft
    properties = {id_property: entry.id} | dict(entry.properties)
    return make_draft(mode=Mode.UPSERT, properties=properties, check_attributes=check, key=key)


@transaction.atomic
def delete_customers(
    *, customer_ids: Sequence[int], reason: str, spared: Sequence[str] = (), by: Actor, now: datetime
) -> None:
    """Tombstones of many, and of the visitors each absorbed: public id, instant and reason stay, nothing personal.

    Each place is gone through once for all. Deleting a tombstone changes nothing. Places named in `spared` keep
    their rows. The caller has asked whether they may be erased.
    """
    theirs = absorbed_ids(customer_ids)
    ids = sorted({pk for group in theirs.values() for pk in group})
    rows = {row.pk: row for row in Customer.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
    going = {pk: theirs[pk] for pk in sorted(theirs) if rows[pk].status != Status.DELETED}
    if not going:
        return
    ids = sorted({pk for group in going.values() for pk in group})
    changed = privacy.erase_everywhere(ids, spared)
    Customer.objects.filter(pk__in=ids).update(
        status=Status.DELETED, deleted_at=now, delete_reason=reason[:40], updated_at=now
    )
    deeds, facts = [], []
    for pk, group in going.items():
        erased = {place: sum(told.get(one, 0) for one in group) for place, told in changed.items()}
        name = rows[pk].public_id
        deeds.append(audit.Deed("customer.deleted", name, {"rows": [erased, {}]}, reason))
        facts.append(outbox.Fact("customer.deleted", name, {"reason": reason[:40]}))
    audit.record_many(by=by, deeds=deeds)
    outbox.publish_many(facts)


@transaction.atomic
def delete_customer(
    *, customer: Customer, reason: str, by: Actor, now: datetime, expected_xid: int | None = None
) -> Customer:
    """A tombstone: public id, instant and reason stay, everything personal is gone from every registered place.

    Visitors that the customer absorbed go with it. Deleting a tombstone changes nothing. 412 when `expected_xid` is
    not the present version; 409 `legal_hold` while something forbids to erase one of them.
    """
    ids = sorted(absorbed_ids([customer.pk])[customer.pk])
    rows = {row.pk: row for row in Customer.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
    row = rows[customer.pk]
    if row.status == Status.DELETED:
        return row
    if expected_xid is not None and expected_xid != row.xid:
        raise drafts.changed_meanwhile()
    if why := guards.why_not_erased(customer_ids=ids):
        raise Conflict(why, code="legal_hold")
    delete_customers(customer_ids=[row.pk], reason=reason, by=by, now=now)
    return Customer.objects.get(pk=row.pk)
