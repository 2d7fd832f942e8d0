"""The `webhooks` section of the OpenAPI 3.1 document: what receivers are sent, type by type."""

from typing import Any, Final

from integrations.rules.event_catalogue import EVENT_TYPES, EventType

_TEXT: Final = {"type": "string"}
_INSTANT: Final = {"type": "string", "format": "date-time"}
SCHEMAS: Final[dict[str, Any]] = {
    "WebhookEvent": {
        "type": "object",
        "description": "The body by Standard Webhooks 1.0.0; endpoints may ask for CloudEvents 1.0.2 instead.",
        "required": ["type", "timestamp", "data", "id", "api_version", "livemode", "request"],
        "properties": {
            "type": {**_TEXT, "examples": ["customer.updated"]},
            "timestamp": {**_INSTANT, "description": "When it happened."},
            "id": {**_TEXT, "description": "The event (`evt_...`), the same for every receiver."},
            "api_version": {**_TEXT, "description": "Version of the payload."},
            "livemode": {"type": "boolean"},
            "request": {
                "type": "object",
                "properties": {
                    "id": {"type": ["string", "null"]},
                    "idempotency_key": {"type": ["string", "null"]},
                },
            },
            "data": {
                "type": "object",
                "required": ["id", "sequence"],
                "properties": {
                    "id": {**_TEXT, "description": "What it is about."},
                    "sequence": {**_TEXT, "description": "The place in the log: grows for each thing."},
                    "customer": {"type": "object", "description": "With `payload: full`, where consent allows it."},
                },
                "additionalProperties": True,
            },
        },
    },
}
_HEADERS: Final = (
    ("webhook-id", "The message; the same with every attempt and replay.", _TEXT),
    ("webhook-timestamp", "When this attempt was made, in seconds since 1970.", {"type": "integer"}),
    ("webhook-signature", "`v1,` and the HMAC-SHA-256 of `id.timestamp.body` in base64; one a valid secret.", _TEXT),
)
PARAMETERS: Final[dict[str, Any]] = {
    name: {"name": name, "in": "header", "required": True, "description": text, "schema": schema}
    for name, text, schema in _HEADERS
}
_RESPONSES: Final = (
    ("2XX", "WebhookTaken", "Taken."),
    ("410", "WebhookGone", "Not wanted any more: the endpoint is disabled."),
    ("429", "WebhookLater", "Later, please: `Retry-After` is honoured."),
    ("default", "WebhookFailed", "Anything else, a redirect too, is tried again for a day."),
)
RESPONSES: Final[dict[str, Any]] = {name: {"description": text} for _, name, text in _RESPONSES}


def webhook_items() -> dict[str, Any]:
    """A path item for each type, by name."""
    return {event.name: {"post": _operation(event)} for event in EVENT_TYPES.values()}


def _operation(event: EventType) -> dict[str, Any]:
    always = "\n\nSent, with ids alone, also where consent allows no more." if event.must_reach else ""
    return {
        "operationId": "on" + "".join(part.title() for part in event.name.replace("_", ".").split(".")),
        "summary": event.meaning.rstrip("."),
        "description": event.meaning + always,
        "tags": ["Webhooks"],
        "security": [],
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in PARAMETERS],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/WebhookEvent"}}},
        },
        "responses": {status: {"$ref": f"#/components/responses/{name}"} for status, name, _ in _RESPONSES},
    }
