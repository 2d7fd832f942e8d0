"""What is sent: the body of a webhook, plain or as a CloudEvent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

PAYLOAD_VERSION: Final = "1"
MOST_BYTES: Final = 20_000
STANDARD, CLOUDEVENTS = "standard", "cloudevents"
CONTENT_TYPES: Final = {STANDARD: "application/json", CLOUDEVENTS: "application/cloudevents+json"}
_PRIVATE: Final = frozenset({"by"})
_encoder = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class Happening:
    """One fact of the log. `sequence` grows with the order of the log and is the same for every reader."""

    message_id: str
    type: str
    at: datetime
    subject: str
    payload: Mapping[str, Any]
    request_id: str = ""
    sequence: str = ""

    @property
    def event_id(self) -> str:
        """The id of the event (`evt_...`), the same whatever way it travels."""
        return "evt_" + self.message_id.removeprefix("msg_")


def data_of(
    event: Happening, customer: Mapping[str, Any] | None = None, message: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What the event says: the id of what it is about, and the customer as the API shows it where that is wanted.

    With the words of a `message` that is to be delivered.
    """
    told = {name: value for name, value in event.payload.items() if name not in _PRIVATE}
    data = {"id": event.subject, "sequence": event.sequence, **told}
    more = {"customer": customer, "message": message}
    return data | {name: value for name, value in more.items() if value is not None}


def cloud_event(event: Happening, *, source: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """The event by CloudEvents 1.0.2; ids are unique within `source`."""
    return {
        "specversion": "1.0",
        "id": event.event_id,
        "source": source,
        "type": event.type,
        "subject": event.subject,
        "time": utc(event.at),
        "datacontenttype": "application/json",
        "partitionkey": event.subject,
        "sequence": event.sequence,
        "data": data,
    }


def standard_body(event: Happening, *, data: Mapping[str, Any], livemode: bool) -> dict[str, Any]:
    """The event by Standard Webhooks, with the version of the payload."""
    return {
        "type": event.type,
        "timestamp": utc(event.at),
        "data": data,
        "id": event.event_id,
        "api_version": PAYLOAD_VERSION,
        "livemode": livemode,
        "request": {"id": event.request_id or None, "idempotency_key": None},
    }


def utc(at: datetime) -> str:
    """ISO 8601 with microseconds and Z."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def encoded(body: Mapping[str, Any]) -> bytes:
    """The bytes that are signed and sent."""
    return _encoder.encode(body)
