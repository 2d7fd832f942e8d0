"""What is kept of every call to the API: figures by client and address, reasons of refusals, security events."""

import time
from collections.abc import Iterator
from typing import cast

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from core.actors import SYSTEM, Actor, ActorKind
from core.api.credentials import client_ip
from core.api.errors import REFUSAL_KEY
from core.errors import DomainError
from core.ids import request_id_of
from integrations.services.usage import Call, note_call
from integrations.services.violations import ACTIONS, note_violation
from marketing_hub.metrics import method_of

UNMATCHED = "unmatched"


def watch(request: HttpRequest, response: HttpResponseBase, started: float) -> None:
    """The call is counted, and a security event stands in the audit log when it was one.

    An answer that is streamed is counted once it has left, with the time to its first byte; one that the server sends
    as a file, and one that goes on as long as somebody listens, count as answered when they begin.
    """
    ends = isinstance(response, StreamingHttpResponse) and not response.is_async
    if ends and not getattr(response, "file_to_stream", None):
        _watch_stream(request, cast(StreamingHttpResponse, response), started)
    else:
        _note(request, response, time.perf_counter() - started)


def _watch_stream(request: HttpRequest, response: StreamingHttpResponse, started: float) -> None:
    parts: Iterator[bytes] = iter(response)

    def timed() -> Iterator[bytes]:
        first = None
        try:
            for part in parts:
                first = time.perf_counter() - started if first is None else first
                yield part
        finally:
            whole = time.perf_counter() - started
            _note(request, response, whole, first_byte=whole if first is None else first)

    response.streaming_content = timed()


def _note(request: HttpRequest, response: HttpResponseBase, seconds: float, first_byte: float | None = None) -> None:
    refusal: DomainError | None = request.META.get(REFUSAL_KEY) if response.status_code >= 400 else None
    client_id = request.META.get("hub.client_id", "")
    call = Call(
        client_id=client_id,
        method=method_of(request),
        route=request.resolver_match.route if request.resolver_match else UNMATCHED,
        status=response.status_code,
        seconds=seconds,
        at=timezone.now(),
        request_id=request_id_of(request.META),
        code=refusal.code if refusal else "",
        param=(refusal.param or "") if refusal else "",
        cached=response.status_code == 304 or response.headers.get("X-Cache") == "hit",
        deprecated="Deprecation" in response.headers,
        first_byte=first_byte,
    )
    note_call(call=call)
    if refusal and refusal.code in ACTIONS:
        note_violation(
            code=refusal.code,
            target=client_id or "api",
            origin=request.META.get("HTTP_ORIGIN", ""),
            where=f"{call.method} {call.route}",
            by=_caller(client_id, request),
        )


def _caller(client_id: str, request: HttpRequest) -> Actor:
    kind, name = (ActorKind.CLIENT, client_id) if client_id else (SYSTEM.kind, SYSTEM.id)
    return Actor(kind=kind, id=name, request_id=request_id_of(request.META), ip=client_ip(request))
