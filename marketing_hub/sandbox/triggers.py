"""Making an event of the catalogue happen in the sandbox, so that a partner's code can be tried on it."""

from typing import Any, Final

from django.db import transaction

from core import audit, outbox
from core.actors import Actor
from core.errors import InvalidInput, NotFound
from core.models import OutboxMessage
from customers.models import Customer
from integrations.rules.event_catalogue import EVENT_TYPES

MOST_MEMBERS: Final = 20
_ABOUT_PEOPLE: Final = ("customer", "consent", "restriction", "sensitive_use", "suppression", "segment")
_TOLD: Final[dict[str, dict[str, Any]]] = {
    "customer.updated": {"changed": ["first_name"]},
    "customer.tag_added": {"tags": ["vip"]},
    "customer.tag_removed": {"tags": ["vip"]},
    "segment.entered": {"segment": "vip"},
    "segment.exited": {"segment": "vip"},
    "consent.granted": {"purposes": ["email_marketing"]},
    "consent.withdrawn": {"purposes": ["email_marketing"]},
}


@transaction.atomic
def trigger(*, event_type: str, subject: str, data: dict[str, Any], by: Actor) -> OutboxMessage:
    """The event stands in the log as if it had happened; nothing else changes.

    Of a person (the first mock one unless `subject` names another) where the type is about people. Refuses unknown
    types and people (404) and more than MOST_MEMBERS members of `data`.
    """
    if event_type not in EVENT_TYPES:
        raise NotFound(f"There is no type of event {event_type}.")
    if len(data) > MOST_MEMBERS:
        raise InvalidInput(f"Invalid 'data': at most {MOST_MEMBERS} members.", param="data")
    if event_type.partition(".")[0] in _ABOUT_PEOPLE:
        people = Customer.objects.alive().order_by("id")
        found = (people.filter(public_id=subject) if subject else people).values_list("public_id", flat=True).first()
        if found is None:
            raise NotFound("There is no such customer in the sandbox.")
        subject = found
    outbox.publish(topic=event_type, subject=subject or "test", payload=_TOLD.get(event_type, {}) | data)
    audit.record(by=by, action="sandbox.triggered", target=subject or "test", reason=event_type)
    return OutboxMessage.objects.filter(topic=event_type).latest("id")
