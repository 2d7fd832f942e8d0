"""The event log as a list, and one event: what came, from whom, and what allowed it."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import django_filters
from django.db.models import QuerySet
from django.forms import DateTimeInput
from django.http import HttpRequest
from django.urls import reverse

from core.console import cells
from core.console.pages import staff_of
from core.console.tables import whole_row
from core.console.views import Action, Column, DetailPage, Empty, Header, ListPage, MenuEntry
from core.menu import Panel, Reader
from customers.models import Customer, Status
from engagement.models import ConsentKind, Event, Label
from engagement.rules.keys import public_id, shown
from engagement.rules.members import DEVICE_NAMES
from engagement.selectors.catalogue import event_catalogue
from engagement.selectors.search import (
    Words,
    events_since,
    find_event,
    grounds_of,
    narrow_to_label,
    narrow_to_person,
    sender_choices,
    words_of,
)

VIEW: Final = "engagement.view_event"
LEDGER: Final = "consent.view_consent"
PII: Final = "customers.view_pii"
CLIENTS: Final = "integrations.view_apiclient"
OF_EVERYBODY: Final = timedelta(days=7)
_LOCAL: Final = "%Y-%m-%dT%H:%M"


def type_choices() -> list[tuple[str, str]]:
    """Every type, retired ones included, by title."""
    return sorted(
        ((name, title) for name, title in event_catalogue().titles.values()), key=lambda pair: pair[1].lower()
    )


def _moment(label: str, lookup: str) -> django_filters.DateTimeFilter:
    widget = DateTimeInput(attrs={"type": "datetime-local"}, format=_LOCAL)
    return django_filters.DateTimeFilter(label=label, field_name="occurred_at", lookup_expr=lookup, widget=widget)


class EventFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What the log can be narrowed by."""

    type = django_filters.ChoiceFilter(label="Type", choices=type_choices, method="of_type", empty_label="Any type")
    client = django_filters.ChoiceFilter(
        label="Client", choices=sender_choices, method="of_client", empty_label="Any client"
    )
    campaign = django_filters.CharFilter(label="Campaign", method="of_campaign")
    customer = django_filters.CharFilter(label="Customer", method="of_customer")
    since = _moment("Happened from", "gte")
    until = _moment("Happened before", "lt")

    class Meta:
        model = Event
        fields: Sequence[str] = ()

    def of_type(self, rows: QuerySet[Event], name: str, value: str) -> QuerySet[Event]:
        """Events of one type."""
        ids = [pk for pk, (own, _) in event_catalogue().titles.items() if own == value]
        return rows.filter(type_id__in=ids)

    def of_client(self, rows: QuerySet[Event], name: str, value: str) -> QuerySet[Event]:
        """Events that one client sent."""
        return narrow_to_label(rows, column="source_id", kind=Label.Kind.SOURCE, value=value)

    def of_campaign(self, rows: QuerySet[Event], name: str, value: str) -> QuerySet[Event]:
        """Events of the campaign with exactly this key."""
        return narrow_to_label(rows, column="campaign_id", kind=Label.Kind.CAMPAIGN, value=value)

    def of_customer(self, rows: QuerySet[Event], name: str, value: str) -> QuerySet[Event]:
        """Events of one person."""
        return narrow_to_person(rows, value)


def address_of(event: Event) -> str:
    """The page of an event: by the transaction that wrote it, which an index finds."""
    return reverse("console:event", args=[event.xid, event.event_id])


def person_of(customer: Customer | None, reader: Reader) -> str:
    """Who it was, leading to her page; her name only for readers of personal data."""
    if customer is None or customer.status == Status.DELETED:
        return "Erased"
    name = customer.name if reader.has_perm(PII) else ""
    label = name or ("Visitor" if not customer.is_known else f"…{customer.public_id[-10:]}")
    return cells.link(reverse("console:customer", args=[customer.public_id]), label)


class EventList(ListPage):
    """What people did, the last to arrive first; of everybody the last seven days unless a start is given."""

    name, title, permission = "events", "Events", VIEW
    menu_entry = MenuEntry("Events", "activity-heartbeat", "Audience", order=20)
    filterset_class, bar_filters = EventFilter, ("type", "client", "campaign", "since", "until")
    search_label = "Customer id"
    default_sort, key_field = "-xid", "event_id"
    empty = Empty(
        "No events here", "Without a start, only the last seven days are shown. Partners send events to the API."
    )
    columns = (
        Column("received_at", "Received", value=whole_row, cell=lambda row: cells.link(address_of(row), row.arrived)),
        Column("type", "Type", value=lambda row: row.words.type[1]),
        Column("customer", "Customer", value=lambda row: row.person),
        Column("client", "Client", value=lambda row: row.words.sender),
        Column("campaign", "Campaign", value=lambda row: row.words.campaign, cell=cells.code),
        Column("device", "Device", value=lambda row: DEVICE_NAMES.get(row.device, "")),
        Column("consent", "Allowed by", value=lambda row: ConsentKind(row.consent_kind).label),
        Column("occurred_at", "Happened", cell=cells.instant),
        Column("schema_version", "Version", end=True, optional=True),
        Column("event_id", "Event", value=lambda row: public_id(row.event_id), cell=cells.code, optional=True),
    )

    def rows(self) -> QuerySet[Event]:
        """The last week; everything for one person or from a start that was given."""
        asked = self.address
        narrow = asked.text or asked.get("customer") or asked.get("since")
        return events_since(None if narrow else self.now - OF_EVERYBODY)

    def search(self, rows: QuerySet[Event], text: str) -> QuerySet[Event]:
        """By the person's public or external id."""
        return narrow_to_person(rows, text)

    def prepare(self, rows: list[Any]) -> list[Any]:
        """The words behind the numbers, for the whole page at once."""
        for row, words in zip(rows, words_of(rows), strict=True):
            row.words, row.person = words, person_of(words.customer, self.reader)
            row.arrived = cells.instant(row.received_at)
        return rows


def _words(event: Event) -> Words:
    return words_of([event])[0]


def _facts(request: HttpRequest, event: Event) -> Mapping[str, Any]:
    words, reader = _words(event), staff_of(request)
    sender: str = words.sender
    if words.source.startswith("cli_") and reader.has_perm(CLIENTS):
        sender = cells.link(reverse("console:api-client", args=[words.source]), words.sender)
    kind = cells.link(reverse("console:event-type", args=[words.type[0]]), words.type[1], f"v{event.schema_version}")
    facts = [
        ("Type", kind),
        ("Customer", person_of(words.customer, reader)),
        ("Happened", cells.instant(event.occurred_at)),
        ("Received", cells.instant(event.received_at)),
        ("Sent by", sender),
        ("Campaign", cells.code(words.campaign)),
        ("Device", cells.text(DEVICE_NAMES.get(event.device, ""))),
        ("Event id", cells.code((event.properties or {}).get("eventId") or shown(event.event_id))),
    ]
    return {"facts": facts}


def _payload(request: HttpRequest, event: Event) -> Mapping[str, Any]:
    """What else the event carried; values are hidden from readers without the right to personal data."""
    sees = staff_of(request).has_perm(PII)
    members = event.properties or {}
    visible = members if sees else _masked(members)
    return {"text": json.dumps(visible, indent=2, ensure_ascii=False) if members else "", "masked": not sees}


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _masked(member) for name, member in value.items()}
    return [_masked(member) for member in value] if isinstance(value, list) else cells.MASK


def _consent(request: HttpRequest, event: Event) -> Mapping[str, Any]:
    found, reader = grounds_of(event), staff_of(request)
    facts = [("Allowed by", ConsentKind(event.consent_kind).label), ("Purpose", cells.code(found.purpose))]
    if found.token is not None:
        facts += [
            ("Token", cells.code(found.token.jti)),
            ("Issued", cells.instant(found.token.issued_at)),
            ("Good until", cells.instant(found.token.expires_at)),
        ]
    if found.answer is not None:
        verdict = "Allowed" if found.answer.decision.answer == "allow" else "Denied"
        facts.append(("Record then", f"{verdict}. {found.answer.decision.why}"))
    if found.entry is not None:
        entry = found.entry
        words = f"No. {entry.seq}, {entry.purpose.name}: {entry.event}"
        address = reverse("console:consent-entry", args=[entry.public_id])
        facts.append(("Ledger entry", cells.link(address, words) if reader.has_perm(LEDGER) else words))
    return {"facts": facts}


class EventDetail(DetailPage):
    """One event."""

    name, permission = "event", VIEW
    panels = (
        Panel("facts", "What happened", "engagement/facts.html", VIEW, _facts),
        Panel("payload", "Payload", "engagement/payload.html", VIEW, _payload, order=110),
        Panel("consent", "Why it was allowed", "engagement/facts.html", VIEW, _consent, place="side"),
    )

    def find(self) -> Event:
        """By the transaction that wrote it and its id."""
        return find_event(xid=self.kwargs["xid"], event_id=self.kwargs["event_id"])

    def header(self, subject: Event) -> Header:
        """The type, and when."""
        at = cells.instant(subject.occurred_at)
        return Header(_words(subject).type[1], at, public_id(subject.event_id))

    def actions(self, subject: Event) -> Sequence[Action]:
        """The other events of the same person."""
        customer = _words(subject).customer
        if customer is None or customer.status == Status.DELETED:
            return ()
        url = f"{reverse('console:events')}?customer={customer.public_id}"
        return (Action("Events of this person", url, VIEW, "activity-heartbeat"),)
