"""Where people stand, for many at once: their states with the entries behind them, and the ends of their chains."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection

from consent.models import ConsentState, Suppression
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


def standings_of(customer_ids: Sequence[int]) -> dict[int, dict[int, Kept]]:
    """Customer id to purpose id to what is kept; one query. People without a record are absent."""
    found: dict[int, dict[int, Kept]] = defaultdict(dict)
    rows = ConsentState.objects.filter(customer_id__in=customer_ids).values_list(
        "customer_id",
        "purpose_id",
        "state",
        "event_id",
        "allowed",
        "reason",
        "valid_until",
        *(f"event__{column}" for column in ENTRY_COLUMNS),
    )
    for customer_id, purpose_id, state, event_id, allowed, reason, until, *entry in rows:
        standing = Standing(state=State(state), entry=entry_of(*entry))
        found[customer_id][purpose_id] = Kept(standing, event_id, allowed, reason, until)
    return found


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


_HEADS = """
SELECT person.id, head.seq, head.hash
FROM unnest(%s::bigint[]) AS person(id)
CROSS JOIN LATERAL (
    SELECT seq, hash FROM consent_consentevent WHERE customer_id = person.id ORDER BY seq DESC LIMIT 1
) AS head
"""


def heads_of(customer_ids: Sequence[int]) -> dict[int, Head]:
    """The last entry of each person who has one; one index lookup a person, one statement for all."""
    with connection.cursor() as cursor:
        cursor.execute(_HEADS, [list(customer_ids)])
        return {customer_id: Head(seq, hash_) for customer_id, seq, hash_ in cursor.fetchall()}


def suppressed_ids(customer_ids: Collection[int]) -> frozenset[int]:
    """Those whose profile held an identifier of the suppression list."""
    rows = Suppression.objects.filter(customer_id__in=customer_ids).values_list("customer_id", flat=True)
    return frozenset(pk for pk in rows if pk is not None)


def person_of(customer: Customer, *, suppressed: bool) -> Person:
    """What decisions need to know about a customer; nothing may be done with a tombstone or an absorbed profile."""
    gone = customer.status == Status.DELETED or customer.merged_into_id is not None
    return Person(
        place=customer.place,
        birth_date=customer.birth_date,
        gpc_first_seen_at=customer.gpc_first_seen_at,
        suppressed=suppressed or gone,
    )
