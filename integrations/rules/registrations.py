"""What a client says about itself when it registers (RFC 7591 section 2): read, checked and put into our words."""

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from integrations.rules.assertions import Proof

METADATA: Final = "invalid_client_metadata"
REDIRECT: Final = "invalid_redirect_uri"
STATEMENT: Final = "invalid_software_statement"
UNAPPROVED: Final = "unapproved_software_statement"
PERSONAL: Final = "customers.pii:read"
"""A scope that is given to whoever asks for it by name, never because nothing was asked for."""
MOST_REDIRECTS: Final = 20
MOST_BYTES: Final = 65_536
MOST_DAYS: Final = 90
MOST_USES: Final = 1_000
DEVICE: Final = "urn:ietf:params:oauth:grant-type:device_code"
GRANT_NAMES: Final = {name: name for name in ("authorization_code", "client_credentials")} | {DEVICE: "device_code"}
METHODS: Final[Mapping[str, str]] = {
    "client_secret_basic": "client_secret",
    "client_secret_post": "client_secret",
    "private_key_jwt": "private_key_jwt",
    "tls_client_auth": "tls_client_auth",
    "none": "client_secret",
}
CERTIFICATE_NAMES: Final = {
    "tls_client_auth_subject_dn": "dn",
    "tls_client_auth_san_dns": "dns",
    "tls_client_auth_san_uri": "uri",
    "tls_client_auth_san_ip": "ip",
    "tls_client_auth_san_email": "email",
}
_BOUND: Final = {"dpop_bound_access_tokens": "dpop", "tls_client_certificate_bound_access_tokens": "certificate"}
_PAGES: Final = ("client_uri", "logo_uri", "tos_uri", "policy_uri")
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s.]+")
_UNKEEPABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_JWT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")


class UnusableMetadata(ValueError):
    """A registration that is refused: the error of RFC 7591 section 3.2.2, and a sentence."""

    def __init__(self, sentence: str, error: str = METADATA) -> None:
        super().__init__(sentence)
        self.error = error


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client wants to be; `scopes` is None when it named none, `told` is kept to be told again."""

    name: str
    redirect_uris: tuple[str, ...]
    grants: tuple[str, ...]
    scopes: tuple[str, ...] | None
    public: bool
    proof: Proof
    contact: str
    told: dict[str, Any]


def read_wish(said: Mapping[str, Any], *, certificates: bool) -> Wish:
    """What the client wants; members that are unknown are passed over. UnusableMetadata for what cannot be used.

    `certificates`: whether clients can prove themselves by a certificate here.
    """
    if not _is_printable(said):
        raise UnusableMetadata("The registration holds characters that cannot be kept.")
    _refuse_statement(said)
    method = _text(said, "token_endpoint_auth_method", 40) or "client_secret_basic"
    if method not in METHODS or (method == "tls_client_auth" and not certificates):
        raise UnusableMetadata(f"token_endpoint_auth_method '{method}' is not supported; see the server's metadata.")
    grants = _grants(said)
    scope = _text(said, "scope", 2_000)
    contacts = _texts(said, "contacts", 20, 254)
    if any(not _EMAIL.fullmatch(contact) for contact in contacts):
        raise UnusableMetadata("contacts must be e-mail addresses.")
    return Wish(
        name=_text(said, "client_name", 120).strip(),
        redirect_uris=_redirects(said),
        grants=grants,
        scopes=tuple(sorted(set(scope.split()))) if scope.split() else None,
        public=method == "none",
        proof=_proof(said, METHODS[method]),
        contact=contacts[0] if contacts else "",
        told={"token_endpoint_auth_method": method, "grant_types": _all_grants(said), **_pages(said)},
    )


def scopes_within(*, asked: tuple[str, ...] | None, allowed: Collection[str]) -> list[str]:
    """The scopes that the client gets: those it asked for, else all it may have but PERSONAL; none above `allowed`."""
    if asked is None:
        return sorted(set(allowed) - {PERSONAL})
    if over := [scope for scope in asked if scope not in allowed]:
        raise UnusableMetadata(f"The scope '{over[0]}' is more than may be registered here.")
    return list(asked)


def bound_of(
    *, token: Collection[str], now_has: Collection[str], registered: Collection[str], alive: bool
) -> list[str]:
    """What a change may ask for: the scopes of the token, while it lives and staff left the client's as they were."""
    return sorted(token) if alive and sorted(now_has) == sorted(registered) else sorted(now_has)


def check_grants_within(*, asked: Collection[str], allowed: Collection[str]) -> None:
    """Nothing when the token lets clients have each of these grants; UnusableMetadata otherwise."""
    if over := [grant for grant in asked if grant not in allowed]:
        raise UnusableMetadata(f"The grant '{over[0]}' is more than may be registered here.")


def token_state(*, revoked_at: datetime | None, expires_at: datetime, uses: int, most_uses: int, now: datetime) -> str:
    """`revoked`, `expired`, `used` (as often as it may be), else `active`."""
    if revoked_at is not None:
        return "revoked"
    if expires_at <= now:
        return "expired"
    return "used" if uses >= most_uses else "active"


def redirect_problem(uri: str) -> str:
    """Why this cannot be a redirect address, as a sentence; empty when it can: https, or http on this machine."""
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "This is no address."
    if not host or port == 0 or not uri.isascii() or not uri.isprintable() or " " in uri:
        return "This is no address."
    if parts.fragment or uri.endswith("#") or parts.username or parts.password:
        return "A redirect address holds no fragment and no password."
    plain = parts.scheme == "http" and host in _LOOPBACK
    return "" if parts.scheme == "https" or plain else "It must be https, or http on this machine itself."


def _refuse_statement(said: Mapping[str, Any]) -> None:
    """Nobody's statements about software are approved here, so one is never passed over in silence."""
    statement = said.get("software_statement")
    if statement is None:
        return
    if not isinstance(statement, str) or not _JWT.fullmatch(statement):
        raise UnusableMetadata("The software statement is no signed JWT.", STATEMENT)
    raise UnusableMetadata("No issuer of software statements is approved here: leave it out.", UNAPPROVED)


def _all_grants(said: Mapping[str, Any]) -> list[str]:
    return _texts(said, "grant_types", 10, 80) or ["authorization_code"]


def _grants(said: Mapping[str, Any]) -> tuple[str, ...]:
    """The grants in our words; refresh tokens come with those that a person decides about."""
    given = _all_grants(said)
    if wrong := [name for name in given if name not in GRANT_NAMES and name != "refresh_token"]:
        raise UnusableMetadata(f"The grant type '{wrong[0]}' is not supported.")
    grants = tuple(dict.fromkeys(GRANT_NAMES[name] for name in given if name in GRANT_NAMES))
    if "refresh_token" in given and not set(grants) & {"authorization_code", "device_code"}:
        raise UnusableMetadata("refresh_token comes with authorization_code or the device code only.")
    responses = _texts(said, "response_types", 10, 80)
    if responses and (responses != ["code"] or "authorization_code" not in grants):
        raise UnusableMetadata('response_types may be ["code"], with the grant type authorization_code.')
    return grants


def _redirects(said: Mapping[str, Any]) -> tuple[str, ...]:
    uris = _texts(said, "redirect_uris", MOST_REDIRECTS, 500, REDIRECT)
    for number, uri in enumerate(uris, start=1):
        if problem := redirect_problem(uri):
            raise UnusableMetadata(f"redirect_uris, number {number}: {problem}", REDIRECT)
    return tuple(uris)


def _proof(said: Mapping[str, Any], method: str) -> Proof:
    bindings = [binding for name, binding in _BOUND.items() if _flag(said, name)]
    if len(bindings) > 1:
        raise UnusableMetadata("Tokens are bound to a key or to a certificate, not to both.")
    keys = said.get("jwks")
    if keys is not None and not isinstance(keys, dict):
        raise UnusableMetadata('jwks must be a JWK Set such as {"keys": [...]}.')
    names = [f"{kind}:{_text(said, name, 290)}" for name, kind in CERTIFICATE_NAMES.items() if said.get(name)]
    if len(names) > 1:
        raise UnusableMetadata("A client is known by one name in its certificate.")
    text = json.dumps(keys) if keys is not None else ""
    return Proof(method, text, _text(said, "jwks_uri", 500), "".join(names), "".join(bindings) or "none")


def _pages(said: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept as it is: addresses of pages for people, and which software it is."""
    kept = {name: _text(said, name, 500) for name in (*_PAGES, "software_id", "software_version")}
    for name in _PAGES:
        if kept[name] and (not kept[name].startswith("https://") or redirect_problem(kept[name])):
            raise UnusableMetadata(f"{name} must be an https address.")
    return {name: text for name, text in kept.items() if text}


def _text(said: Mapping[str, Any], name: str, longest: int) -> str:
    value = said.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > longest:
        raise UnusableMetadata(f"{name} must be a text of at most {longest:,} characters.")
    return value


def _texts(said: Mapping[str, Any], name: str, most: int, longest: int, error: str = METADATA) -> list[str]:
    value = said.get(name)
    if value is None:
        return []
    fits: Callable[[Any], bool] = lambda one: isinstance(one, str) and 0 < len(one) <= longest  # noqa: E731
    if not isinstance(value, list) or len(value) > most or not all(map(fits, value)):
        raise UnusableMetadata(f"{name} must be a list of at most {most} texts.", error)
    return list(dict.fromkeys(value))


def _flag(said: Mapping[str, Any], name: str) -> bool:
    value = said.get(name)
    if value is not None and not isinstance(value, bool):
        raise UnusableMetadata(f"{name} must be true or false.")
    return bool(value)


def _is_printable(value: Any) -> bool:
    """Whether no text in it has a NUL, another control character or half of a surrogate pair."""
    if isinstance(value, str):
        return not _UNKEEPABLE.search(value)
    if isinstance(value, Mapping):
        return all(_is_printable(part) for pair in value.items() for part in pair)
    return all(map(_is_printable, value)) if isinstance(value, list) else True
