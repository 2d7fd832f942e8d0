"""Events as the API shows them: numbers become words, members come back under the names they were sent with."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from customers.models import Customer
from engagement.models import ConsentKind, Event
from engagement.rules.keys import public_id, shown
from engagement.rules.members import DEVICE_NAMES
from engagement.selectors.words import label_values, type_titles

COLUMNS: Final = (
    "event_id",
    "occurred_at",
    "received_at",
    "xid",
    "customer_id",
    "type_id",
    "schema_version",
    "source_id",
    "campaign_id",
    "device",
    "consent_kind",
    "properties",
)


def event_answers(events: Sequence[Event]) -> list[dict[str, Any]]:
    """One JSON-ready dict an event, in their order; two queries for any number of them."""
    people = _people({event.customer_id for event in events})
    words = label_values([pk for event in events for pk in (event.campaign_id, event.source_id)])
    types = type_titles(event.type_id for event in events)
    return [_answer(event, people, words, types[event.type_id][0]) for event in events]


def _answer(
    event: Event, people: dict[int, tuple[str, str | None]], words: dict[int, str], kind: str
) -> dict[str, Any]:
    members: dict[str, Any] = dict(event.properties or {})
    customer, user = people.get(event.customer_id, (None, None))
    return {
        "id": public_id(event.event_id),
        "eventId": members.pop("eventId", None) or shown(event.event_id),
        "type": kind,
        "schemaVersion": event.schema_version,
        "customerId": customer,
        "userId": user,
        "timestamp": event.occurred_at,
        "receivedAt": event.received_at,
        "campaignId": words.get(event.campaign_id or 0),
        "deviceType": DEVICE_NAMES.get(event.device),
        **members,
        "source": words.get(event.source_id),
        "consent": "token" if event.consent_kind == ConsentKind.TOKEN else "recorded",
    }


def _people(ids: Iterable[int]) -> dict[int, tuple[str, str | None]]:
    """(public id, external id) by row id; visitors appear as who absorbed them."""
    rows = Customer.objects.filter(pk__in=set(ids)).values_list(
        "pk", "public_id", "external_id", "merged_into__public_id", "merged_into__external_id"
    )
    return {pk: (into, into_user) if into else (own, user) for pk, own, user, into, into_user in rows}
