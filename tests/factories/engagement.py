"""Events in the log and registered types."""

from typing import Any

from django.utils import timezone

from consent.services.consent import ConsentEntry, record_consent
from core.actors import SYSTEM, Actor, ActorKind
from engagement.models import Event, EventType
from engagement.rules.catalogue import BY_NAME
from engagement.rules.events import EventIn, Ready
from engagement.rules.keys import new_key
from engagement.rules.schemas import compile_form
from engagement.services.ingest import ingest
from engagement.services.types import register_type
from integrations.services.clients import register_client
from tests.factories.consent import make_person

SCHEMA = {"type": "object", "properties": {"minutes": {"type": "integer", "minimum": 0}}}


def make_event(**changes: Any) -> Event:
    """A click of a German who agreed, sent by a client named Web shop."""
    now = timezone.now()
    person = make_person(external_id=f"shop-{Event.objects.count() + 1}", first_name="Jane", last_name="Doe")
    agreed = ConsentEntry(
        purpose="analytics",
        event="granted",
        source="web",
        notice_version=1,
        locale="en",
        evidence={"form_id": "banner"},
    )
    record_consent(customer=person, entries=[agreed], by=SYSTEM, now=now)
    made = register_client(name="Web shop", scopes=["engagement:write"], by=SYSTEM, now=now)
    event = EventIn(
        user_id=person.external_id,
        campaign_id="spring",
        element_id="signup-button",
        device_type="mobile",
        timestamp=now,
        properties={"page": "/spring"},
    )
    key = new_key()
    form = compile_form(BY_NAME["click"])
    ready = Ready(0, event, form, str(key), str(key), False, now)
    ingest(events=[ready], by=Actor(kind=ActorKind.CLIENT, id=made.client.public_id), now=now)
    return Event.objects.get(event_id=key)


def make_type(name: str = "webinar-join") -> EventType:
    """A registered type in its first version."""
    register_type(
        name=name,
        title="Webinar joined",
        required=["campaignId"],
        properties=SCHEMA,
        by=SYSTEM,
        now=timezone.now(),
    )
    return EventType.objects.get(name=name)


def event_example() -> dict[str, Any]:
    """The address of an event."""
    event = make_event()
    return {"xid": event.xid, "event_id": event.event_id}


def event_type_example() -> dict[str, str]:
    """The address of a registered type."""
    return {"key": make_type().name}
