"""What happens around every request: its id, its log line, its timing."""

import re
import time
from collections.abc import Callable
from typing import Final

import structlog
from django.http import HttpRequest, HttpResponse
from structlog.contextvars import bind_contextvars, clear_contextvars

from core.ids import REQUEST_ID_KEY, new_id

GetResponse = Callable[[HttpRequest], HttpResponse]

ACCEPTABLE_ID: Final = re.compile(r"^[A-Za-z0-9._:-]{1,128}$")
_TRACE: Final = re.compile(r"^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})
log = structlog.get_logger("request")


class RequestIdMiddleware:
    """Gives every request an id, echoes it as `X-Request-Id`, and logs one line without query, body or names.

    The trace id of a W3C `traceparent` header stands in every log line of the request.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = given if ACCEPTABLE_ID.match(given) else new_id("req")
        request.META[REQUEST_ID_KEY] = request_id
        clear_contextvars()
        trace = _TRACE.match(request.META.get("HTTP_TRACEPARENT", ""))
        bind_contextvars(request_id=request_id, **({"trace_id": trace.group(1)} if trace else {}))
        response = self.get_response(request)
        response["X-Request-Id"] = request_id
        if request.path not in _QUIET:
            route = request.resolver_match.route if request.resolver_match else ""
            log.info(
                "request",
                method=request.method,
                route=route,
                status=response.status_code,
                ms=round((time.perf_counter() - started) * 1000, 1),
                client=request.META.get("hub.client_id", ""),
            )
        return response
