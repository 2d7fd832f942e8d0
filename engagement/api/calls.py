"""HOT PATH: /v1/track, /v1/batch and the rest of the Segment HTTP tracking API, for its SDKs and RudderStack's.

An SDK repeats what was answered 408, 429 or 5xx and gives up on other 4xx, so a batch of which something could be read
is always answered 200, and says what became of each refused call.
"""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import wraps
from typing import Any, Final

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from consent.rules.vocabulary import Purpose
from consent.selectors.catalogue import catalogue as purposes
from core.actors import Credential
from core.api.credentials import actor_of
from core.api.doors import door
from core.api.errors import REFUSAL_KEY, error_response
from core.api.gpc import gpc_on
from core.errors import DomainError, InvalidInput, Problem, Unauthenticated
from engagement.api.bodies import plain_body
from engagement.api.clocks import clock_at
from engagement.rules.call_consent import said_in
from engagement.rules.call_events import made_of, refused_before, type_of
from engagement.rules.calls import (
    KINDS,
    SHORT,
    Bundle,
    Call,
    happened_at,
    id_text,
    read_bundle,
    read_call,
    write_key_in,
)
from engagement.rules.events import Checked, Refused, read_made
from engagement.rules.sdk_settings import sdk_settings
from engagement.selectors.catalogue import event_catalogue
from engagement.services.calls import Taken, take_calls
from engagement.services.rejections import count_rejections

View = Callable[..., HttpResponse]
SCOPE: Final = "tracking_api:write"
_encode: Final = msgspec.json.Encoder().encode


class _Noted(msgspec.Struct, omit_defaults=True, rename="camel"):
    """What was not taken of one call, or why none of it was."""

    index: int
    message_id: str | None
    code: str
    message: str
    param: str | None = None


def with_write_key(view: View) -> View:
    """A door whose credential may also be a write key: user name of Basic authentication, or `writeKey` of the body.

    A bearer token or `X-API-Key` comes first. Refusals name the write key, which is what an SDK was set up with.
    """

    @csrf_exempt
    @wraps(view)
    def entered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        scheme = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")[0].lower()
        if scheme not in ("bearer", "api-key") and not request.META.get("HTTP_X_API_KEY"):
            request.META["HTTP_X_API_KEY"] = _write_key(request, scheme)
        return _in_words_of_sdks(request, view(request, *args, **kwargs))

    return entered


def _in_words_of_sdks(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    refused = request.META.get(REFUSAL_KEY)
    if isinstance(refused, Unauthenticated) and refused.code in ("invalid_token", "missing_credentials"):
        return error_response(Unauthenticated("Invalid write key", code="invalid_write_key"), request)
    return answer


def _write_key(request: HttpRequest, scheme: str) -> str:
    if scheme == "basic":
        sent = request.META["HTTP_AUTHORIZATION"].partition(" ")[2].strip()
        try:
            return base64.b64decode(sent, validate=True).decode().partition(":")[0].strip()
        except (binascii.Error, UnicodeDecodeError):
            return ""
    try:
        return write_key_in(plain_body(request, most=settings.TRACKING_BODY_BYTES))
    except DomainError:
        return ""


@with_write_key
@door(scope=SCOPE, resource="ingest", idempotent=False, from_pages=True)
def post_calls(request: HttpRequest, credential: Credential, kind: str = "") -> HttpResponse:
    """One call of the kind that the address names, or a batch: 200 with what was refused; 400 for no calls at all."""
    now, by = timezone.now(), actor_of(credential, request)
    try:
        bundle = read_bundle(plain_body(request, most=settings.TRACKING_BODY_BYTES), single=bool(kind))
        read = _Reader(bundle, now, request.META.get("HTTP_X_CONSENT_TOKEN", "").strip() or None)
        calls = [read.taken(index, raw, kind or None) for index, raw in enumerate(bundle.items)]
    except InvalidInput as refused:
        count_rejections(refused=[("", Problem(refused.param or "", refused.code, refused.message))], by=by, now=now)
        return error_response(refused, request)
    noticed = take_calls(calls=calls, trusted=not credential.origins, by=by, now=now, gpc=gpc_on(request))
    return _answer(calls, noticed)


def with_key_in_address(view: View) -> View:
    """A door whose credential is the write key that the address names.

    Only keys that may stand in a web page or an app are taken there: a secret in an address is refused (400).
    """

    @csrf_exempt
    @wraps(view)
    def entered(request: HttpRequest, write_key: str) -> HttpResponse:
        if write_key.startswith(("mha_", "mhr_", "mhs_")):
            refusal = InvalidInput("A secret must not stand in an address.", code="credential_in_query")
            return error_response(refusal, request)
        request.META["HTTP_X_API_KEY"] = write_key
        return _in_words_of_sdks(request, view(request, write_key))

    return entered


@with_key_in_address
@door(scope=SCOPE, resource="ingest", methods=("GET",), idempotent=False, from_pages=True)
def show_settings(request: HttpRequest, credential: Credential, write_key: str) -> HttpResponse:
    """What SDKs for browsers and phones ask before their first call."""
    answer = sdk_settings(write_key=write_key, host=request.get_host(), secure=request.is_secure())
    return HttpResponse(_encode(answer), content_type="application/json")


class _Reader:
    """Reads the calls of one request: what they share, the types there are, the clock at which they came."""

    def __init__(self, bundle: Bundle, now: datetime, token: str | None) -> None:
        self.bundle, self.now, self.token = bundle, now, token
        self.find, self.clock = event_catalogue().find, clock_at(now)
        self.kinds: Mapping[str, Purpose] = {key: use.kind for key, use in purposes().uses.items()}

    def taken(self, index: int, raw: bytes, kind: str | None) -> Taken:
        """The call as the service takes it, refused already when it cannot be read."""
        call = read_call(raw, kind=kind)
        if isinstance(call, Problem):
            return Taken(Refused(index, kind or "", None, [call]))
        context = {**self.bundle.context, **(call.context or {})}
        said = said_in(context, self.kinds)
        anonymous = call.previous_id if call.type == "alias" else call.anonymous_id
        return Taken(
            self._checked(index, call, raw, context, said.token or self.token),
            user_id=id_text(call.user_id) or "",
            anonymous_id=id_text(anonymous) or "",
            said=said,
            traits=_traits(call, context),
        )

    def _checked(self, index: int, call: Call, raw: bytes, context: Mapping[str, Any], token: str | None) -> Checked:
        name = type_of(call, lambda one: self.find(one, None) is not None)
        at = happened_at(call, sent_at=self.bundle.sent_at, received_at=self.now)
        problem = refused_before(call) or (at if isinstance(at, Problem) else None)
        if problem is not None or isinstance(at, Problem):
            return Refused(index, name, id_text(call.message_id), [problem] if problem else [])
        made = made_of(call, raw, at=at, context=context, token=token, type_=name)
        return read_made(made.members, index=index, type_name=made.type, find=self.find, clock=self.clock)


def _traits(call: Call, context: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Those of an `identify`: beside its ids as Segment writes them, or in the context as RudderStack does."""
    if call.type != "identify":
        return None
    inside = context.get("traits")
    return call.traits or (inside if isinstance(inside, dict) else None)


def _answer(calls: Sequence[Taken], noticed: Sequence[tuple[int, Problem]]) -> HttpResponse:
    refused = [(index, call.problem) for index, call in enumerate(calls) if call.problem is not None]
    statuses = [call.status for call in calls]
    answer = {
        "success": True,
        "accepted": statuses.count("accepted"),
        "duplicates": statuses.count("duplicate"),
        "rejected": [_note(index, calls[index], problem) for index, problem in refused],
        "warnings": [_note(index, calls[index], problem) for index, problem in noticed],
    }
    return HttpResponse(_encode(answer), content_type="application/json")


def _note(index: int, call: Taken, problem: Problem) -> _Noted:
    return _Noted(index, call.checked.shown, problem.code, problem.message, problem.param or None)


urlpatterns = [
    *(path(f"v1/{kind}", post_calls, {"kind": kind}) for kind in KINDS),
    *(path(f"v1/{letter}", post_calls, {"kind": kind}) for letter, kind in SHORT.items()),
    path("v1/batch", post_calls),
    path("v1/import", post_calls),
    path("v1/projects/<str:write_key>/settings", show_settings),
]
