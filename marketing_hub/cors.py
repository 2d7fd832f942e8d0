"""Web pages of other origins: what a browser may do with our answers (Fetch Standard, section 3.2)."""

from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from core.api.credentials import ORIGIN_KEY, is_own_origin
from core.api.errors import error_response
from core.errors import Forbidden
from integrations.selectors.clients import is_known_origin

KEPT_S: Final = 7_200
_SENT: Final = (
    "Authorization, Content-Encoding, Content-Type, Idempotency-Key, traceparent, X-API-Key, X-Consent-Token, "
    "X-Request-Id"
)
_READ: Final = (
    "API-Version, Idempotent-Replayed, RateLimit, RateLimit-Policy, Retry-After, X-API-Version, X-RateLimit-Limit, "
    "X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id"
)


def is_preflight(request: HttpRequest) -> bool:
    """Whether a browser asks if a page may send what it wants to send."""
    return request.method == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in request.META


def preflight(request: HttpRequest) -> HttpResponse:
    """204 for pages that some publishable key was made for, where pages may call; 403 for all others."""
    origin = request.headers.get("Origin", "")
    open_here = request.path.startswith(settings.API_PATHS_FOR_PAGES)
    if not open_here or not (is_own_origin(request) or is_known_origin(origin=origin, now=timezone.now())):
        refusal = Forbidden("Pages of this origin may not call this address.", code="origin_not_allowed")
        return error_response(refusal, request)
    headers = {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": _SENT,
        "Access-Control-Max-Age": str(KEPT_S),
    }
    response = HttpResponse(status=204, headers=headers)
    patch_vary_headers(response, ("Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"))
    return response


def let_page_read(request: HttpRequest, response: HttpResponse) -> None:
    """The page whose publishable key was accepted may read the answer, refusals too; others learn nothing."""
    if origin := request.META.get(ORIGIN_KEY):
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = _READ
        patch_vary_headers(response, ("Origin",))
