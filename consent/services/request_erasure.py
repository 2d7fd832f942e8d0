"""Three verbs over the privacy registry: erase, anonymise, pseudonymise; and the proof that nobody is left behind.

Erase: every registered place is emptied, a tombstone stays, keyed hashes keep the person from coming back. Anonymise:
the same, but purchases and tags move to a nameless profile first (country and language, days instead of instants), so
that figures stay right and nothing leads back. Pseudonymise: the profile stays, its identifiers are replaced by keyed
hashes, and the key to them lies encrypted with the request alone (GDPR Art. 4(5)).
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.db.models import F
from django.db.models.functions import TruncDay

from consent.models import DataRequest, SuppressionReason
from consent.rules.request_steps import Action
from consent.rules.requests import Verb
from consent.selectors.requests import opened, sealed, why_held
from consent.services.suppression import suppress
from core import outbox, privacy
from core.actors import SYSTEM
from core.crypto import keyed_hash
from core.errors import InvalidState, NotFound
from core.models import IdempotencyKey
from customers.models import Customer, CustomerTag, Identity, IdentityKind, Purchase, Status
from customers.selectors.customers import all_ids
from customers.services.customers import delete_customer

PROFILES: Final = "customers.profiles"
IDENTITIES: Final = "customers.identities"
ANSWERS: Final = "core.idempotency"
SHELL: Final = "anonymous.profile"
PSEUDONYM: Final = "pseudonym.profile"
_TEXTUAL: Final = """
SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c
JOIN information_schema.tables t USING (table_schema, table_name)
WHERE c.table_schema = current_schema() AND t.table_type IN ('BASE TABLE') AND NOT EXISTS (
    SELECT FROM pg_inherits i JOIN pg_class k ON k.oid = i.inhrelid WHERE k.relname = c.table_name
) AND c.data_type IN ('text', 'character varying', 'jsonb', 'json', 'bytea', 'ARRAY')
ORDER BY 1, 2
"""

Plan = list[tuple[Action, str, str, int]]


@dataclass(frozen=True, slots=True)
class Consequence:
    """What will happen in one place: its rows now, and what becomes of them."""

    name: str
    category: str
    rows: int
    becomes: str


def plan_of_verb(verb: str, /) -> Plan:
    """The tasks of a verb: action, name, title and order."""
    places = [(Action.ERASE, p.name, f"Erase {p.category}"[:200], p.order) for p in privacy.places()]
    scan = (Action.SCAN, "everything", "Look for what is left of the person in every table", 9_000)
    answers = (Action.ERASE, ANSWERS, "Forget stored answers of the API that name the person", 50)
    if verb == Verb.PSEUDONYMISE:
        return [answers, (Action.ERASE, PSEUDONYM, "Replace identifiers by keyed hashes", 1_000), scan]
    if verb == Verb.ANONYMISE:
        return [answers, (Action.ERASE, SHELL, "Move figures to a nameless profile", 60), *places, scan]
    suppress_first = (Action.SUPPRESS, "identifiers", "Keep the person from being recorded again", 10)
    return [suppress_first, answers, *places, scan]


def preview(*, request: DataRequest) -> list[Consequence]:
    """What the verb of this request will do, place by place, counted now; nothing is changed."""
    ids = all_ids(request.customer) if request.customer else []
    return [
        Consequence(p.name, p.category, sum(1 for _ in p.collect(ids)), _becomes(request.verb, p))
        for p in privacy.places()
    ]


def _becomes(verb: str, place: privacy.PersonalData) -> str:
    if place.kept_because:
        return f"kept: {place.kept_because}"
    if verb == Verb.PSEUDONYMISE:
        return "identifiers replaced" if place.name in (PROFILES, IDENTITIES) else "kept under a pseudonym"
    if verb == Verb.ANONYMISE and place.name in ("customers.purchases", "customers.tags"):
        return "kept for figures, without a person"
    return "erased or emptied"


def keep_subjects(*, request: DataRequest, ids: Sequence[int]) -> None:
    """The identifiers of these profiles are kept with the request, encrypted: the scan needs them afterwards."""
    if request.subjects_sealed:
        return
    pairs = [[kind, value] for kind, value in Identity.objects.filter(customer_id__in=ids).values_list("kind", "value")]
    request.subjects_sealed = sealed(json.dumps(pairs))
    request.save(update_fields=["subjects_sealed"])


def subjects_of(request: DataRequest, /) -> list[tuple[str, str]]:
    """The identifiers kept with a request; none when they were forgotten."""
    text = opened(request.subjects_sealed)
    return [(kind, value) for kind, value in json.loads(text)] if text else []


def suppress_subject(*, request: DataRequest, now: datetime) -> int:
    """Keyed hashes of every identifier but those of browsers are on the suppression list; how many."""
    pairs = [(kind, value) for kind, value in subjects_of(request) if kind != IdentityKind.ANONYMOUS_ID]
    if not pairs:
        return 0
    source = request.public_id
    done = suppress(identifiers=pairs, reason=SuppressionReason.ERASURE, source=source, by=SYSTEM, now=now)
    return done.added + done.known


def erase_place(*, request: DataRequest, name: str, now: datetime) -> int:
    """One place holds nothing of the person any more; rows changed. Doing it twice changes nothing the second time."""
    if request.customer is None:
        return 0
    ids = all_ids(request.customer)
    if why := why_held(ids):
        raise InvalidState(why, code="legal_hold")
    if name == ANSWERS:
        return _forget_answers(request)
    if name == SHELL:
        return _move_to_shell(request.customer, ids, now)
    if name == PSEUDONYM:
        return _pseudonymise(request, ids, now)
    if name == PROFILES:
        delete_customer(customer=request.customer, reason="privacy request", by=SYSTEM, now=now)
        payload = {"request": request.public_id, "verb": request.verb}
        outbox.publish(topic="customer.erased", subject=request.customer.public_id, payload=payload)
        return len(ids)
    place = next((one for one in privacy.places() if one.name == name), None)
    if place is None:
        raise NotFound("This system is not registered any more; leave the task out.")
    return place.erase(ids)


def _forget_answers(request: DataRequest) -> int:
    values = [value for _, value in subjects_of(request)]
    if not values:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {IdempotencyKey._meta.db_table} k WHERE EXISTS ("  # noqa: S608
            "SELECT FROM unnest(%s::text[]) v WHERE position(convert_to(v, 'UTF8') IN k.body) > 0)",
            [values],
        )
        return int(cursor.rowcount)


def _move_to_shell(customer: Customer, ids: Sequence[int], now: datetime) -> int:
    shell = Customer.objects.create(
        public_id=Customer.new_public_id(),
        created_at=now,
        updated_at=now,
        country=customer.country,
        language=customer.language,
        status=Status.INACTIVE,
        is_known=False,
        orders_count=customer.orders_count,
        orders_total=customer.orders_total,
        orders_currency=customer.orders_currency,
        created_via="anonymised",
    )
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


def scan_everything(*, request: DataRequest) -> tuple[int, dict[str, Any]]:
    """How many rows of any text, JSON or binary column still hold an identifier of the person, and in which columns.

    E-mail addresses and phone numbers are looked for anywhere in a text, ids as whole values. One statement a table.
    """
    found, looked = dict[str, int](), 0
    values = subjects_of(request)
    anywhere = [value for kind, value in values if kind in (IdentityKind.EMAIL, IdentityKind.PHONE)]
    whole = [value for kind, value in values if kind not in (IdentityKind.EMAIL, IdentityKind.PHONE)]
    for table, columns in _columns():
        looked += len(columns)
        for column, hits in _hits(table, columns, anywhere, whole):
            found[f"{table}.{column}"] = hits
    return sum(found.values()), {"hits": found, "columns": looked, "identifiers": len(values)}


def _columns() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    tables = dict[str, list[tuple[str, str]]]()
    with connection.cursor() as cursor:
        cursor.execute(_TEXTUAL)
        for table, column, kind in cursor.fetchall():
            tables.setdefault(table, []).append((column, kind))
    yield from tables.items()


def _hits(table: str, columns: list[tuple[str, str]], anywhere: list[str], whole: list[str]) -> list[tuple[str, int]]:
    quote = connection.ops.quote_name
    parts, parameters = [], list[Any]()
    for column, kind in columns:
        name = quote(column)
        text = f"encode({name}, 'escape')" if kind == "bytea" else f"{name}::text"
        parts.append(f"count(*) FILTER (WHERE lower({text}) LIKE ANY(%s) OR {text} = ANY(%s) OR {text} LIKE ANY(%s))")
        parameters += [[f"%{_escaped(v.lower())}%" for v in anywhere], whole, [f'%"{_escaped(v)}"%' for v in whole]]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)} FROM {quote(table)}", parameters)  # noqa: S608
        numbers = cursor.fetchone()
    return [(column, hits) for (column, _), hits in zip(columns, numbers, strict=True) if hits]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
