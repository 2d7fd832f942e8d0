"""What every answer for programs carries, whichever view gave it, and the slash form of every address."""

import re
import time
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final

from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.core.handlers.exception import convert_exception_to_response
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import ResolverMatch, resolve
from django.utils.cache import patch_vary_headers

from core.api.throttling import limit_headers, not_counted
from marketing_hub.canaries import TAKEN_KEY, answering_address
from marketing_hub.changelog import PREVIEW
from marketing_hub.cors import is_preflight, let_page_read, preflight
from marketing_hub.deprecations import answered
from marketing_hub.watch import watch
from marketing_hub.xml import ask_for_json, prefers_xml, turn_into_xml

GetResponse = Callable[[HttpRequest], HttpResponse]

MACHINE_PATHS: Final = ("/api/", "/v1/", "/oauth/", "/.well-known/", "/ofrep/", "/opendsr/")
VERSIONED: Final = ("/api/v1/", "/api/v2")
DATA_PATHS: Final = ("/api/", "/v1/", "/ofrep/", "/opendsr/")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def for_machines(request: HttpRequest) -> bool:
    """Whether programs call this address: refusals there are JSON, and no redirect adds or drops a slash."""
    return request.path.startswith(MACHINE_PATHS)


def check_readable(request: HttpRequest) -> None:
    """Http404 for an address with a control character: no id has one, and neither rows nor headers can hold it."""
    if _CONTROL.search(request.path_info):
        raise Http404


class _Views(BaseHandler):
    """Django's way from address to view without the middleware that serves browsers: sessions, forms, messages."""

    def __init__(self) -> None:
        super().__init__()
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        self.answer: Any = convert_exception_to_response(self._get_response)  # type: ignore[attr-defined]

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        """The view that answers at this address; few addresses are called all the time, and patterns are many."""
        check_readable(request)
        request.resolver_match = _resolved(answering_address(request))
        return request.resolver_match


@lru_cache(maxsize=1_024)
def _resolved(path: str) -> ResolverMatch:
    return resolve(path)


class ApiAnswers:
    """Serves `/api/v1/customers/` like `/api/v1/customers`; marks version, variance and secrecy of every answer.

    Data addresses go straight to their views: what stands behind this in settings.MIDDLEWARE never sees them, which
    saves a fifth of the time of a small call.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.views = _Views()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not for_machines(request):
            check_readable(request)
            return self.get_response(request)
        if request.path_info.endswith("/"):
            request.path_info = request.path_info.rstrip("/")
            request.path = request.path.rstrip("/")
        if not request.path.startswith(DATA_PATHS) or request.path.startswith(settings.DOCUMENTATION_PATHS):
            check_readable(request)
            return self.get_response(request)
        request.get_host()
        started, as_xml = time.perf_counter(), prefers_xml(request)
        if as_xml:
            ask_for_json(request)
        response: HttpResponse = preflight(request) if is_preflight(request) else answered(request, self.views.answer)
        if as_xml:
            turn_into_xml(response)
        _mark(request, response)
        _read_out(request)
        let_page_read(request, response)
        watch(request, response, started)
        return response


def _read_out(request: HttpRequest) -> None:
    """Read a body that no view asked for: a server that answers before it came hangs up, and loses the next call."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    small = length.isdecimal() and int(length) <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if small and not getattr(request, "_read_started", True):
        with suppress(OSError):
            request.read()


def _mark(request: HttpRequest, response: HttpResponse) -> None:
    if response.status_code == 304:
        not_counted(request)
    elif response.headers.get("X-Cache") == "hit":
        not_counted(request, but="burst")
    for name, value in limit_headers(request).items():
        response.headers[name] = value
    taken = request.META.get(TAKEN_KEY, "")
    if taken:
        response.headers["Content-Location"] = taken
    version = PREVIEW if (taken or request.path).startswith("/api/v2") else settings.API_VERSION
    response.headers["API-Version"] = response.headers["X-API-Version"] = version
    response.headers.setdefault("Cache-Control", "no-store")
    if not response.streaming:
        response.headers.setdefault("Content-Length", str(len(response.content)))
    patch_vary_headers(response, ("Authorization", "Accept"))
    if request.path.startswith("/api/") and not request.path.startswith(VERSIONED) and request.resolver_match:
        link = f'</api/v1/{request.path.removeprefix("/api/")}>; rel="canonical"'
        response.headers["Link"] = ", ".join(filter(None, (response.headers.get("Link"), link)))
