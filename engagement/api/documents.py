"""Words and shapes of the plain views for the OpenAPI document; importing this registers them."""

from typing import Any, Final

from core.api.schema import register_component, register_operation
from engagement.rules.catalogue import BUILT_IN, BY_NAME
from engagement.rules.events import MAX_BATCH
from engagement.rules.members import MEMBERS
from engagement.rules.schemas import published
from engagement.selectors.series import BUCKETS

_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer", "minimum": 0}
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
    "schema": _TEXT,
    "description": "A consent token for events that carry none themselves.",
}
_GPC_HEADER: Final = {
    "name": "Sec-GPC",
    "in": "header",
    "schema": _TEXT,
    "description": "`1`: the person's browser asks not to sell or share; recorded as an opt-out of that.",
}


def _members(*, batch: bool) -> dict[str, Any]:
    names = [name for name in MEMBERS if name != "type" or batch]
    return {name: {**MEMBERS[name].schema, "description": MEMBERS[name].meaning} for name in names}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(name: str, example: Any = None) -> dict[str, Any]:
    media: dict[str, Any] = {"schema": _ref(name)}
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
_EVENTS: Final = {"type": "array", "minItems": 1, "maxItems": MAX_BATCH, "items": _ref("EngagementBatchEvent")}
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
            "index": {**_COUNT, "description": "Place in the batch, from 0."},
            "eventId": {"type": ["string", "null"], "description": "The id you sent, else ours (evt_...)."},
            "status": {"type": "string", "enum": ["accepted", "duplicate", "rejected"]},
            "code": {**_TEXT, "description": "Machine code of a refusal; the catalogue is at /docs/errors."},
            "message": _TEXT,
            "param": {**_TEXT, "description": "The member at fault."},
            "warnings": {"type": "array", "items": _ref("ErrorDetail")},
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
            "accepted": _COUNT,
            "duplicates": _COUNT,
            "rejected": _COUNT,
            "results": {"type": "array", "items": _ref("EngagementResult")},
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
                "schema": _TEXT,
                "description": f"{', '.join(kind.name for kind in BUILT_IN)}, or a registered type.",
                "example": "click",
            },
            _TOKEN_HEADER,
            _GPC_HEADER,
        ],
        "requestBody": {"required": True, **_json("EngagementEvent", _EXAMPLE)},
        "responses": {
            "202": _json("EngagementResult", {"eventId": "evt_0351K5b54AP5JIKP0NFehe", "status": "accepted"}),
            "200": {
                "description": "Received before.",
                **_json("EngagementResult", {"eventId": "evt_0351K5b54AP5JIKP0NFehe", "status": "duplicate"}),
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
            {
                "name": "atomic",
                "in": "query",
                "schema": {"type": "boolean", "default": False},
                "description": "Store all or, when one is refused, none.",
            },
            _TOKEN_HEADER,
            _GPC_HEADER,
        ],
        "requestBody": {
            "required": True,
            **_json("EngagementBatch", {"events": [{"type": "click", **_EXAMPLE}]}),
        },
        "responses": {
            "202": _json("EngagementBatchResult"),
            "207": {"description": "Some were refused.", **_json("EngagementBatchResult")},
        },
    },
)


def _query(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema or _TEXT}


_INSTANT: Final = {"type": "string", "format": "date-time"}
_LIMIT: Final = _query("limit", "Rows a page.", type="integer", minimum=1, maximum=200, default=50)
_CURSOR: Final = _query("cursor", "`next_cursor` of the answer before.")
register_component(
    "StoredEvent",
    {
        "type": "object",
        "description": "An event as it was stored; members it was sent with come back under their names.",
        "required": ["id", "eventId", "type", "schemaVersion", "customerId", "timestamp", "receivedAt", "consent"],
        "properties": {
            "id": {**_TEXT, "description": "Our id (evt_...)."},
            "eventId": {**_TEXT, "description": "The id it was sent with, else ours."},
            "type": _TEXT,
            "schemaVersion": _COUNT,
            "customerId": {"type": ["string", "null"], "description": "cus_...; of whom absorbed the visitor, if so."},
            "userId": {"type": ["string", "null"], "description": "External id."},
            "timestamp": {**_INSTANT, "description": "When it happened."},
            "receivedAt": _INSTANT,
            "campaignId": {"type": ["string", "null"]},
            "deviceType": {"type": ["string", "null"]},
            "source": {"type": ["string", "null"], "description": "The client that sent it."},
            "consent": {"type": "string", "enum": ["token", "recorded"], "description": "What allowed it."},
        },
        "additionalProperties": True,
    },
)
register_component(
    "StoredEvents",
    {
        "type": "object",
        "required": ["data", "pagination"],
        "properties": {
            "data": {"type": "array", "items": _ref("StoredEvent")},
            "pagination": _ref("Pagination"),
        },
    },
)
register_component(
    "EventsOrSeries",
    {
        "description": "Events, or with `bucket` a time series; hours and days without events are left out.",
        "anyOf": [
            _ref("StoredEvents"),
            {
                "type": "object",
                "required": ["data", "from", "to", "bucket"],
                "properties": {
                    "data": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["start", "type", "events"],
                            "properties": {"start": _INSTANT, "type": _TEXT, "events": _COUNT},
                        },
                    },
                    "from": _INSTANT,
                    "to": _INSTANT,
                    "bucket": {"type": "string", "enum": list(BUCKETS)},
                },
            },
        ],
    },
)
register_operation(
    "get",
    "/api/v1/engagement/events",
    scope="engagement:read",
    operation={
        "operationId": "streamEvents",
        "summary": "Read the event stream",
        "description": "Events in the order in which they were stored. Keep `next_cursor` and come back with it: "
        "nothing is missed and nothing comes twice. With a filter a page may be short though `has_more` is true.",
        "parameters": [
            _query("since", "Received at or after this instant; ignored with `cursor`.", **_INSTANT),
            _query("until", "Received before this instant.", **_INSTANT),
            _query("type", "Only this event type."),
            _query("userId", "Only this person: external id or cus_..."),
            _CURSOR,
            _LIMIT,
        ],
        "responses": {"200": _json("StoredEvents")},
    },
)
register_operation(
    "get",
    "/api/v1/events",
    scope="engagement:read",
    operation={
        "operationId": "listEvents",
        "summary": "Events and time series",
        "description": "Events that happened in a stretch of time, newest first; with `bucket` how many began in each "
        "hour or day (UTC). Without `customer` at most 7 days are read at once, or any number of days by "
        "`bucket=day`, which follows the stream by a few seconds.",
        "tags": ["Engagement"],
        "parameters": [
            _query("customer", "Only this person: external id or cus_..."),
            _query("type", "Only this event type."),
            _query("from", "Happened at or after this instant.", **_INSTANT),
            _query("to", "Happened before this instant; by default now.", **_INSTANT),
            _query("bucket", "Count instead of list.", type="string", enum=list(BUCKETS)),
            _CURSOR,
            _LIMIT,
        ],
        "responses": {"200": _json("EventsOrSeries")},
    },
)
