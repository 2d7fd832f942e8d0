"""Messages of campaigns over webhooks: who asks for them, and their words, written at the moment they leave."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from campaigns.selectors.channels import MESSAGE_TOPIC
from campaigns.services.told import written_now
from integrations.rules.envelopes import Happening
from integrations.rules.event_catalogue import types_of
from integrations.selectors.webhook_queue import Content
from integrations.selectors.webhooks import active_endpoints


def asked_for(topic: str, /) -> bool:
    """Whether an active endpoint asks for this type of event."""
    return any(topic in types_of(endpoint.event_types) for endpoint in active_endpoints())


def with_words(
    *, found: Mapping[str, Content], events: Mapping[str, Happening], full: bool, now: datetime
) -> dict[str, Content]:
    """The same contents; messages of campaigns have their words for endpoints that get more than ids.

    Nothing may be said of one whose person must not be written to any more, or whose campaign was cancelled.
    """
    messages = {key: event for key, event in events.items() if event.type == MESSAGE_TOPIC and found[key].allowed}
    deliveries = {key: int(event.payload.get("delivery", 0)) for key, event in messages.items()}
    written = written_now(deliveries=set(deliveries.values()), now=now) if messages else {}
    changed = {}
    for key, delivery in deliveries.items():
        words = written.get(delivery)
        changed[key] = replace(found[key], message=words if full else None, allowed=words is not None)
    return {**found, **changed}
