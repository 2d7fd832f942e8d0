"""What is to be sent now, to whom, and whether it may be: read by the courier, one statement for all endpoints."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection

from consent.models import DataRequest
from consent.rules.papers import TOO_OLD, is_too_old
from consent.selectors.decisions import narrow_to_allowed
from consent.selectors.papers import papers_behind, withheld_from
from core.models import OutboxMessage
from customers.models import Customer, Purchase
from customers.rules.told import kinds_of
from customers.selectors.answers import FIELDS, Shape, answers, outward, raw_rows, shape_for
from integrations.models import ApiClient, PayloadKind, WebhookEndpoint
from integrations.rules.envelopes import Happening
from integrations.rules.event_catalogue import EVENT_TYPES

_DUE: Final = """
SELECT lane.endpoint, d.* FROM unnest(%(endpoints)s::bigint[], %(places)s::int[], %(ordered)s::bool[])
    AS lane(endpoint, places, ordered)
CROSS JOIN LATERAL (
    SELECT w.id, w.public_id, w.round, w.attempts, w.first_at, w.event_type, w.order_key, w.message_id
    FROM integrations_webhookdelivery w
    WHERE w.endpoint_id = lane.endpoint AND w.state = 'waiting' AND w.due_at <= %(now)s AND w.id <> ALL(%(held)s)
        AND (NOT lane.ordered OR NOT EXISTS (
            SELECT FROM integrations_webhookdelivery e WHERE e.endpoint_id = w.endpoint_id
                AND e.order_key = w.order_key AND e.state = 'waiting' AND e.id < w.id AND e.due_at > %(now)s))
    ORDER BY w.id LIMIT lane.places
) d
ORDER BY d.id
"""
_READ: Final = (
    "endpoint_id",
    "pk",
    "public_id",
    "round",
    "attempts",
    "first_at",
    "event_type",
    "order_key",
    "message_id",
)
_ORDERS: Final = "purchase"
NO_CONSENT: Final = "no_consent"


@dataclass(frozen=True, slots=True)
class Due:
    """One delivery to be sent now. `event` is None when what it says is past its retention."""

    endpoint_id: int
    pk: int
    public_id: str
    round: int
    attempts: int
    first_at: datetime | None
    event_type: str
    order_key: str
    message_id: str
    event: Happening | None


@dataclass(frozen=True, slots=True)
class Audience:
    """By what it is decided what may be said: a purpose, for whole customers the rights of a client, and where to.

    `company` is the public id of the company that gets it or of its API client; empty when none is named.
    """

    purpose: str
    full: bool
    client: str
    company: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """What may be said about an event: nothing when not `allowed`, for `why`; whom it is about, if anybody.

    `message` holds the words of a campaign for that person.
    """

    allowed: bool
    customer: Mapping[str, Any] | None = None
    customer_id: int | None = None
    kinds: tuple[str, ...] = ()
    message: Mapping[str, str] | None = None
    why: str = ""


def read_due(*, lanes: Sequence[tuple[WebhookEndpoint, int]], held: Collection[int], now: datetime) -> list[Due]:
    """What is due at these endpoints, at most so many of each, oldest first; without those that are `held` already.

    Where an endpoint keeps order, nothing overtakes an earlier delivery about the same thing that waits to be tried
    again. Two queries.
    """
    parameters: dict[str, Any] = {
        "endpoints": [endpoint.pk for endpoint, _ in lanes],
        "places": [places for _, places in lanes],
        "ordered": [endpoint.keep_order for endpoint, _ in lanes],
        "held": list(held),
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_DUE, parameters)
        rows = cursor.fetchall()
    events = happenings({row[8] for row in rows})
    return [Due(**dict(zip(_READ, row, strict=True)), event=events.get(row[8])) for row in rows]


def happenings(message_ids: Collection[str]) -> dict[str, Happening]:
    """What these messages say, by id."""
    rows = OutboxMessage.objects.filter(message_id__in=message_ids) if message_ids else ()
    return {row.message_id: happening_of(row) for row in rows}


def happening_of(row: OutboxMessage) -> Happening:
    """The message as an event."""
    payload = json.loads(row.payload) if isinstance(row.payload, str) else row.payload
    sequence = f"{row.xid}.{row.pk}"
    return Happening(row.message_id, row.topic, row.created_at, row.subject, payload, row.request_id, sequence)


def audience_of(endpoint: WebhookEndpoint) -> Audience:
    """By what it is decided what an endpoint may be told; many endpoints share one."""
    full = endpoint.payload == PayloadKind.FULL
    return Audience(endpoint.purpose, full, endpoint.client if full else "", endpoint.processor or endpoint.client)


def contents(*, audience: Audience, events: Sequence[Happening], now: datetime) -> dict[str, Content]:
    """By message id what this audience may be told now: each person is asked about through the consent gate.

    Nobody is told of whose data may not go to where the company keeps it, nor that such a person asked for her rights,
    and nothing that it may not keep any more.
    """
    people = _people(events)
    pks = {pk for pk in people.values() if pk is not None}
    papers = papers_behind((audience.company,)).get(audience.company)
    asking = people_asking(events) if papers else {}
    barred = withheld_from(papers=papers, customer_ids=pks | set(asking.values())) if papers else {}
    allowed = _allowed(pks, audience.purpose, now) - set(barred)
    shape = _shape(audience) if audience.full else None
    shown = _shown(pks & allowed, shape) if shape else {}
    told = kinds_of((*shape.fields, *shape.blocks)) if shape else ()
    found = {}
    for event in events:
        pk = people.get(event.message_id)
        kinds = kinds_of_event(event.type)
        old = papers is not None and event.message_id in people and is_too_old(papers, happened_at=event.at, now=now)
        if event.message_id not in people or (pk in allowed and not old):
            customer = shown.get(pk) if pk else None
            found[event.message_id] = Content(True, customer, pk, told if customer else kinds)
        else:
            must_reach = event.type in EVENT_TYPES and EVENT_TYPES[event.type].must_reach
            why = TOO_OLD if old and pk in allowed else barred.get(pk or 0, NO_CONSENT)
            found[event.message_id] = Content(must_reach, None, pk, kinds, why=why)
    return found | _silence(events, {name: barred[pk] for name, pk in asking.items() if pk in barred})


def _silence(events: Sequence[Happening], why: Mapping[str, str]) -> dict[str, Content]:
    """Nothing is said about these subjects, each for its reason."""
    return {
        event.message_id: Content(False, kinds=kinds_of_event(event.type), why=why[event.subject])
        for event in events
        if event.subject in why
    }


def kinds_of_event(event_type: str) -> tuple[str, ...]:
    """The kind of data that an event without the customer tells."""
    family = event_type.partition(".")[0]
    words = {"consent": "consent", "segment": "groups", "engagement": "events", _ORDERS: "orders"}
    return ("groups",) if ".tag_" in event_type else (words.get(family, "record"),)


def people_asking(events: Sequence[Happening]) -> dict[str, int]:
    """By subject the row of the person whose privacy request it is, where we know her; a query only for requests."""
    names = {event.subject for event in events if event.subject.startswith("dsr_")}
    rows = DataRequest.objects.filter(public_id__in=names, customer__isnull=False) if names else None
    return {} if rows is None else dict(rows.values_list("public_id", "customer_id"))


def _people(events: Sequence[Happening]) -> dict[str, int | None]:
    """By message id the row of the person an event is about; None for one who is gone; absent where it is nobody."""
    customers = {event.subject for event in events if event.subject.startswith("cus_")}
    orders = {event.subject for event in events if event.subject.startswith("ord_")}
    known = dict(Customer.objects.filter(public_id__in=customers).values_list("public_id", "pk")) if customers else {}
    if orders:
        known |= dict(Purchase.objects.filter(public_id__in=orders).values_list("public_id", "customer_id"))
    personal = customers | orders
    return {event.message_id: known.get(event.subject) for event in events if event.subject in personal}


def _allowed(pks: set[int], purpose: str, now: datetime) -> set[int]:
    if not pks:
        return set()
    rows = Customer.objects.alive().filter(pk__in=pks)
    return set(narrow_to_allowed(rows, purpose=purpose, now=now).values_list("pk", flat=True))


def _shape(audience: Audience) -> Shape:
    scopes = ApiClient.objects.filter(public_id=audience.client).values_list("scopes", flat=True).first() or []
    return outward(shape_for(fields=FIELDS, blocks=(), sees_pii="customers.pii:read" in scopes))


def _shown(pks: set[int], shape: Shape) -> dict[int, Mapping[str, Any]]:
    rows = list(raw_rows(Customer.objects.filter(pk__in=pks)))
    return {row.id: answer for row, answer in zip(rows, answers(rows, shape), strict=True)}
