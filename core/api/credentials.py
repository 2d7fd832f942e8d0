"""Who calls: reading the credential of a request, for REST views and plain views alike.

What a finder answered is kept in the process for CREDENTIAL_LIFE_S seconds, so a revoked credential opens nothing
after that time at the latest, and a call costs no query while it is kept.
"""

import time
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.utils import timezone

from core.actors import Actor, ActorKind, Credential, inside
from core.crypto import digest
from core.errors import Forbidden, InvalidInput, Unauthenticated
from core.ids import request_id_of

FORBIDDEN_IN_QUERY: Final = ("access_token", "api_key", "apikey", "client_secret", "token", "write_key")
CREDENTIAL_LIFE_S: Final = 5.0
_KEPT_AT_MOST: Final = 20_000
ORIGIN_KEY: Final = "hub.origin"
"""In META: the origin of the page, when a publishable key was accepted from it."""

Finder = Callable[[str], Credential | None]
Guard = Callable[[HttpRequest, Credential, str], None]
_finders: dict[str, Finder] = {}
_guards: list[Guard] = []
_kept: dict[str, tuple[float, Credential | None]] = {}


def register_finder(kind: str, finder: Finder) -> None:
    """Let an upper floor resolve credentials of a kind: `bearer` (OAuth access token) or `api_key`."""
    _finders[kind] = finder


def register_guard(guard: Guard) -> None:
    """Let an upper floor refuse a credential that was found where it must not be used."""
    _guards.append(guard)


def forget_credentials() -> None:
    """Ask the finders again from now on, in this process; for whoever has just taken a credential away."""
    _kept.clear()


def client_ip(request: HttpRequest) -> str:
    """The address of the caller; proxies in front are resolved by the server configuration."""
    return str(request.META.get("REMOTE_ADDR", ""))


def _presented(request: HttpRequest) -> tuple[str, str]:
    """(kind, secret) of the request; Unauthenticated when there is none."""
    if request.META.get("QUERY_STRING"):
        _refuse_in_query(request)
    key = request.META.get("HTTP_X_API_KEY", "")
    scheme, _, secret = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if key:
        return "api_key", key.strip()
    if scheme.lower() == "api-key":
        return "api_key", secret.strip()
    if scheme.lower() in ("bearer", "dpop") and secret.strip():
        secret = secret.strip()
        return ("api_key" if secret.startswith(("mk_", "pk_")) else "bearer"), secret
    raise Unauthenticated("Invalid API key", code="missing_credentials")


def _refuse_in_query(request: HttpRequest) -> None:
    for name in FORBIDDEN_IN_QUERY:
        if name in request.GET:
            raise InvalidInput(
                f"Credentials are not accepted in the query string ('{name}'); send them in a header.",
                code="credential_in_query",
                param=name,
            )


def _found(kind: str, secret: str) -> Credential | None:
    key, now = kind + digest(secret), time.monotonic()
    kept = _kept.get(key)
    if kept and now < kept[0]:
        return kept[1]
    credential = _finders[kind](secret)
    if len(_kept) >= _KEPT_AT_MOST:
        _kept.clear()
    _kept[key] = (now + CREDENTIAL_LIFE_S, credential)
    return credential


def authenticate(request: HttpRequest) -> Credential:
    """The credential of this request.

    Refuses: none, an unknown or an expired one (401), one in the query string (400), a caller outside the allowed
    networks of the client (403 `ip_not_allowed`), and what a guard refuses.
    """
    kind, secret = _presented(request)
    credential = _found(kind, secret)
    if credential is None:
        raise Unauthenticated("Invalid API key")
    if credential.expires_at and timezone.now() >= credential.expires_at:
        raise Unauthenticated("This credential has expired; ask for a new one.", code="token_expired")
    request.META["hub.client_id"] = credential.client_id
    if credential.networks and not inside(client_ip(request), credential.networks):
        raise Forbidden("This credential may not be used from your address.", code="ip_not_allowed")
    for guard in _guards:
        guard(request, credential, secret)
    return credential


def is_own_origin(request: HttpRequest) -> bool:
    """Whether the page that sends this request is one of ours, such as the documentation."""
    return str(urlsplit(request.META.get("HTTP_ORIGIN", "")).netloc) == request.get_host()


def actor_of(credential: Credential, request: HttpRequest) -> Actor:
    """The actor that services and audit see for this request."""
    return Actor(
        kind=ActorKind.CLIENT,
        id=credential.client_id,
        label=credential.label,
        request_id=request_id_of(request.META),
        ip=client_ip(request),
        scopes=credential.scopes,
    )


def require_scope(credential: Credential, scope: str, *, from_pages: bool = False) -> None:
    """403 `insufficient_scope` with the scope named (RFC 6750 section 3.1) unless granted; every credential has ''.

    A publishable key enters only where `from_pages` says that web pages may call (403 `publishable_key`).
    """
    if credential.origins and not from_pages:
        raise Forbidden("A publishable key may only send events and record banner choices.", code="publishable_key")
    if scope and scope not in credential.scopes:
        raise Forbidden(
            f"This needs the scope '{scope}'.",
            extra={"required_scope": scope},
            headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'},
        )
