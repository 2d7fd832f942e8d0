"""Words and shapes of /v1/track and its siblings for the OpenAPI document; importing this registers them."""

from typing import Any, Final

from core.api.schema import register_component, register_operation
from engagement.api.calls import SCOPE
from engagement.api.documents import TEXT, WHOLE, json_of, ref
from engagement.rules.calls import KINDS, MAX_CALLS

_ID: Final = {"type": ["string", "number", "null"]}
_OBJECT: Final = {"type": ["object", "null"]}
_COMMON: Final = {
    "messageId": {"type": ["string", "integer", "null"], "description": "The same id within 30 days is stored once."},
    "userId": {**_ID, "description": "Your id of the person (external id) or our `cus_...`."},
    "anonymousId": {**_ID, "description": "Id of a visitor whom you do not know by name."},
    "timestamp": {"type": ["string", "null"], "description": "When it happened, ISO 8601 with offset; now if absent."},
    "sentAt": {"type": ["string", "null"], "description": "The sender's clock at sending; takes out its error."},
    "context": {
        **_OBJECT,
        "description": "`consent.categoryPreferences` says what the person agreed to, `consentToken` proves it; "
        "`page`, `campaign`, `device`, `userAgent` describe the event. Network address and device ids are not stored.",
    },
    "integrations": _OBJECT,
}
_OWN: Final[dict[str, dict[str, Any]]] = {
    "track": {
        "event": {"type": ["string", "null"], "description": "Name of an event type, such as `Signed Up`: `signed-up`."}
    },
    "page": {"name": {"type": ["string", "null"]}, "category": {"type": ["string", "null"]}},
    "screen": {"name": {"type": ["string", "null"]}, "category": {"type": ["string", "null"]}},
    "identify": {"traits": {**_OBJECT, "description": "Kept on the profile as far as its fields and attributes go."}},
    "group": {"groupId": _ID, "traits": _OBJECT},
    "alias": {"previousId": {**_ID, "description": "The visitor who turned out to be `userId`."}},
}
_MEANING: Final = {
    "track": "Somebody did something",
    "page": "Somebody opened a page",
    "screen": "Somebody opened a screen of an app",
    "identify": "Say who somebody is",
    "group": "Put somebody into a group",
    "alias": "Say that a visitor is a customer",
}
_EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "track": {"userId": "12345", "event": "Products Searched", "properties": {"query": "teapot"}},
    "page": {"anonymousId": "3f1c9a70-device", "name": "Home", "properties": {"url": "https://shop.example.com/"}},
    "screen": {"userId": "12345", "name": "Start"},
    "identify": {"userId": "12345", "traits": {"firstName": "Jane"}},
    "group": {"userId": "12345", "groupId": "acme"},
    "alias": {"userId": "12345", "previousId": "3f1c9a70-device"},
}
_AGREED: Final = {"context": {"consent": {"categoryPreferences": {"analytics": True}}}}
_HOW: Final = (
    "Works with the SDKs of Segment and RudderStack as they are. Always 200 when the body could be read, so that no "
    "SDK repeats what can never be stored; what was refused stands in `rejected` and in GET /engagement/rejections. "
    "The write key is the user name of Basic authentication, or `writeKey` in the body."
)


def _properties(kind: str) -> dict[str, Any]:
    with_properties = {"properties": _OBJECT} if kind in ("track", "page", "screen") else {}
    return {**_COMMON, **_OWN[kind], **with_properties}


def _sent(kind: str) -> dict[str, Any]:
    return {**_EXAMPLES[kind], **_AGREED}


_EVERY: Final = {name: schema for kind in KINDS for name, schema in _properties(kind).items()}
for _kind in KINDS:
    register_component(
        f"{_kind.capitalize()}Call",
        {
            "type": "object",
            "description": "Members that are not named here are passed over.",
            "properties": {**_properties(_kind), "writeKey": {"type": ["string", "null"]}},
        },
    )
register_component(
    "CallBatch",
    {
        "type": "object",
        "required": ["batch"],
        "properties": {
            "batch": {
                "type": "array",
                "minItems": 1,
                "maxItems": MAX_CALLS,
                "items": {
                    "type": "object",
                    "required": ["type"],
                    "properties": {"type": {"type": "string", "enum": list(KINDS)}, **_EVERY},
                },
            },
            "sentAt": {"type": ["string", "null"]},
            "context": _OBJECT,
            "writeKey": {"type": ["string", "null"]},
        },
    },
)
register_component(
    "CallNote",
    {
        "type": "object",
        "description": "What was not taken of one call, and why.",
        "required": ["index", "messageId", "code", "message"],
        "properties": {
            "index": {**WHOLE, "description": "Place in the batch, from 0."},
            "messageId": {"type": ["string", "null"]},
            "code": {**TEXT, "description": "Machine code; the catalogue is at /docs/errors."},
            "message": TEXT,
            "param": TEXT,
        },
    },
)
register_component(
    "CallResult",
    {
        "type": "object",
        "required": ["success", "accepted", "duplicates", "rejected", "warnings"],
        "properties": {
            "success": {"type": "boolean", "const": True},
            "accepted": WHOLE,
            "duplicates": WHOLE,
            "rejected": {"type": "array", "items": ref("CallNote")},
            "warnings": {
                "type": "array",
                "description": "Traits and categories that were passed over; their calls stand.",
                "items": ref("CallNote"),
            },
        },
    },
)


register_component(
    "SdkSettings",
    {
        "type": "object",
        "required": ["integrations", "plan"],
        "properties": {
            "integrations": {**_OBJECT, "description": "Where calls go: `Segment.io` with `apiHost` and `apiKey`."},
            "plan": {**_OBJECT, "description": "Allows every event."},
        },
    },
)
register_operation(
    "get",
    "/v1/projects/{write_key}/settings",
    scope=SCOPE,
    operation={
        "operationId": "getSdkSettings",
        "summary": "What SDKs for browsers and phones ask first",
        "description": "The key in the address is the credential. Calls go here, and nothing else is loaded.",
        "tags": ["SDKs of Segment and RudderStack"],
        "security": [{"writeKey": []}],
        "parameters": [{"name": "write_key", "in": "path", "required": True, "schema": TEXT}],
        "responses": {
            "200": json_of(
                "SdkSettings",
                {"integrations": {"Segment.io": {"apiKey": "...", "apiHost": "hub.example.com/v1"}}, "plan": {}},
            )
        },
    },
)


def _describe(kind: str, component: str, summary: str, example: dict[str, Any]) -> None:
    register_operation(
        "post",
        f"/v1/{kind}",
        scope=SCOPE,
        operation={
            "operationId": f"{kind}Calls" if kind == "batch" else f"{kind}Call",
            "summary": summary,
            "description": _HOW,
            "tags": ["SDKs of Segment and RudderStack"],
            "security": [{"writeKey": []}, {"oauth2": [SCOPE]}, {"apiKey": []}],
            "requestBody": {"required": True, **json_of(component, example)},
            "responses": {
                "200": json_of(
                    "CallResult",
                    {"success": True, "accepted": 1, "duplicates": 0, "rejected": [], "warnings": []},
                )
            },
        },
    )


for _kind in KINDS:
    _describe(_kind, f"{_kind.capitalize()}Call", _MEANING[_kind], _sent(_kind))
_describe(
    "batch",
    "CallBatch",
    "Send calls of any kind",
    {"batch": [{"type": kind, "messageId": f"docs-{kind}", **_sent(kind)} for kind in ("track", "page")]},
)
