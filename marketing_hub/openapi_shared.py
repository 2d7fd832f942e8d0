"""What all operations of the OpenAPI document share: errors, headers, security, tags, samples."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from http import HTTPStatus
from typing import Any, Final

from django.conf import settings

from core.api.schema import COMPONENTS, OPERATIONS, PlainOperation
from integrations.api import webhook_documents
from marketing_hub.api_v1 import examples
from marketing_hub.deprecations import DEPRECATIONS
from marketing_hub.openapi import security_of, tag_of
from marketing_hub.openapi_headers import EVERYWHERE, HEADERS, put_headers
from marketing_hub.openapi_samples import make_examples_whole, put_examples

Operation = dict[str, Any]
Document = dict[str, Any]

_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer", "minimum": 0}
SCHEMAS: Final[dict[str, Any]] = {
    "Error": {
        "type": "object",
        "description": "Every refusal; with `Accept: application/problem+json` also the members of RFC 9457.",
        "required": ["error", "message", "code", "retryable", "request_id", "doc_url"],
        "properties": {
            "error": {**_TEXT, "examples": ["BadRequest"]},
            "message": {**_TEXT, "examples": ["Invalid 'created_after'"]},
            "code": {**_TEXT, "description": "Machine code; the catalogue is at /docs/errors."},
            "param": {**_TEXT, "description": "The parameter or field at fault."},
            "details": {"type": "array", "items": {"$ref": "#/components/schemas/ErrorDetail"}},
            "retryable": {"type": "boolean"},
            "request_id": _TEXT,
            "doc_url": {**_TEXT, "format": "uri"},
        },
        "additionalProperties": True,
    },
    "ErrorDetail": {
        "type": "object",
        "required": ["param", "code", "message"],
        "properties": {"param": _TEXT, "code": _TEXT, "message": _TEXT},
    },
    "Pagination": {
        "type": "object",
        "description": "`offset` and `total` in offset mode; `has_more` and `next_cursor` in cursor mode.",
        "required": ["limit"],
        "properties": {
            "limit": {"type": "integer", "minimum": 1, "maximum": 200},
            "offset": _COUNT,
            "total": _COUNT,
            "has_more": {"type": "boolean"},
            "next_cursor": {"type": ["string", "null"]},
        },
    },
}
RESPONSES: Final = {
    "400": ("BadRequest", "A parameter or the body cannot be used; nothing was stored."),
    "401": ("Unauthorized", "No credential, or one that does not hold."),
    "403": ("Forbidden", "The credential may not do this, or consent is missing."),
    "404": ("NotFound", "Nothing by that name, or nothing the caller may know about."),
    "405": ("MethodNotAllowed", "The address does not offer this verb."),
    "406": ("NotAcceptable", "Answers are JSON or XML; `Accept` rules both out."),
    "409": ("Conflict", "The present state does not allow this, or the same request is still running."),
    "410": ("Gone", "The cursor is too old; start again. Or the operation has ended."),
    "412": ("PreconditionFailed", "The object has changed since it was read."),
    "413": ("PayloadTooLarge", "More bytes or items than this address takes."),
    "415": ("UnsupportedMediaType", "The body must be JSON."),
    "422": ("UnprocessableEntity", "A rule forbids it, or the Idempotency-Key was used for another request."),
    "428": ("PreconditionRequired", "This client must send If-Match."),
    "429": ("RateLimited", "A window is full; wait as long as Retry-After says."),
    "500": ("InternalServerError", "A defect of ours; the request id leads to the report."),
    "503": ("ServiceUnavailable", "A part we need does not answer; try again later."),
}
_WITH_REFUSALS: Final = {
    "Retry-After": ("409", "429", "503"),
    "WWW-Authenticate": ("401", "403"),
    "ETag": ("412",),
    "Allow": ("405",),
}
_ALWAYS: Final = ("401", "403", "406", "429", "500", "503")
_SECOND_NAMES: Final = ("/api/v1/privacy/", "/api/v1/customers/{user_id}/consent")


def only_versioned(endpoints: list[Any]) -> list[Any]:
    """Second addresses of the same views stay out of the document: unversioned ones, and other names."""
    shown = [endpoint for endpoint in endpoints if endpoint[0].startswith("/api/v1/")]
    return [endpoint for endpoint in shown if not endpoint[0].startswith(_SECOND_NAMES)]


def complete(result: Document, generator: Any, request: Any, public: bool) -> Document:
    """The document with plain operations, shared parts and tags; called by drf-spectacular at the end."""
    paths: dict[str, dict[str, Operation]] = result["paths"]
    shown = examples()
    for plain in OPERATIONS:
        paths.setdefault(plain.path, {})[plain.method] = _described(plain)
    for path, item in paths.items():
        for method, operation in item.items():
            _mark_deprecated(path, method, operation)
            _share(path, method, operation)
            told = [example for example in shown if example.operation == operation["operationId"]]
            put_examples(path, method, operation, told)
    components = result.setdefault("components", {})
    components["schemas"] = {**components.get("schemas", {}), **COMPONENTS, **SCHEMAS, **webhook_documents.SCHEMAS}
    components["schemas"] = dict(sorted(components["schemas"].items()))
    components["headers"] = HEADERS
    components["responses"] = {name: _refusal(status, text) for status, (name, text) in RESPONSES.items()}
    components["responses"] |= webhook_documents.RESPONSES
    components["parameters"] = webhook_documents.PARAMETERS
    components["securitySchemes"] = _security_schemes()
    tags = sorted({operation["tags"][0] for item in paths.values() for operation in item.values()})
    result["tags"] = [{"name": tag} for tag in tags]
    result["paths"] = dict(sorted(paths.items()))
    make_examples_whole(result)
    result["webhooks"] = webhook_documents.webhook_items()
    return result


def _described(plain: PlainOperation) -> Operation:
    operation = {"tags": [tag_of(plain.path)], "security": security_of(plain.scope), **plain.operation}
    if plain.scope:
        text = f"{operation.get('description', operation['summary'] + '.')}\n\nNeeds the scope `{plain.scope}`."
        operation["description"] = text
    return operation


_NEED_A_STATE = frozenset({"listSegmentMembers"})
"""Reads that only make sense in some states: nobody is in a segment before its first calculation, or archived."""


def _mark_deprecated(path: str, method: str, operation: Operation) -> None:
    """Say of an operation that is to end so, when, and what takes its place."""
    row = next((row for row in DEPRECATIONS if (row.method, row.path) == (method.upper(), path)), None)
    if row is None:
        return
    operation["deprecated"], operation["x-sunset"] = True, row.sunset.date().isoformat()
    words = f"Deprecated: use `{row.method} {row.successor}`. From {row.sunset:%d %B %Y} on this answers 410."
    operation["description"] = f"{operation['description']}\n\n{words}"
    operation["responses"] = deepcopy(operation["responses"])  # written by hand, another operation may share it
    operation["responses"].setdefault("410", {"$ref": "#/components/responses/Gone"})
    for response in operation["responses"].values():
        if "$ref" not in response:
            names = {name: {"$ref": f"#/components/headers/{name}"} for name in ("Deprecation", "Sunset", "Link")}
            response["headers"] = response.get("headers", {}) | names


def _share(path: str, method: str, operation: Operation) -> None:
    """Errors and headers that follow from the address and the verb."""
    responses = operation["responses"]
    for status, response in responses.items():
        if "$ref" not in response:
            response["description"] = response.get("description") or HTTPStatus(int(status)).phrase
    for status in sorted(_refusals(path, method, operation) - set(responses)):
        responses[status] = {"$ref": f"#/components/responses/{RESPONSES[status][0]}"}
    operation["responses"] = dict(sorted(responses.items()))
    put_headers(path, method, operation)


def _refusals(path: str, method: str, operation: Operation) -> set[str]:
    """The statuses that an operation may refuse with."""
    parameters = operation.get("parameters", ())
    writes, has_body, one = method != "get", "requestBody" in operation, "{" in path
    rules = (
        (True, _ALWAYS),
        (bool(parameters) or has_body, ("400",)),
        (one or has_body or _names_one(parameters), ("404",)),
        (has_body, ("413", "415")),
        (writes, ("409", "422")),
        (writes and one and method != "post", ("412", "428")),
        (operation.get("operationId") in _NEED_A_STATE, ("409",)),
        (any(parameter.get("name") == "cursor" for parameter in parameters), ("410",)),
    )
    return {status for applies, statuses in rules if applies for status in statuses}


def _names_one(parameters: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a query must say what it is about."""
    return any(parameter.get("in") == "query" and parameter.get("required") for parameter in parameters)


def _refusal(status: str, text: str) -> dict[str, Any]:
    more = [name for name, statuses in _WITH_REFUSALS.items() if status in statuses]
    return {
        "description": text,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in (*EVERYWHERE, *more)},
        "content": {
            media: {"schema": {"$ref": "#/components/schemas/Error"}}
            for media in ("application/json", "application/problem+json")
        },
    }


def _security_schemes() -> dict[str, Any]:
    scopes = dict(sorted(settings.API_SCOPES.items()))
    client = {"tokenUrl": "/oauth/token", "scopes": scopes}
    code = {"authorizationUrl": "/oauth/authorize", "tokenUrl": "/oauth/token", "refreshUrl": "/oauth/token"}
    return {
        "oauth2": {
            "type": "oauth2",
            "description": "Tokens in the Authorization header; PKCE with S256 for authorization codes. Devices "
            "without a browser ask at `/oauth/device_authorization` (RFC 8628), a flow that OpenAPI 3.1 cannot list; "
            "with an initial access token clients register themselves at `/oauth/register` (RFC 7591).",
            "flows": {"clientCredentials": client, "authorizationCode": {**code, "scopes": scopes}},
        },
        "apiKey": {
            "type": "apiKey",
            "in": "header",
            "name": "X-API-Key",
            "description": "Also accepted as `Authorization: Api-Key mk_live_...` or as a Bearer token.",
        },
        "writeKey": {
            "type": "http",
            "scheme": "basic",
            "description": "Below /v1/ only: the write key as user name, no password.",
        },
        "mutualTLS": {
            "type": "mutualTLS",
            "description": "RFC 8705, where the operator has set it up: tokens bound to the client certificate of the "
            "connection (`cnf.x5t#S256`; 401 `certificate_required` without it). `tls_client_auth` proves a client "
            "to /oauth/token by its certificate in place of a secret.",
        },
    }
