"""Words and shapes of reading events, of types and of refusals, for the OpenAPI document; importing registers them."""

from typing import Any, Final

from core.api.schema import register_component, register_operation
from engagement.api.documents import TEXT, WHOLE, json_of, ref
from engagement.selectors.series import BUCKETS


def _query(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema or TEXT}


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
            "id": {**TEXT, "description": "Our id (evt_...)."},
            "eventId": {**TEXT, "description": "The id it was sent with, else ours."},
            "type": TEXT,
            "schemaVersion": WHOLE,
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
            "data": {"type": "array", "items": ref("StoredEvent")},
            "pagination": ref("Pagination"),
        },
    },
)
register_component(
    "EventBucket",
    {
        "type": "object",
        "required": ["start", "type", "events"],
        "properties": {"start": _INSTANT, "type": TEXT, "events": WHOLE},
    },
)
register_component(
    "EventSeries",
    {
        "type": "object",
        "required": ["data", "from", "to", "bucket"],
        "properties": {
            "data": {"type": "array", "items": ref("EventBucket")},
            "from": _INSTANT,
            "to": _INSTANT,
            "bucket": {"type": "string", "enum": list(BUCKETS)},
        },
    },
)
register_component(
    "EventsOrSeries",
    {
        "description": "Events, or with `bucket` a time series; hours and days without events are left out.",
        "anyOf": [ref("StoredEvents"), ref("EventSeries")],
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
        "responses": {"200": json_of("StoredEvents")},
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
        "hour or day (UTC), at most 1,000 of them. Without `customer` at most 7 days are listed at once, and counts "
        "follow the stream by a few seconds.",
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
        "responses": {"200": json_of("EventsOrSeries")},
    },
)
_TYPE: Final[dict[str, Any]] = {
    "name": {**TEXT, "description": "Lower-case words joined by hyphens; also the last part of its address."},
    "title": TEXT,
    "description": TEXT,
    "purpose": {**TEXT, "description": "Key of the purpose that a person must have agreed to; see GET /purposes."},
    "required": {"type": "array", "items": TEXT, "description": "Members that an event must have."},
}
_JSON_SCHEMA: Final = {"type": "object", "description": "JSON Schema, draft 2020-12.", "additionalProperties": True}
register_component(
    "EngagementType",
    {
        "type": "object",
        "required": [*_TYPE, "version", "builtIn"],
        "properties": {**_TYPE, "version": WHOLE, "builtIn": {"type": "boolean"}, "schema": _JSON_SCHEMA},
    },
)
register_component(
    "EngagementTypes",
    {
        "type": "object",
        "required": ["data"],
        "properties": {"data": {"type": "array", "items": ref("EngagementType")}},
    },
)
register_component(
    "EngagementTypeInput",
    {
        "type": "object",
        "required": ["name", "title"],
        "properties": {**_TYPE, "properties": {**_JSON_SCHEMA, "description": "JSON Schema of `properties`."}},
        "additionalProperties": False,
    },
)
register_component("JsonSchema", _JSON_SCHEMA)
register_component(
    "EngagementRejections",
    {
        "type": "object",
        "required": ["data", "pagination"],
        "properties": {
            "data": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["at", "type", "code", "param", "message", "count", "requestId"],
                    "properties": {
                        "at": {**_INSTANT, "description": "When the last one of its minute came."},
                        **dict.fromkeys(("type", "code", "param", "message", "requestId"), TEXT),
                        "count": WHOLE,
                    },
                },
            },
            "pagination": ref("Pagination"),
        },
    },
)
_NEW_TYPE: Final = {
    "name": "webinar-join",
    "title": "Webinar joined",
    "required": ["campaignId"],
    "properties": {"type": "object", "properties": {"minutes": {"type": "integer", "minimum": 0}}},
}


def _describe(method: str, path: str, scope: str, operation_id: str, words: str, more: dict[str, Any]) -> None:
    summary = words.split(":")[0].split(";")[0]
    operation = {"operationId": operation_id, "summary": summary, "description": f"{words}.", **more}
    register_operation(method, f"/api/v1/engagement/{path}", scope=scope, operation=operation)


_describe(
    "get",
    "types",
    "engagement:read",
    "listEventTypes",
    "Event types: built-in ones and those that partners registered",
    {"responses": {"200": json_of("EngagementTypes")}},
)
_NAMED: Final = {
    "parameters": [
        {"name": "name", "in": "path", "required": True, "schema": TEXT, "example": "click"},
        _query("version", "Another version than the current one.", type="integer", minimum=1, maximum=32_767),
    ],
    "responses": {"200": json_of("JsonSchema")},
}
_describe("get", "types/{name}", "engagement:read", "getEventTypeSchema", "JSON Schema of an event type", _NAMED)
register_operation(
    "get",
    "/api/v1/event-types/{name}/schema",
    scope="engagement:read",
    operation={
        "operationId": "readEventTypeSchema",
        "summary": "JSON Schema of an event type",
        "description": "The same as GET /engagement/types/{name}, under the address that validators expect.",
        "tags": ["Engagement"],
        **_NAMED,
    },
)
_describe(
    "post",
    "types",
    "engagement:write",
    "registerEventType",
    "Register an event type: a definition that differs from the current one becomes the next version",
    {
        "requestBody": {"required": True, **json_of("EngagementTypeInput", _NEW_TYPE)},
        "responses": {"201": json_of("EngagementType")},
    },
)
_describe(
    "delete",
    "types/{name}",
    "engagement:write",
    "retireEventType",
    "Retire an event type: its events are refused within seconds, stored ones stay; registering it again revives it",
    {
        "parameters": [{"name": "name", "in": "path", "required": True, "schema": TEXT, "example": "webinar-join"}],
        "responses": {"204": {"description": "Retired."}},
    },
)
_describe(
    "get",
    "rejections",
    "engagement:read",
    "listRejections",
    "Refused events of the calling client: the reason, the member and how often, minute by minute; never what was sent",
    {"parameters": [_LIMIT, _CURSOR], "responses": {"200": json_of("EngagementRejections")}},
)
