"""How much a caller may do: windows per client and resource, and what every answer says about them."""

import math
import time
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.http import HttpRequest

from core.actors import Credential
from core.api.credentials import authenticate, client_ip
from core.errors import RateLimited, Unauthenticated
from core.meter import Level, Verdict, Window, give_back, take

API: Final = "api"
INGEST: Final = "ingest"
_KEY: Final = "hub.usage"
_UNBOUNDED: Final = Window("unlimited", 2_147_483_647, 3_600)


@dataclass(frozen=True, slots=True)
class Usage:
    """What was counted for a request: the resource, the key of its counters, and their state."""

    resource: str
    key: str
    verdict: Verdict

    @property
    def windows(self) -> tuple[Window, ...]:
        """The windows that were counted."""
        return tuple(level.window for level in self.verdict.levels)


def admit(request: HttpRequest, resource: str = API) -> Credential:
    """The credential of this request, with one use counted against its client's windows for `resource`.

    Refuses like `authenticate`, and with 429 when a window is full; failures are counted per network address.
    """
    try:
        credential = authenticate(request)
    except Unauthenticated:
        _keep(request, _of_address(request, 1))
        raise
    if credential.origins:
        _keep(request, _of_visitor(request, credential))
    windows = windows_of(credential.tier, resource)
    key = f"{resource}:{credential.client_id}"
    verdict = take(key, windows) if windows else Verdict(True, (Level(_UNBOUNDED, 0, 3_600.0),))
    _keep(request, Usage(resource, key, verdict))
    return credential


def windows_of(tier: str, resource: str) -> tuple[Window, ...]:
    """The windows of a rate class: those named like the resource, or for the API all that name no resource."""
    return tuple(
        Window(name, limit, seconds)
        for name, (limit, seconds) in settings.API_TIERS[tier].items()
        if (name == INGEST) == (resource == INGEST)
    )


def levels_of(credential: Credential, resource: str) -> tuple[Level, ...]:
    """How full the windows of a client are now; looking costs nothing."""
    return take(f"{resource}:{credential.client_id}", windows_of(credential.tier, resource), 0).levels


def _of_visitor(request: HttpRequest, credential: Credential) -> Usage:
    """One visitor cannot use up what a publishable key may do for all."""
    key = f"visitor:{credential.client_id}:{client_ip(request)}"
    windows = [Window("visitor", settings.API_CALLS_PER_VISITOR, settings.API_VISITOR_WINDOW_S)]
    return Usage("visitor", key, take(key, windows))


def _of_address(request: HttpRequest, amount: int) -> Usage:
    key = f"address:{client_ip(request)}"
    windows = [Window("address", settings.API_FAILURES_PER_ADDRESS, settings.API_FAILURE_WINDOW_S)]
    return Usage("address", key, take(key, windows, amount))


def _keep(request: HttpRequest, usage: Usage) -> None:
    request.META[_KEY] = usage
    if usage.verdict.granted:
        return
    full = [level for level in usage.verdict.levels if not level.remaining]
    raise RateLimited(
        "Quota exceeded",
        code="quota_exceeded" if any(level.window.seconds >= 3_600 for level in full) else "rate_limited",
        extra={"violated_policies": [level.window.name for level in full]},
        headers={"Retry-After": str(max(1, math.ceil(max(level.resets_in for level in full))))},
    )


def not_counted(request: HttpRequest, *, but: str = "") -> None:
    """Give back what this request used: a 304 costs nothing, an answer from the cache only what `but` names."""
    usage: Usage | None = request.META.get(_KEY)
    if usage is not None and usage.windows != (_UNBOUNDED,):
        give_back(usage.key, [window for window in usage.windows if window.name != but])


def limit_headers(request: HttpRequest) -> dict[str, str]:
    """The state of the caller's windows; of its network address when no client was recognised.

    X-RateLimit-* describe the window that runs out first. RateLimit fields follow
    draft-ietf-httpapi-ratelimit-headers-10. The reset is a Unix time, but seconds from now outside /api, where
    the clients of Segment and RudderStack read it so.
    """
    usage: Usage = request.META.get(_KEY) or _of_address(request, 0)
    levels = usage.verdict.levels
    first = min(levels, key=lambda level: (level.remaining, -level.window.seconds))
    seconds = math.ceil(first.resets_in)
    return {
        "X-RateLimit-Limit": str(first.window.limit),
        "X-RateLimit-Remaining": str(first.remaining),
        "X-RateLimit-Reset": str(math.ceil(time.time()) + seconds if request.path.startswith("/api/") else seconds),
        "X-RateLimit-Used": str(first.used),
        "X-RateLimit-Resource": usage.resource,
        "RateLimit": ", ".join(f'"{x.window.name}";r={x.remaining};t={math.ceil(x.resets_in)}' for x in levels),
        "RateLimit-Policy": ", ".join(f'"{x.window.name}";q={x.window.limit};w={x.window.seconds}' for x in levels),
    }
