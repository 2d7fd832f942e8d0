"""Where people stand, for many at once: their states with the entries behind them, and the ends of their chains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection

from consent.rules.chain import GENESIS
from consent.rules.standing import Entry, Person, Standing
from consent.rules.vocabulary import Basis, Event, State
from customers.models import Customer, Status

ENTRY_COLUMNS: Final = (
    "seq",
    "event",
    "occurred_at",
    "legal_basis",
    "notice__version",
    "valid_until",
    "source",
    "evidence",
)
"""The columns of the ledger that `entry_of` takes."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A row of ConsentState: the standing, the id of the entry behind it, and what it was found to allow."""

    standing: Standing
    event_id: int
    allowed: bool
    reason: str
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a person's chain."""

    seq: int = 0
    hash: str = GENESIS


@dataclass(frozen=True, slots=True)
class Record:
    """All that is on record about one person: the end of the chain, what is kept by purpose id, the list,
    what is restricted: everything, or the use of sensitive data.
    """

    head: Head
    kept: Mapping[int, Kept]
    suppressed: bool
    restricted: bool
    limited: bool


_RECORDS: Final = """
SELECT person.id, head.seq, head.hash,
    EXISTS (SELECT FROM consent_suppression AS listed WHERE listed.customer_id = person.id
        AND listed.reason <> 'bounce'),
    coalesce('everything' = ANY(limits.covers), false), coalesce('sensitive' = ANY(limits.covers), false),
    states.kept
FROM unnest(%s::bigint[]) AS person(id)
LEFT JOIN LATERAL (
    SELECT seq, hash FROM consent_consentevent WHERE customer_id = person.id ORDER BY seq DESC LIMIT 1
) AS head ON true
LEFT JOIN LATERAL (
    SELECT array_agg(limit_.covers::text) AS covers FROM consent_restriction AS limit_
    WHERE limit_.lifted_at IS NULL AND (limit_.customer_id = person.id
        OR limit_.customer_id IN (SELECT id FROM customers_customer AS one WHERE one.merged_into_id = person.id))
) AS limits ON true
LEFT JOIN LATERAL (
    SELECT json_agg(json_build_array(state.purpose_id, state.state, state.event_id, state.allowed, state.reason,
        state.valid_until, entry.seq, entry.event, entry.occurred_at, entry.legal_basis, notice.version,
        entry.valid_until, entry.source, entry.evidence)) AS kept
    FROM consent_consentstate AS state
    JOIN consent_consentevent AS entry ON entry.id = state.event_id
    LEFT JOIN consent_noticeversion AS notice ON notice.id = entry.notice_id
    WHERE state.customer_id = person.id
) AS states ON true
"""


def read_records(customer_ids: Sequence[int]) -> dict[int, Record]:
    """The record of each of these people; one statement, a few index lookups a person."""
    with connection.cursor() as cursor:
        cursor.execute(_RECORDS, [list(customer_ids)])
        return {
            customer_id: Record(Head(seq, hash_) if seq else Head(), _kept(kept or ()), suppressed, *limits)
            for customer_id, seq, hash_, suppressed, *limits, kept in cursor.fetchall()
        }


def _kept(rows: Sequence[Sequence[Any]]) -> dict[int, Kept]:
    kept = {}
    for purpose_id, state, event_id, allowed, reason, until, seq, event, occurred_at, basis, notice, end, *rest in rows:
        entry = entry_of(seq, event, _instant(occurred_at), basis, notice, end and _instant(end), *rest)
        kept[purpose_id] = Kept(Standing(State(state), entry), event_id, allowed, reason, until and _instant(until))
    return kept


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def entry_of(
    seq: int,
    event: str,
    occurred_at: datetime,
    basis: str,
    notice: int | None,
    valid_until: datetime | None,
    source: str,
    evidence: dict[str, object],
) -> Entry:
    """The entry of the rules from columns of the ledger."""
    return Entry(
        seq=seq,
        event=Event(event),
        occurred_at=occurred_at,
        basis=Basis(basis),
        notice=notice,
        valid_until=valid_until,
        source=source,
        facts=evidence,
    )


def person_of(customer: Customer, *, suppressed: bool, restricted: bool) -> Person:
    """What decisions need to know about a customer; nothing may be done with a tombstone or an absorbed profile."""
    gone = customer.status == Status.DELETED or customer.merged_into_id is not None
    return Person(
        place=customer.place,
        birth_date=customer.birth_date,
        gpc_first_seen_at=customer.gpc_first_seen_at,
        suppressed=suppressed or gone,
        restricted=restricted,
    )
