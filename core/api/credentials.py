"""Who calls: reading the credential of a request, for REST views and plain views alike."""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final

from django.http import HttpRequest

from core.actors import Actor, ActorKind
from core.errors import Forbidden, InvalidInput, Unauthenticated
from core.ids import request_id_of

FORBIDDEN_IN_QUERY: Final = ("access_token", "api_key", "apikey", "client_secret", "token", "write_key")


@dataclass(frozen=True, slots=True)
class Credential:
    """A valid credential: whose it is, what it may do, where from, at what rate."""

    client_id: str
    label: str
    scopes: frozenset[str]
    kind: str
    tier: str = "standard"
    networks: tuple[str, ...] = ()
    staff_id: str = ""
    if_match_required: bool = False
    source_id: int = 0


Finder = Callable[[str], Credential | None]
_finders: dict[str, Finder] = {}


def register_finder(kind: str, finder: Finder) -> None:
    """Let an upper floor resolve credentials of a kind: `bearer` (OAuth access token) or `api_key`."""
    _finders[kind] = finder


def client_ip(request: HttpRequest) -> str:
    """The address of the caller; proxies in front are resolved by the server configuration."""
    return str(request.META.get("REMOTE_ADDR", ""))


def _presented(request: HttpRequest) -> tuple[str, str]:
    """(kind, secret) of the request; Unauthenticated when there is none."""
    for name in FORBIDDEN_IN_QUERY:
        if name in request.GET:
            raise InvalidInput(
                f"Credentials are not accepted in the query string ('{name}'); send them in a header.",
                code="credential_in_query",
                param=name,
            )
    key = request.headers.get("X-API-Key", "")
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if key:
        return "api_key", key.strip()
    if scheme.lower() == "api-key":
        return "api_key", secret.strip()
    if scheme.lower() == "bearer" and secret.strip():
        secret = secret.strip()
        return ("api_key" if secret.startswith("mk_") else "bearer"), secret
    raise Unauthenticated("Invalid API key", code="missing_credentials")


def authenticate(request: HttpRequest) -> Credential:
    """The credential of this request.

    Refuses: none or an unknown one (401), one in the query string (400), a caller outside the allowed
    networks of the client (403 `ip_not_allowed`).
    """
    kind, secret = _presented(request)
    credential = _finders[kind](secret)
    if credential is None:
        raise Unauthenticated("Invalid API key")
    if credential.networks and not _inside(client_ip(request), credential.networks):
        raise Forbidden("This credential may not be used from your address.", code="ip_not_allowed")
    request.META["hub.client_id"] = credential.client_id
    return credential


def _inside(address: str, networks: tuple[str, ...]) -> bool:
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    return any(ip in ip_network(network, strict=False) for network in networks)


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


def require_scope(credential: Credential, scope: str) -> None:
    """403 `insufficient_scope` with the scope named (RFC 6750 section 3.1) unless it was granted."""
    if scope not in credential.scopes:
        raise Forbidden(
            f"This needs the scope '{scope}'.",
            extra={"required_scope": scope},
            headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'},
        )
