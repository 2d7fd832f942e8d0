"""Lanes of the courier: what waits for one endpoint, what is under way, and the letter that is sent."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.conf import settings

from integrations.models import BodyFormat, WebhookEndpoint
from integrations.rules.breaker import Health, places
from integrations.rules.envelopes import (
    CONTENT_TYPES,
    MOST_BYTES,
    Happening,
    cloud_event,
    data_of,
    encoded,
    standard_body,
)
from integrations.rules.signing import signature
from integrations.selectors.webhook_queue import Content, Due
from integrations.services.webhook_results import Outcome, health_after

AHEAD: Final = 8


@dataclass(slots=True)
class Parcel:
    """A delivery, what it says and what of it may be said."""

    due: Due
    event: Happening
    content: Content


@dataclass(slots=True)
class Lane:
    """One endpoint: what was read for it and not yet begun, what is under way (key by delivery), how it does.

    `health` is ahead of the table by the attempts that are not yet written.

    `stalled` are keys of which a delivery failed whose outcome is not yet written: until then the table does not know
    that nothing may overtake it.
    """

    endpoint: WebhookEndpoint
    secrets: list[str]
    health: Health
    waiting: deque[Parcel] = field(default_factory=deque)
    running: dict[int, str] = field(default_factory=dict)
    stalled: set[str] = field(default_factory=set)

    @property
    def held(self) -> set[int]:
        """Deliveries that need not be read again."""
        return {parcel.due.pk for parcel in self.waiting} | set(self.running)

    def free(self, now: datetime) -> int:
        """How many more deliveries to read for it: some ahead of its places, a single one to probe."""
        most = places(self.health, now=now, most=self.endpoint.parallel)
        ahead = most * AHEAD if self.health.failures == 0 else most
        return max(0, ahead - len(self.waiting) - len(self.running))

    def put(self, parcels: Iterable[Parcel]) -> None:
        """Queue these, but none about a thing of which one has just failed."""
        self.waiting.extend(parcel for parcel in parcels if parcel.due.order_key not in self.stalled)

    def next(self, now: datetime) -> Parcel | None:
        """The next parcel that may leave now; nothing about the same thing is under way where order is kept."""
        if len(self.running) >= places(self.health, now=now, most=self.endpoint.parallel):
            return None
        busy = set(self.running.values()) | self.stalled if self.endpoint.keep_order else set()
        for index, parcel in enumerate(self.waiting):
            if parcel.due.order_key not in busy:
                del self.waiting[index]
                self.running[parcel.due.pk] = parcel.due.order_key
                return parcel
        return None

    def done(self, outcome: Outcome) -> None:
        """The parcel is not under way any more; what was read about the same thing waits behind one that failed."""
        self.running.pop(outcome.pk, None)
        self.health = health_after(self.health, outcome)
        if not outcome.arrived and self.endpoint.keep_order:
            key = outcome.order_key
            self.stalled.add(key)
            self.waiting = deque(other for other in self.waiting if other.due.order_key != key)


def letter(*, lane: Lane, parcel: Parcel, now: datetime) -> tuple[bytes, dict[str, str]]:
    """Body and headers by Standard Webhooks 1.0.0, signed with every secret that is valid."""
    endpoint, event = lane.endpoint, parcel.event
    body, stamp = _body(endpoint, event, parcel.content), int(now.timestamp())
    signed = signature(secret_texts=lane.secrets, message_id=event.message_id, timestamp=stamp, body=body)
    headers = {
        "Content-Type": CONTENT_TYPES[endpoint.format],
        "webhook-id": event.message_id,
        "webhook-timestamp": str(stamp),
        "webhook-signature": signed,
    }
    return body, headers | ({"X-Request-Id": event.request_id} if event.request_id else {})


def _body(endpoint: WebhookEndpoint, event: Happening, content: Content) -> bytes:
    body = _written(endpoint, event, content)
    return body if len(body) <= MOST_BYTES else _written(endpoint, event, Content(allowed=True))


def _written(endpoint: WebhookEndpoint, event: Happening, content: Content) -> bytes:
    data = data_of(event, content.customer, content.message)
    if endpoint.format == BodyFormat.CLOUDEVENTS:
        return encoded(cloud_event(event, source=settings.PUBLIC_URL, data=data))
    return encoded(standard_body(event, data=data, livemode=settings.LIVEMODE))
