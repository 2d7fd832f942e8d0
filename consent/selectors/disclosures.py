"""Who was told about whom: for one person, for one recipient, for everybody who said no to a purpose."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet

from consent.models import DisclosureFlow, Processor
from consent.rules.disclosures import CHUNK, WAYS, places
from consent.rules.vocabulary import State
from consent.selectors.registers import processors_of
from customers.selectors.origins import names_of

SHOWN: Final = 200
NO_STATES: Final = (State.WITHDRAWN, State.OPTED_OUT, State.UNSUBSCRIBED, State.OBJECTED, State.REFUSED)
_OF_PERSON: Final = """
SELECT f.recipient, f.way, f.kinds, min(d.hour), max(d.hour), count(DISTINCT d.hour)
FROM consent_disclosure d
JOIN unnest(%(chunks)s::int[], %(bits)s::int[]) AS person(chunk, place) ON person.chunk = d.chunk
JOIN consent_disclosureflow f ON f.id = d.flow_id
WHERE get_bit(d.people, person.place) = 1
GROUP BY 1, 2, 3 ORDER BY max(d.hour) DESC, 1, 2, 3 LIMIT %(limit)s
"""
_FLOWS_OF_PERSON: Final = """
SELECT DISTINCT d.flow_id FROM consent_disclosure d
JOIN unnest(%(chunks)s::int[], %(bits)s::int[]) AS person(chunk, place) ON person.chunk = d.chunk
WHERE get_bit(d.people, person.place) = 1
"""
_DAYS: Final = """
SELECT day, sum(bit_count(people)) FROM (
    SELECT date_trunc('day', hour AT TIME ZONE 'UTC')::date AS day, chunk, bit_or(people) AS people
    FROM consent_disclosure WHERE flow_id = %(flow)s AND hour >= %(since)s GROUP BY 1, 2
) AS told GROUP BY day ORDER BY day DESC
"""
_PEOPLE: Final = """
SELECT recipient, day, sum(bit_count(people))::bigint AS people FROM (
    SELECT f.recipient, date_trunc('day', d.hour AT TIME ZONE 'UTC')::date AS day, d.chunk, bit_or(d.people) AS people
    FROM consent_disclosureflow f JOIN consent_disclosure d ON d.flow_id = f.id
    WHERE (f.recipient = ANY(%(recipients)s) OR starts_with(f.recipient, %(prefix)s))
        AND f.last_at >= %(since)s AND d.hour >= %(since)s AND d.hour < %(until)s
    GROUP BY 1, 2, 3
) AS told GROUP BY 1, 2 HAVING sum(bit_count(people)) >= %(least)s ORDER BY 3 DESC, 1, 2 LIMIT %(most)s
"""
_AFTER_NO: Final = """
WITH said_no AS (
    SELECT (s.customer_id / %(chunk)s)::int AS chunk, date_trunc('hour', e.occurred_at) + interval '1 hour' AS since,
        bit_or(set_bit(repeat('0', %(chunk)s)::bit(1024), (s.customer_id %% %(chunk)s)::int, 1)) AS people
    FROM consent_consentstate s JOIN consent_consentevent e ON e.id = s.event_id
    WHERE s.purpose_id = %(purpose)s AND s.state = ANY(%(states)s) GROUP BY 1, 2
), told AS (
    SELECT d.flow_id, d.chunk, bit_or(d.people & n.people) AS people, max(d.hour) AS last_at,
        bit_or(CASE WHEN d.hour >= n.since THEN d.people & n.people ELSE repeat('0', %(chunk)s)::bit(1024) END) AS after
    FROM consent_disclosure d JOIN said_no n ON n.chunk = d.chunk
    WHERE d.hour >= %(since)s AND bit_count(d.people & n.people) > 0 GROUP BY 1, 2
)
SELECT f.id, f.recipient, f.way, f.kinds, sum(bit_count(t.people)), sum(bit_count(t.after)), max(t.last_at)
FROM told t JOIN consent_disclosureflow f ON f.id = t.flow_id
GROUP BY f.id ORDER BY 6 DESC, 5 DESC, f.id LIMIT 500
"""


@dataclass(frozen=True, slots=True)
class Received:
    """A recipient of one person's data: who, how, what; the first and last hour, and in how many hours.

    `purpose` and `basis` are those of the processor that the client belongs to; empty when no agreement names it.
    """

    recipient: str
    name: str
    way: str
    kinds: str
    first_at: datetime
    last_at: datetime
    hours: int
    purpose: str
    basis: str

    @property
    def how(self) -> str:
        """The way in words."""
        return WAYS.get(self.way, self.way)


@dataclass(frozen=True, slots=True)
class ToldAfterNo:
    """A recipient of data of people who said no: of how many ever (since the day asked for), of how many afterwards."""

    flow_id: int
    recipient: str
    name: str
    way: str
    kinds: str
    people: int
    after: int
    last_at: datetime

    @property
    def how(self) -> str:
        """The way in words."""
        return WAYS.get(self.way, self.way)


def recipients_of(*, customer_ids: Collection[int], limit: int = SHOWN) -> list[Received]:
    """Who was told about these rows of one person, the latest first; three queries."""
    rows = _rows(_OF_PERSON, _places(customer_ids) | {"limit": limit})
    names = names_of(row[0] for row in rows)
    known = processors_of([row[0].rpartition(":")[2] for row in rows])
    return [_received(row, names, known.get(row[0].rpartition(":")[2])) for row in rows]


def _received(row: tuple[Any, ...], names: Mapping[str, str], processor: Processor | None) -> Received:
    recipient, way, kinds, first_at, last_at, hours = row
    purpose, basis = (processor.purpose, processor.get_legal_basis_display()) if processor else ("", "")
    name = names.get(recipient, recipient)
    return Received(recipient, name, way, kinds, first_at, last_at, hours, purpose, basis)


def people_by_day(
    *,
    recipients: Sequence[str] = (),
    prefix: str | None = None,
    since: datetime,
    until: datetime | None = None,
    least: int = 1,
    most: int,
) -> list[tuple[str, date, int]]:
    """(recipient, day in UTC, different customers it was told about) from `least` people on, the most people first.

    Of these recipients, or of all whose name begins with `prefix`; `since` is the beginning of a day. One query.
    """
    asked = {"recipients": list(recipients), "prefix": prefix, "since": since, "least": least, "most": most}
    return _rows(_PEOPLE, asked | {"until": until or datetime.max.replace(tzinfo=UTC)})


def list_flows() -> QuerySet[DisclosureFlow]:
    """Every way in which anybody receives data, in no order."""
    return DisclosureFlow.objects.all()


def flows_about(*, customer_ids: Collection[int]) -> QuerySet[DisclosureFlow]:
    """The ways in which these rows of one person were told about."""
    found = [pk for (pk,) in _rows(_FLOWS_OF_PERSON, _places(customer_ids))]
    return DisclosureFlow.objects.filter(pk__in=found)


def days_of(*, flow_id: int, since: datetime) -> list[tuple[Any, int]]:
    """(day in UTC, customers told about) of one flow, the newest first."""
    return [(day, int(people)) for day, people in _rows(_DAYS, {"flow": flow_id, "since": since})]


def told_of_those_who_said_no(*, purpose_id: int, since: datetime) -> list[ToldAfterNo]:
    """Who received data of people whose answer to this purpose now is no; those told afterwards first.

    Afterwards: in a later hour than the no. The data may have been received for another purpose: a person judges.
    """
    states = [state.value for state in NO_STATES]
    rows = _rows(_AFTER_NO, {"purpose": purpose_id, "states": states, "since": since, "chunk": CHUNK})
    names = names_of(row[1] for row in rows)
    return [
        ToldAfterNo(pk, to, names.get(to, to), way, kinds, int(people), int(after), last_at)
        for pk, to, way, kinds, people, after, last_at in rows
    ]


def collect_recipients(customer_ids: Sequence[int], /) -> Iterator[dict[str, Any]]:
    """The recipients for an access package (GDPR Art. 15(1)(c), Cal. Civ. Code 1798.110(a)(4))."""
    for row in recipients_of(customer_ids=customer_ids, limit=10_000):
        yield {
            "recipient": row.name,
            "recipient_id": row.recipient,
            "how": row.how,
            "kinds_of_data": row.kinds,
            "purpose": row.purpose,
            "legal_basis": row.basis,
            "first_hour": row.first_at,
            "last_hour": row.last_at,
            "hours": row.hours,
        }


def _places(customer_ids: Collection[int]) -> dict[str, Any]:
    chunks, bits = places(customer_ids)
    return {"chunks": chunks, "bits": bits}


def _rows(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
