"""What of the API is to end: announced here, told by every answer, refused after its last day."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.http import http_date

from core.api.errors import error_response
from core.errors import Gone

LEAST_NOTICE_MONTHS: Final = 12
POLICY: Final = "/docs/guides/versioning#deprecation"


@dataclass(frozen=True, slots=True)
class Deprecation:
    """An operation that ends: since when it is deprecated, from when it is gone, and what takes its place.

    `path` and `successor` are templates; the successor may use the variables of the path.
    """

    method: str
    path: str
    since: datetime
    sunset: datetime
    successor: str


DEPRECATIONS: Final = (
    Deprecation(
        "GET",
        "/api/v1/event-types/{name}/schema",
        since=datetime(2026, 11, 21, tzinfo=UTC),
        sunset=datetime(2027, 12, 1, tzinfo=UTC),
        successor="/api/v1/engagement/types/{name}",
    ),
)


def find_deprecation(method: str, path: str) -> tuple[Deprecation, str] | None:
    """The deprecation of the operation at an address, with the address of what takes its place; None for the living.

    HEAD counts as GET.
    """
    asked = "GET" if method == "HEAD" else method
    for row in DEPRECATIONS:
        found = _pattern(row.path).fullmatch(path) if row.method == asked else None
        if found:
            return row, row.successor.format(**found.groupdict())
    return None


def headers_of(row: Deprecation, successor: str) -> dict[str, str]:
    """`Deprecation` (RFC 9745), `Sunset` (RFC 8594) and the links to the policy and to the successor (RFC 5829)."""
    policy = f"{settings.PUBLIC_URL}{POLICY}"
    links = (
        f'<{policy}>; rel="deprecation"; type="text/html"',
        f'<{policy}>; rel="sunset"; type="text/html"',
        f'<{successor}>; rel="successor-version"',
    )
    return {
        "Deprecation": f"@{int(row.since.timestamp())}",
        "Sunset": http_date(row.sunset.timestamp()),
        "Link": ", ".join(links),
    }


def answered(request: HttpRequest, view: Callable[[HttpRequest], HttpResponse]) -> HttpResponse:
    """The answer of the view, marked when its operation is to end; 410 `version_sunset` from the sunset on."""
    found = find_deprecation(request.method or "", request.path)
    if found is None:
        return view(request)
    row, successor = found
    ended = timezone.now() >= row.sunset
    response = error_response(_gone(row, successor), request) if ended else view(request)
    headers = headers_of(row, successor)
    headers["Link"] = ", ".join(filter(None, (response.headers.get("Link"), headers["Link"])))
    for name, value in headers.items():
        response.headers[name] = value
    return response


def _gone(row: Deprecation, successor: str) -> Gone:
    return Gone(f"This address ended on {row.sunset:%d %B %Y}. Use {successor}.", code="version_sunset")


@cache
def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/\\x00-\\x1f]+)", re.escape(template)))
