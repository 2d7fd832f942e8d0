"""Events as staff look for them, and everything one page of them needs, in a fixed number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from consent.models import ConsentEvent, ConsentToken
from consent.selectors.decisions import Answer, may_process_customer
from core.errors import NotFound
from customers.models import Customer
from customers.selectors.customers import all_ids, find_customer
from customers.selectors.origins import names_of
from engagement.models import ConsentKind, Event, Label
from engagement.rules.keys import is_public, key_of
from engagement.selectors.catalogue import event_catalogue
from engagement.selectors.words import label_values, type_titles


@dataclass(frozen=True, slots=True)
class Words:
    """What the numbers of an event mean: type (name, title), customer, sender by id and by name, campaign."""

    type: tuple[str, str]
    customer: Customer | None
    source: str
    sender: str
    campaign: str


def events_since(start: datetime | None) -> QuerySet[Event]:
    """The log, or what happened in it from `start` on, in no order."""
    return Event.objects.all() if start is None else Event.objects.filter(occurred_at__gte=start)


def narrow_to_person(rows: QuerySet[Event], reference: str) -> QuerySet[Event]:
    """Those of one person and the visitors she absorbed; none for nobody we know."""
    try:
        return rows.filter(customer_id__in=all_ids(find_customer(reference=reference)))
    except NotFound:
        return rows.none()


def narrow_to_label(rows: QuerySet[Event], *, column: str, kind: Label.Kind, value: str) -> QuerySet[Event]:
    """Those with this word in `column`; none when no event ever had it."""
    label = Label.objects.filter(kind=kind, value=value).first()
    return rows.none() if label is None else rows.filter(**{column: label.pk})


def sender_choices() -> list[tuple[str, str]]:
    """(id, name) of everybody who ever sent events, by name."""
    ids = list(Label.objects.filter(kind=Label.Kind.SOURCE).order_by("value").values_list("value", flat=True)[:1_000])
    names = names_of(ids)
    return sorted(((value, names.get(value, value)) for value in ids), key=lambda pair: pair[1].lower())


def words_of(events: Sequence[Event]) -> list[Words]:
    """The words of each event, in their order; visitors appear as who absorbed them."""
    rows = Customer.objects.select_related("merged_into").in_bulk({event.customer_id for event in events})
    labels = label_values([pk for event in events for pk in (event.campaign_id, event.source_id)])
    names = names_of({labels[event.source_id] for event in events if event.source_id in labels})
    types = type_titles(event.type_id for event in events)
    found = []
    for event in events:
        source, customer = labels.get(event.source_id, ""), rows.get(event.customer_id)
        found.append(
            Words(
                type=types[event.type_id],
                customer=(customer.merged_into or customer) if customer else None,
                source=source,
                sender=names.get(source, source),
                campaign=labels.get(event.campaign_id or 0, ""),
            )
        )
    return found


def find_event(*, xid: int, event_id: UUID) -> Event:
    """The event that this transaction wrote under this id, found by the index of the log; NotFound otherwise."""
    event = Event.objects.filter(xid=xid, event_id=event_id).first()
    if event is None:
        raise NotFound("There is no such event. It may have gone with its month, or with its customer.")
    return event


def find_by_id(*, event_id: str) -> Event | None:
    """The event that the API calls so (`evt_...`): one look into the primary key of each month."""
    if not is_public(event_id):
        return None
    return Event.objects.filter(event_id=key_of(event_id)[0]).order_by("-occurred_at").first()


@dataclass(frozen=True, slots=True)
class Grounds:
    """What allowed an event: the ledger entry behind the customer's record when it came, or the token it carried.

    `answer` is the decision for the type's purpose as it stood then, or None when the person is not known any more.
    `entry` is the ledger entry that the decision, else the token rests on.
    """

    purpose: str
    answer: Answer | None
    token: ConsentToken | None
    entry: ConsentEvent | None


def grounds_of(event: Event) -> Grounds:
    """Why this event could be stored."""
    purpose = event_catalogue().purposes[event.type_id]
    token = None
    if event.consent_kind == ConsentKind.TOKEN:
        token = ConsentToken.objects.filter(pk=event.consent_ref).first()
    customer = Customer.objects.filter(pk=event.customer_id).first()
    answer = None
    if customer is not None:
        at = event.received_at
        answer = may_process_customer(customer=customer, purpose=purpose, at=at, known_at=at)
    resting_on = token.ledger_id if token else answer.event_id if answer else None
    entry = ConsentEvent.objects.select_related("purpose").filter(pk=resting_on).first() if resting_on else None
    return Grounds(purpose=purpose, answer=answer, token=token, entry=entry)
