"""/stream: what happens, as it happens, over one open connection (server-sent events)."""

from functools import lru_cache, partial
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from core.actors import Credential
from core.api.credentials import authenticate, require_scope
from core.api.doors import door
from core.api.schema import register_operation
from core.errors import Forbidden, InvalidInput
from customers.selectors.recipients import barrier_for
from integrations.rules.streams import ENGAGEMENT, Wish
from integrations.selectors.stream_log import place_asked_for, wish_for
from integrations.services.streams import running_hub, what_is_there

SCOPE: Final = "events:read"
OF_PEOPLE: Final = "engagement:read"
CONTENT_TYPE: Final = "text/event-stream"
_KNOWN: Final = frozenset({"topics", "filter", "purpose", "since"})
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@csrf_exempt
def stream(request: HttpRequest) -> HttpResponse:
    """The stream; refusals of it are JSON, since a caller that accepts event streams alone can read those too."""
    if CONTENT_TYPE in request.META.get("HTTP_ACCEPT", ""):
        request.META["HTTP_ACCEPT"] = "application/json"
        request.__dict__.pop("headers", None)
    return _stream(request)


@door(scope=SCOPE, methods=("GET",), repeats=("filter",))
def _stream(request: HttpRequest, credential: Credential) -> HttpResponse:
    """Events as they become final, from `Last-Event-ID` (or `since`) on, else from now on."""
    wish = _wish(request, credential)
    header = request.META.get("HTTP_LAST_EVENT_ID", "").strip()
    name = "Last-Event-ID" if header else "since"
    after = place_asked_for(text=header or request.GET.get("since", ""), param=name)
    hub = running_hub()
    if hub is None and request.META.get("HTTP_UPGRADE", "").lower() == "websocket":
        raise InvalidInput("The process for streams opens WebSockets (STREAM_PORT), this one none.", param="Upgrade")
    if hub is None or request.method == "HEAD":
        body = what_is_there(client=credential.client_id, wish=wish, after=after, now=timezone.now())
        return HttpResponse(body, content_type=CONTENT_TYPE, headers=_HEADERS)
    hub.admit(credential.client_id)
    lines = hub.listen(client=credential.client_id, wish=wish, after=after, still_welcome=_still_welcome(request, wish))
    return StreamingHttpResponse(lines, content_type=CONTENT_TYPE, headers=_HEADERS)  # type: ignore[return-value]


stream.door = _stream.door  # type: ignore[attr-defined]


def _wish(request: HttpRequest, credential: Credential) -> Wish:
    for name in request.GET:
        if name not in _KNOWN:
            raise InvalidInput(f"Unknown parameter '{name}'", code="unknown_parameter", param=name)
    topics = request.GET.get("topics", "")
    if ENGAGEMENT in topics:
        require_scope(credential, OF_PEOPLE)
    purpose = request.GET.get("purpose", "service")
    filters, client = request.GET.getlist("filter"), credential.client_id
    return wish_for(topics=topics, filters=filters, purpose=purpose, client=client, now=timezone.now())


def _still_welcome(request: HttpRequest, wish: Wish) -> Any:
    """What asks again whether this credential holds, the same for all connections that it opened from one address."""
    names = ("HTTP_AUTHORIZATION", "HTTP_X_API_KEY", "HTTP_ORIGIN", "HTTP_HOST", "REMOTE_ADDR")
    return _asking(
        tuple((name, request.META[name]) for name in names if name in request.META), wish.engagement, wish.company
    )


@lru_cache(maxsize=10_000)
def _asking(facts: tuple[tuple[str, str], ...], engagement: bool, company: str) -> Any:
    return partial(_ask, dict(facts), engagement, company)


def _ask(facts: dict[str, str], engagement: bool, company: str) -> None:
    request = HttpRequest()
    request.META.update(facts)
    credential = authenticate(request)
    for scope in (SCOPE, OF_PEOPLE) if engagement else (SCOPE,):
        require_scope(credential, scope)
    if bool(barrier_for(credential.client_id, now=timezone.now())) != bool(company):
        raise Forbidden("What may go to you has changed; connect again to go on.", code="withheld_from_recipient")


_TEXT: Final = {"type": "string"}
_EVENT: Final = {
    "type": "object",
    "description": "Each event: its fields on the wire. `data` is a CloudEvent, or with the event `closed` a reason.",
    "properties": {"id": _TEXT, "event": _TEXT, "data": {}, "retry": {"type": "integer"}},
}


def _query(name: str, description: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema or _TEXT}


register_operation(
    "get",
    "/api/v1/stream",
    scope=SCOPE,
    operation={
        "operationId": "stream",
        "summary": "What happens, as it happens (server-sent events)",
        "description": (
            "Each event is a CloudEvent in `data` with its place in the log as `id`. Connect again with the last id to "
            "go on without gap or repeat. `:ping` every 15 seconds. An event named `closed` is the last one: its data "
            "say why. What people did needs the scope `engagement:read` too. Asked for an upgrade, the address opens a "
            "WebSocket with the same events (guide: The stream)."
        ),
        "tags": ["Webhooks"],
        "parameters": [
            _query("topics", "Types or families, separated by commas; `engagement.*` only where it is named."),
            _query(
                "filter",
                "Member of the data and accepted values, `segment:vip,gold`; may be repeated.",
                {"type": "array", "items": _TEXT},
            ),
            _query("purpose", "Nothing about people is sent that this purpose does not allow; `service` by default."),
            _query("since", "As `Last-Event-ID`, for clients that cannot set headers; `0` for all that is kept."),
            {
                "name": "Last-Event-ID",
                "in": "header",
                "description": "The last id that was seen: everything behind it follows.",
                "schema": _TEXT,
            },
        ],
        "responses": {
            "200": {"description": "Events, until somebody hangs up.", "content": {CONTENT_TYPE: {"schema": _EVENT}}},
            "400": {"$ref": "#/components/responses/BadRequest"},
            "410": {"$ref": "#/components/responses/Gone"},
        },
    },
)
