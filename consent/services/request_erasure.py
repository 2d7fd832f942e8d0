"""Three verbs over the privacy registry: erase, anonymise, pseudonymise; and the proof that nobody is left behind.

Erase: every registered place is emptied, a tombstone stays, keyed hashes keep the person from coming back. Anonymise:
the same, but purchases and tags move to a nameless profile first (country and language, days instead of instants), so
that figures stay right and nothing leads back. Pseudonymise: the profile stays, its identifiers are replaced by keyed
hashes, and the key to them lies encrypted with the request alone (GDPR Art. 4(5)).

A request may be limited to what is kept for one purpose: see `request_purposes`. Each verb takes many requests at once
and goes through a place once for all of them; one request is many of one.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from django.db import connection
from django.db.models import F
from django.db.models.functions import TruncDay

from consent.models import DataRequest, SuppressionReason
from consent.rules.request_steps import MOVES_UPTO, Action
from consent.rules.requests import Verb
from consent.selectors.requests import holds_on, opened, sealed
from consent.selectors.residue import residue_of
from consent.services.nameless import make_nameless
from consent.services.request_purposes import (
    APART,
    NAMELESS,
    becomes,
    following_from_profile,
    left_for,
    move_figures,
    places_for,
    plan_for,
    set_apart,
)
from consent.services.suppression import suppress_lists
from core import outbox, privacy
from core.actors import SYSTEM
from core.crypto import keyed_hash
from core.errors import DomainError, InvalidState, NotFound
from core.models import IdempotencyKey
from customers.models import Customer, CustomerTag, Identity, IdentityKind, Purchase, Status
from customers.selectors.customers import absorbed_ids, all_ids
from customers.services.customers import delete_customers

PROFILES: Final = "customers.profiles"
IDENTITIES: Final = "customers.identities"
ANSWERS: Final = "core.idempotency"
SHELL: Final = "anonymous.profile"
PSEUDONYM: Final = "pseudonym.profile"
Plan = list[tuple[Action, str, str, int]]


@dataclass(frozen=True, slots=True)
class Consequence:
    """What will happen in one place: its rows now, and what becomes of them."""

    name: str
    category: str
    rows: int
    becomes: str


def plan_of_verb(verb: str, purpose: str = "", /) -> Plan:
    """The tasks of a verb, for all data or what is kept for one purpose: action, name, title and order."""
    if purpose:
        return plan_for(verb, purpose)
    places = [(Action.ERASE, p.name, f"Erase {p.category}"[:200], p.order) for p in privacy.places()]
    scan = (Action.SCAN, "everything", "Look for what is left of the person in every table", 9_000)
    answers = (Action.ERASE, ANSWERS, "Forget stored answers of the API that name the person", 50)
    if verb == Verb.PSEUDONYMISE:
        return [answers, (Action.ERASE, PSEUDONYM, "Replace identifiers by keyed hashes", 1_000), scan]
    if verb == Verb.ANONYMISE:
        return [answers, (Action.ERASE, SHELL, "Move figures to a nameless profile", MOVES_UPTO), *places, scan]
    suppress_first = (Action.SUPPRESS, "identifiers", "Keep the person from being recorded again", 10)
    return [suppress_first, answers, *places, scan]


def preview(*, request: DataRequest) -> list[Consequence]:
    """What the verb of this request will do, place by place, counted now; nothing is changed."""
    ids = all_ids(request.customer) if request.customer else []
    purpose, says = request.purpose, becomes if request.purpose else _becomes
    places = [*places_for(purpose), *following_from_profile(purpose)] if purpose else privacy.places()
    told = {
        p.name: "kept as it is: refused in part" if p.name in request.refused_parts else says(request.verb, p)
        for p in places
    }
    return [Consequence(p.name, p.category, sum(1 for _ in p.collect(ids)), told[p.name]) for p in places]


def _becomes(verb: str, place: privacy.PersonalData) -> str:
    if place.kept_because:
        return f"kept: {place.kept_because}"
    if verb == Verb.PSEUDONYMISE:
        return "identifiers replaced" if place.name in (PROFILES, IDENTITIES) else "kept under a pseudonym"
    if verb == Verb.ANONYMISE and place.name in ("customers.purchases", "customers.tags"):
        return "kept for figures, without a person"
    if place.name == "customers.purchases":
        return "amounts and days kept for the books, without the number of the order"
    return "erased or emptied"


def keep_subjects(*, requests: Sequence[DataRequest]) -> None:
    """The identifiers of each person are kept with the request, encrypted: the scan needs them afterwards."""
    fresh = [request for request in requests if request.customer_id and not request.subjects_sealed]
    theirs = ids_by_request(fresh)
    pairs = dict[int, list[tuple[str, str]]]()
    everybody = [pk for ids in theirs.values() for pk in ids]
    rows = Identity.objects.filter(customer_id__in=everybody).order_by("pk")
    for owner, kind, value in rows.values_list("customer_id", "kind", "value"):
        pairs.setdefault(owner, []).append((kind, value))
    for request in fresh:
        found = [pair for pk in theirs[request.pk] for pair in pairs.get(pk, ())]
        request.subjects_sealed = sealed(json.dumps(found))
    DataRequest.objects.bulk_update(fresh, ["subjects_sealed"], batch_size=100)


def subjects_of(request: DataRequest, /) -> list[tuple[str, str]]:
    """The identifiers kept with a request; none when they were forgotten."""
    text = opened(request.subjects_sealed)
    return [(kind, value) for kind, value in json.loads(text)] if text else []


def ids_by_request(requests: Sequence[DataRequest], /) -> dict[int, list[int]]:
    """Under which row ids the facts of the person of each request stand, visitors they absorbed included."""
    found = absorbed_ids([request.customer_id for request in requests if request.customer_id])
    return {request.pk: found[request.customer_id] if request.customer_id else [] for request in requests}


def suppress_subjects(*, requests: Sequence[DataRequest], now: datetime) -> dict[int, int]:
    """Keyed hashes of every identifier but those of browsers are on the suppression list; how many by request."""
    lists = {
        request.public_id: pairs
        for request in requests
        if (pairs := [(k, v) for k, v in subjects_of(request) if k != IdentityKind.ANONYMOUS_ID])
    }
    if not lists:
        return {}
    done = suppress_lists(lists=lists, reason=SuppressionReason.ERASURE, by=SYSTEM, now=now)
    told = {source: one.added + one.known for source, one in done.items()}
    return {request.pk: told.get(request.public_id, 0) for request in requests}


def erase_place(*, requests: Sequence[DataRequest], name: str, now: datetime) -> dict[int, int | DomainError]:
    """One place holds nothing of these people any more; rows changed by request, or why one of them was left out.

    Doing it twice changes nothing the second time. Only people under a legal hold are left out.
    """
    theirs = ids_by_request(requests)
    held = holds_on([pk for ids in theirs.values() for pk in ids])
    why = {pk: next((held[one] for one in ids if one in held), "") for pk, ids in theirs.items()}
    free = [request for request in requests if request.customer and not why[request.pk]]
    rows = _erase(free, {request.pk: theirs[request.pk] for request in free}, name, now) if free else {}
    refused = {pk: InvalidState(told, code="legal_hold") for pk, told in why.items() if told}
    return {request.pk: refused.get(request.pk, rows.get(request.pk, 0)) for request in requests}


def _erase(requests: Sequence[DataRequest], theirs: Mapping[int, list[int]], name: str, now: datetime) -> Counter[int]:
    if name == ANSWERS:
        return _forget_answers(requests)
    if name == SHELL:
        return Counter({one.pk: _move_to_shell(one, theirs[one.pk], now) for one in requests})
    if name in _FOR_A_PURPOSE:
        return Counter({one.pk: _FOR_A_PURPOSE[name](one, theirs[one.pk], now) for one in requests})
    if name == PSEUDONYM:
        return Counter({one.pk: _pseudonymise(one, theirs[one.pk], now) for one in requests})
    if name == PROFILES:
        return _delete(requests, theirs, now)
    place = next((one for one in privacy.places() if one.name == name), None)
    if place is None:
        raise NotFound("This system is not registered any more; leave the task out.")
    changed = place.erase([pk for ids in theirs.values() for pk in ids])
    return Counter({key: sum(changed.get(pk, 0) for pk in ids) for key, ids in theirs.items()})


_FOR_A_PURPOSE: Final = {NAMELESS: move_figures, APART: set_apart}


def _delete(requests: Sequence[DataRequest], theirs: Mapping[int, list[int]], now: datetime) -> Counter[int]:
    people, alike = [one.customer for one in requests if one.customer], dict[tuple[str, ...], list[int]]()
    for one, row in zip(requests, people, strict=True):
        alike.setdefault(tuple(one.refused_parts), []).append(row.pk)
    for spared, pks in alike.items():
        delete_customers(customer_ids=pks, reason="privacy request", spared=spared, by=SYSTEM, now=now)
    outbox.publish_many(
        [
            outbox.Fact("customer.erased", row.public_id, {"request": one.public_id, "verb": one.verb})
            for one, row in zip(requests, people, strict=True)
        ]
    )
    return Counter({key: len(ids) for key, ids in theirs.items()})


def _forget_answers(requests: Sequence[DataRequest]) -> Counter[int]:
    pairs = [(one.pk, value) for one in requests for _, value in subjects_of(one)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH named AS (SELECT k.id, min(v.request) AS request FROM {IdempotencyKey._meta.db_table} k "  # noqa: S608
            "JOIN unnest(%s::bigint[], %s::text[]) AS v(request, text) "
            "ON position(convert_to(v.text, 'UTF8') IN k.body) > 0 GROUP BY k.id), "
            f"gone AS (DELETE FROM {IdempotencyKey._meta.db_table} k USING named WHERE k.id = named.id) "
            "SELECT request, count(*) FROM named GROUP BY request",
            [[pk for pk, _ in pairs], [value for _, value in pairs]],
        )
        return Counter(dict(cursor.fetchall()))


def _move_to_shell(request: DataRequest, ids: Sequence[int], now: datetime) -> int:
    customer = cast(Customer, request.customer)
    kept = {name: getattr(customer, name) for name in ("orders_count", "orders_total", "orders_currency")}
    shell = make_nameless(like=customer, via="anonymised", now=now, **kept)
    orders = Purchase.objects.filter(customer_id__in=ids)
    moved = orders.update(customer=shell, order_id=F("public_id"), purchased_at=TruncDay("purchased_at"))
    return moved + CustomerTag.objects.filter(customer_id__in=ids).update(customer=shell)


def _pseudonymise(request: DataRequest, ids: Sequence[int], now: datetime) -> int:
    rows = list(Identity.objects.filter(customer_id__in=ids))
    for row in rows:
        if not row.value.startswith("psn_"):
            row.value = f"psn_{keyed_hash(request.public_id, f'{row.kind}:{row.value}')}"
    Identity.objects.bulk_update(rows, ["value"])
    Customer.objects.filter(pk__in=ids).update(
        external_id=None, email=None, phone=None, first_name="", last_name="", birth_date=None, attributes={},
        status=Status.INACTIVE, updated_at=now,
    )  # fmt: skip
    outbox.publish(topic="customer.pseudonymised", subject=request.public_id, payload={"request": request.public_id})
    return len(rows)


def scan_everything(*, requests: Sequence[DataRequest]) -> dict[int, dict[str, Any]]:
    """What any table still holds of the people of these requests, by request: see `residue_of` and `left_for`."""
    whole = {request.pk: subjects_of(request) for request in requests if not request.purpose}
    limited = {request.pk: left_for(request) for request in requests if request.purpose}
    return (residue_of(whole) if whole else {}) | limited
