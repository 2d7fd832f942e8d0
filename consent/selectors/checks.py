"""The fast question: may we, now? One statement for whoever asks on every request."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import psycopg
from django.db import connection
from psycopg.rows import tuple_row

from consent.rules.reasons import Reason, explain
from consent.rules.standing import Person, decide
from consent.selectors.catalogue import SERVICE_BIT, Use, catalogue
from core.errors import NotFound
from core.ids import is_public_id

_COLUMNS: Final = """
SELECT person.public_id, person.country, person.region, person.birth_date, person.gpc_first_seen_at,
    person.consent_mask, person.consent_until, state.allowed, state.reason, entry.seq, entry.public_id
FROM customers_customer AS person
LEFT JOIN consent_consentstate AS state ON state.customer_id = person.id AND state.purpose_id = %s
LEFT JOIN consent_consentevent AS entry ON entry.id = state.event_id
WHERE person.status <> 'deleted' AND person.merged_into_id IS NULL AND person."""
_BY_PUBLIC_ID: Final = _COLUMNS + "public_id = %s"
_BY_EXTERNAL_ID: Final = _COLUMNS + "external_id = %s"


@dataclass(frozen=True, slots=True)
class Check:
    """Whether we may now, why, and the ledger entry behind it."""

    customer_id: str
    allowed: bool
    reason: Reason
    why: str
    place: str
    rule_set: str
    ledger_seq: int | None
    ledger_id: str | None


def check_now(*, reference: str, use: Use, now: datetime) -> Check | None:
    """The stored answer for a customer named by `cus_...` or external id; one statement, no lock.

    None when the stored answer ended since the last sweep and has to be worked out. NotFound for nobody we know.
    """
    row = _row(_BY_PUBLIC_ID if is_public_id(reference, "cus") else _BY_EXTERNAL_ID, (use.id, reference))
    if row is None:
        raise NotFound("There is no customer with this id.")
    public_id, country, region, birth_date, seen, mask, until, allowed, reason, seq, entry_id = row
    if until is not None and until <= now:
        return None
    place = region or country
    rule = catalogue().rule_of(place)
    if reason is None:
        person = _silent_person(place, birth_date, seen, mask)
        decision = decide(use, person, None, rule, now)
        return Check(public_id, decision.allowed, decision.reason, decision.why, place, rule.rule_set, None, None)
    found = Reason(reason)
    why = explain(found, rule, use.kind, use.channel)
    return Check(public_id, allowed, found, why, place, rule.rule_set, seq, entry_id)


def _row(statement: str, parameters: tuple[int, str]) -> tuple[Any, ...] | None:
    """The first row, by a statement that the session has prepared.

    Django's cursor would ping the server first and have the statement planned anew: twice the time of the answer. A
    connection that turns out to be gone is replaced once.
    """
    try:
        return _fetched(statement, parameters)
    except psycopg.OperationalError:
        if connection.in_atomic_block:
            raise
        connection.close()
        return _fetched(statement, parameters)


def _fetched(statement: str, parameters: tuple[int, str]) -> tuple[Any, ...] | None:
    connection.ensure_connection()
    session = connection.connection
    if session.prepare_threshold is None:
        session.prepare_threshold = 5
    with psycopg.Cursor(session, row_factory=tuple_row) as cursor:
        return cursor.execute(statement, parameters, prepare=True).fetchone()


def _silent_person(place: str, birth_date: date | None, seen: datetime | None, mask: int) -> Person:
    suppressed = not mask >> SERVICE_BIT & 1
    return Person(place=place, birth_date=birth_date, gpc_first_seen_at=seen, suppressed=suppressed)
