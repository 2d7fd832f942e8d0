"""GET /api/promotion: a plain view, since pages ask while people wait."""

from typing import Any, Final

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from campaigns.services.inbox import messages_for
from campaigns.services.serving import serve_promotion
from core.actors import Credential
from core.api.doors import door
from core.api.gpc import gpc_on
from core.api.schema import register_component, register_operation
from core.errors import InvalidInput
from customers.selectors.recipients import is_kept_back

_PARAMETERS: Final = frozenset({"userId", "variant", "promotion", "messages"})
_encode = msgspec.json.Encoder().encode


@door(scope="promotions:serve", methods=("GET",))
def promotion(request: HttpRequest, credential: Credential) -> HttpResponse:
    """The promotion one user is shown, in one variant."""
    query = request.GET
    for name in query:
        if name not in _PARAMETERS:
            raise InvalidInput(f"Unknown parameter '{name}'", code="unknown_parameter", param=name)
        if not query[name] or len(query[name]) > 255 or not query[name].isprintable():
            raise InvalidInput(f"Invalid '{name}'", param=name)
    if "userId" not in query:
        raise InvalidInput("Missing required field 'userId'", code="missing_field", param="userId")
    if query.get("messages", "true") not in ("true", "false"):
        raise InvalidInput("Invalid 'messages': it must be true or false.", param="messages")
    now = timezone.now()
    signal = gpc_on(request) or is_kept_back(credential.client_id, reference=query["userId"], now=now)
    answer = serve_promotion(
        user=query["userId"],
        variant=query.get("variant", ""),
        promotion=query.get("promotion", ""),
        signal=signal,
        now=now,
    )
    if query.get("messages") == "true":
        answer["messages"] = messages_for(user=query["userId"], signal=signal, now=now)
    return HttpResponse(_encode(answer), content_type="application/json", headers={"Cache-Control": "no-store"})


_TEXT: Final[dict[str, Any]] = {"type": "string"}
register_component(
    "ServedPromotion",
    {
        "type": "object",
        "description": "What a user is shown; `promotion` is null when nothing is running for them.",
        "required": ["userId", "promotion", "variant", "assignment", "exposureId"],
        "properties": {
            "userId": _TEXT,
            "promotion": {
                "type": ["object", "null"],
                "properties": {
                    "id": _TEXT,
                    "key": _TEXT,
                    "name": _TEXT,
                    "offer": {"type": "object"},
                    "content": {"type": "object", "description": "The content of the variant, as it was written."},
                    "endsAt": {"type": ["string", "null"], "format": "date-time"},
                },
            },
            "variant": {"type": ["string", "null"]},
            "assignment": {
                "type": "string",
                "enum": ["forced", "sticky", "split", "default"],
                "description": "Asked for, seen before, drawn now, or without looking at the person.",
            },
            "messages": {
                "type": "array",
                "description": "Messages of campaigns over the channel in_app, newest first; only when asked for.",
                "items": {
                    "type": "object",
                    "properties": {
                        **dict.fromkeys(("id", "campaignId", "title", "html", "text"), _TEXT),
                        "sentAt": {"type": "string", "format": "date-time"},
                    },
                },
            },
            "exposureId": {"type": ["string", "null"], "description": "Send it with events; null when not counted."},
        },
    },
)
register_operation(
    "get",
    "/api/v1/promotion",
    scope="promotions:serve",
    operation={
        "operationId": "servePromotion",
        "summary": "What is this user shown?",
        "description": (
            "The running promotion of highest priority that is meant for the user, in the variant that the published "
            "hash gives them, for good. Without permission for personalisation, or with Sec-GPC: 1, everybody gets the "
            "first variant and nothing is logged. A forced variant must exist and stays out of the results."
        ),
        "tags": ["Promotions"],
        "parameters": [
            {"name": name, "in": "query", "required": required, "schema": _TEXT, "description": description}
            for name, required, description in (
                ("userId", True, "External id or public id (cus_...); also one we do not know."),
                ("variant", False, "Show this variant, whatever the hash says."),
                ("promotion", False, "Key of the only promotion to consider."),
                ("messages", False, "true: with the messages of campaigns that your pages and apps show."),
            )
        ],
        "responses": {
            "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/ServedPromotion"}}}},
            "400": {"$ref": "#/components/responses/BadRequest"},
        },
    },
)
