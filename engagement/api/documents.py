"""Words and shapes of the plain views for the OpenAPI document; importing this registers them."""

from typing import Any, Final

from core.api.schema import register_component, register_operation
from engagement.rules.catalogue import BUILT_IN, BY_NAME
from engagement.rules.events import MAX_BATCH
from engagement.rules.members import MEMBERS
from engagement.rules.schemas import published

TEXT: Final = {"type": "string"}
WHOLE: Final = {"type": "integer", "minimum": 0}
_EXAMPLE: Final = {
    "userId": "12345",
    "campaignId": "promo_2024_q2",
    "elementId": "signup-button",
    "timestamp": "2024-06-10T13:45:00Z",
    "deviceType": "mobile",
}
_TOKEN_HEADER: Final = {
    "name": "X-Consent-Token",
    "in": "header",
    "schema": TEXT,
    "description": "A consent token for events that carry none themselves.",
}
_ATOMIC: Final = {
    "name": "atomic",
    "in": "query",
    "schema": {"type": "boolean", "default": False},
    "description": "Store all or, when one is refused, none.",
}
_GPC_HEADER: Final = {
    "name": "Sec-GPC",
    "in": "header",
    "schema": TEXT,
    "description": "`1`: the person's browser asks not to sell or share; recorded as an opt-out of that.",
}


def _members(*, batch: bool) -> dict[str, Any]:
    names = [name for name in MEMBERS if name != "type" or batch]
    return {name: {**MEMBERS[name].schema, "description": MEMBERS[name].meaning} for name in names}


def ref(name: str) -> dict[str, str]:
    """A component by name."""
    return {"$ref": f"#/components/schemas/{name}"}


def json_of(name: str, example: Any = None) -> dict[str, Any]:
    """A JSON body of this component's shape."""
    media: dict[str, Any] = {"schema": ref(name)}
    if example is not None:
        media["example"] = example
    return {"content": {"application/json": media}}


register_component(
    "EngagementEvent",
    {
        "type": "object",
        "description": "An event. What a type requires stands in its own schema: GET /engagement/types/{name}.",
        "required": ["timestamp"],
        "properties": _members(batch=False),
        "additionalProperties": False,
        "examples": published(BY_NAME["click"])["examples"],
    },
)
register_component(
    "EngagementBatchEvent",
    {
        "type": "object",
        "description": "An event with its type.",
        "required": ["type", "timestamp"],
        "properties": _members(batch=True),
        "additionalProperties": False,
    },
)
_EVENTS: Final = {"type": "array", "minItems": 1, "maxItems": MAX_BATCH, "items": ref("EngagementBatchEvent")}
register_component(
    "EngagementBatch",
    {
        "description": "Up to 100 events, bare or in `events`.",
        "anyOf": [
            {
                "type": "object",
                "required": ["events"],
                "properties": {"events": _EVENTS},
                "additionalProperties": False,
            },
            _EVENTS,
        ],
    },
)
register_component(
    "EngagementResult",
    {
        "type": "object",
        "description": "What became of one event.",
        "required": ["eventId", "status"],
        "properties": {
            "index": {**WHOLE, "description": "Place in the batch, from 0."},
            "eventId": {"type": ["string", "null"], "description": "The id you sent, else ours (evt_...)."},
            "status": {"type": "string", "enum": ["accepted", "duplicate", "rejected"]},
            "code": {**TEXT, "description": "Machine code of a refusal; the catalogue is at /docs/errors."},
            "message": TEXT,
            "param": {**TEXT, "description": "The member at fault."},
            "warnings": {"type": "array", "items": ref("ErrorDetail")},
        },
    },
)
register_component(
    "EngagementBatchResult",
    {
        "type": "object",
        "description": "The verdict on each event, in the order sent.",
        "required": ["accepted", "duplicates", "rejected", "results"],
        "properties": {
            "accepted": WHOLE,
            "duplicates": WHOLE,
            "rejected": WHOLE,
            "results": {"type": "array", "items": ref("EngagementResult")},
        },
    },
)
_GATE: Final = (
    "An event is stored only when the person's recorded consent or the consent token it carries allows the purpose of "
    "its type; a token that is carried must hold. The same `eventId` sent again within 30 days is stored once, "
    "whatever its timestamp, and answered `duplicate`."
)
register_operation(
    "post",
    "/api/v1/engagement/{event_type}",
    scope="engagement:write",
    operation={
        "operationId": "sendEvent",
        "summary": "Send an event",
        "description": f"{_GATE} 202 accepted, 200 duplicate, 403 without consent.",
        "parameters": [
            {
                "name": "event_type",
                "in": "path",
                "required": True,
                "schema": TEXT,
                "description": f"{', '.join(kind.name for kind in BUILT_IN)}, or a registered type.",
                "example": "click",
            },
            _TOKEN_HEADER,
            _GPC_HEADER,
        ],
        "requestBody": {"required": True, **json_of("EngagementEvent", _EXAMPLE)},
        "responses": {
            "202": json_of("EngagementResult", {"eventId": "evt_0351K5b54AP5JIKP0NFehe", "status": "accepted"}),
            "200": {
                "description": "Received before.",
                **json_of("EngagementResult", {"eventId": "evt_0351K5b54AP5JIKP0NFehe", "status": "duplicate"}),
            },
        },
    },
)
register_operation(
    "post",
    "/api/v1/engagement/events",
    scope="engagement:write",
    operation={
        "operationId": "sendEvents",
        "summary": "Send up to 100 events",
        "description": f"{_GATE} 202 when all are stored, 207 when some are, 400 when none is or there are more than "
        "100. At most 1 MB, also after inflating (Content-Encoding: gzip).",
        "parameters": [
            _ATOMIC,
            _TOKEN_HEADER,
            _GPC_HEADER,
        ],
        "requestBody": {
            "required": True,
            **json_of("EngagementBatch", {"events": [{"type": "click", **_EXAMPLE}]}),
        },
        "responses": {
            "202": json_of("EngagementBatchResult"),
            "207": {"description": "Some were refused.", **json_of("EngagementBatchResult")},
        },
    },
)
_CLOUD_EXAMPLE: Final = {
    "specversion": "1.0",
    "id": "A234-1234-1234",
    "source": "https://shop.example.com/till/7",
    "type": "com.example.shop.click",
    "time": "2024-06-10T13:45:00Z",
    "subject": "12345",
    "data": {"campaignId": "promo_2024_q2", "elementId": "signup-button", "deviceType": "mobile"},
}
_FILLED: Final = {"type": "string", "minLength": 1}
register_component(
    "CloudEvent",
    {
        "type": "object",
        "description": "An event by CloudEvents 1.0.2. Extension attributes are passed over, except `consenttoken`.",
        "required": ["specversion", "id", "source", "type"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {**_FILLED, "description": "With `source` the id of the event: sent again, it is stored once."},
            "source": {**_FILLED, "pattern": "^\\S+$", "description": "Who tells of it, a URI reference."},
            "type": {**_FILLED, "description": "Its last part behind a dot is the name of an event type."},
            "time": {"type": "string", "format": "date-time", "description": "When it happened; now when absent."},
            "subject": {**_FILLED, "description": "The `userId`, unless `data` says who it was."},
            "datacontenttype": {"const": "application/json"},
            "consenttoken": {**TEXT, "description": "The consent token."},
            "data": {"type": "object", "description": "The other members of the event, as at /engagement/{type}."},
        },
    },
)
_CLOUD_BATCH: Final = {"type": "array", "minItems": 1, "maxItems": MAX_BATCH, "items": ref("CloudEvent")}
register_operation(
    "post",
    "/api/v1/engagement/cloudevents",
    scope="engagement:write",
    operation={
        "operationId": "sendCloudEvents",
        "summary": "Send CloudEvents",
        "description": f"{_GATE} One event is answered as at /engagement/{{type}}, an array as at /engagement/events. "
        "In the binary mode the attributes stand in `ce-` headers and the body is `data` (application/json).",
        "parameters": [{**_ATOMIC, "description": "Of an array: store all or none."}, _TOKEN_HEADER, _GPC_HEADER],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"oneOf": [ref("CloudEvent"), _CLOUD_BATCH]},
                    "example": _CLOUD_EXAMPLE,
                },
                "application/cloudevents+json": {"schema": ref("CloudEvent"), "example": _CLOUD_EXAMPLE},
                "application/cloudevents-batch+json": {"schema": _CLOUD_BATCH, "example": [_CLOUD_EXAMPLE]},
            },
        },
        "responses": {
            "202": {
                "description": "Stored; a verdict for each of an array.",
                "content": {
                    "application/json": {"schema": {"oneOf": [ref("EngagementResult"), ref("EngagementBatchResult")]}}
                },
            },
            "200": {"description": "Received before.", **json_of("EngagementResult")},
            "207": {"description": "Some of an array were refused.", **json_of("EngagementBatchResult")},
        },
    },
)
