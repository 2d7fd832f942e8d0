"""OpenFeature Remote Evaluation Protocol 0.3: our experiments and promotions for any OpenFeature SDK.

Plain views, since pages wait for the answer. Refusals have the protocol's members beside those of every refusal.
"""

import json
from typing import Any, Final

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from campaigns.services.flags import evaluate_flag, evaluate_flags
from core.actors import Credential
from core.api.conditional import etag_of, is_unchanged
from core.api.doors import door
from core.api.errors import error_body
from core.api.gpc import gpc_on, hear
from core.api.schema import register_component, register_operation
from core.errors import DomainError, InvalidInput, NotFound
from customers.selectors.recipients import is_kept_back

_encode = msgspec.json.Encoder().encode
_FRESH: Final = {"Cache-Control": "private, no-cache"}


@door(scope="flags:evaluate", idempotent=False)
def evaluate_one(request: HttpRequest, credential: Credential, key: str) -> HttpResponse:
    """The value of one flag; the first time somebody is shown a variant is logged."""
    try:
        user = _user(request, credential)
        signal, now = _unnamed(request, credential, user), timezone.now()
        answer = evaluate_flag(key=key[:60], user=user, signal=signal, now=now)
    except (InvalidInput, NotFound) as refusal:
        return _refused(request, refusal, key)
    return _answered(answer)


@door(scope="flags:evaluate", idempotent=False)
def evaluate_all(request: HttpRequest, credential: Credential) -> HttpResponse:
    """The values of all flags; 304 when they are what the caller has."""
    try:
        user = _user(request, credential)
        flags = evaluate_flags(user=user, signal=_unnamed(request, credential, user), now=timezone.now())
    except InvalidInput as refusal:
        return _refused(request, refusal, "")
    body = _encode({"flags": flags, "metadata": {}})
    headers = {"ETag": etag_of(body), **_FRESH}
    if is_unchanged(request, headers["ETag"]):
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(body, content_type="application/json", headers=headers)


def _answered(answer: dict[str, Any]) -> HttpResponse:
    return HttpResponse(_encode(answer), content_type="application/json", headers={"Cache-Control": "no-store"})


def _unnamed(request: HttpRequest, credential: Credential, user: str) -> bool:
    """Whether nothing about the user may be used: she signals so, or nothing of her may go to this caller."""
    return gpc_on(request) or is_kept_back(credential.client_id, reference=user, now=timezone.now())


def _user(request: HttpRequest, credential: Credential) -> str:
    """The targeting key of the context: external id or public id."""
    try:
        body = json.loads(request.body or b"{}")
    except (ValueError, RecursionError) as wrong:
        raise InvalidInput("The body is not valid JSON.", code="malformed_json") from wrong
    context = body.get("context", {}) if isinstance(body, dict) else None
    if not isinstance(context, dict):
        raise InvalidInput("The context must be a JSON object.", param="context")
    user = context.get("targetingKey")
    if user is None or user == "":
        raise InvalidInput("Missing required field 'targetingKey'", code="missing_field", param="targetingKey")
    if not isinstance(user, str) or len(user) > 255 or not user.isprintable():
        raise InvalidInput("Invalid 'targetingKey'", param="context")
    hear(request, credential, [("userId", user)])
    return user


_CODES: Final = {
    "malformed_json": "PARSE_ERROR",
    "missing_field": "TARGETING_KEY_MISSING",
    "invalid_parameter": "INVALID_CONTEXT",
    "resource_missing": "FLAG_NOT_FOUND",
}


def _refused(request: HttpRequest, refusal: DomainError, key: str) -> HttpResponse:
    body = {
        **({"key": key} if key else {}),
        "errorCode": _CODES.get(refusal.code, "GENERAL"),
        "errorDetails": refusal.message,
        **error_body(refusal, request),
    }
    return HttpResponse(_encode(body), status=refusal.status, content_type="application/json")


_TEXT: Final[dict[str, Any]] = {"type": "string"}
_BODY: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["context"],
                "properties": {
                    "context": {
                        "type": "object",
                        "required": ["targetingKey"],
                        "properties": {
                            "targetingKey": {"type": "string", "description": "External id or public id (cus_...)."}
                        },
                    }
                },
            }
        }
    },
}
register_component(
    "EvaluatedFlag",
    {
        "type": "object",
        "description": "What a user is shown of an experiment or a promotion.",
        "required": ["key", "value", "reason", "variant", "metadata"],
        "properties": {
            "key": _TEXT,
            "value": {"description": "The value of the variant, as it was written."},
            "reason": {
                "type": "string",
                "enum": ["STATIC", "TARGETING_MATCH", "SPLIT", "DISABLED"],
                "description": "The same for everybody, for a segment, drawn by the hash, or not running any more.",
            },
            "variant": _TEXT,
            "metadata": {"type": "object", "properties": {"id": _TEXT}},
        },
    },
)
register_component(
    "EvaluatedFlags",
    {
        "type": "object",
        "required": ["flags", "metadata"],
        "properties": {
            "flags": {"type": "array", "items": {"$ref": "#/components/schemas/EvaluatedFlag"}},
            "metadata": {"type": "object"},
        },
    },
)


def _operation(name: str, summary: str, says: str, answer: str, **more: Any) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": summary,
        "description": says,
        "tags": ["Experiments"],
        "requestBody": _BODY,
        "responses": {
            "200": {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{answer}"}}}},
            "400": {"$ref": "#/components/responses/BadRequest"},
        },
        **more,
    }


register_operation(
    "post",
    "/ofrep/v1/evaluate/flags/{key}",
    scope="flags:evaluate",
    operation=_operation(
        "evaluateFlag",
        "Which variant is this user shown?",
        "OFREP: the variant of an experiment or a promotion. The first time is logged as an exposure, the only "
        "denominator of results. Without permission for personalisation, or with Sec-GPC: 1, it is the control.",
        "EvaluatedFlag",
        parameters=[{"name": "key", "in": "path", "required": True, "schema": _TEXT}],
    ),
)
register_operation(
    "post",
    "/ofrep/v1/evaluate/flags",
    scope="flags:evaluate",
    operation=_operation(
        "evaluateFlags",
        "Which variants is this user shown?",
        "OFREP bulk evaluation, with an entity tag. Nothing is logged: being sent along is not being shown.",
        "EvaluatedFlags",
    ),
)
