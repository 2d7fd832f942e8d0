"""How strictly callers must prove themselves; all from the environment."""

import re
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any, Final
from urllib.parse import urlsplit

from marketing_hub import env

_ROLES: Final = ("marketer", "compliance_officer", "integration_admin", "analyst", "superuser")


@dataclass(frozen=True, slots=True)
class Provider:
    """The company's identity provider (OpenID Connect). `roles` maps values of the claim `role_claim` to our roles."""

    name: str
    issuer: str
    client_id: str
    client_secret: str
    trust_email: bool = False
    role_claim: str = ""
    roles: tuple[tuple[str, str], ...] = ()

    def role_of(self, claims: dict[str, Any]) -> str | None:
        """The role that the claims stand for; empty where the provider has no say, None where it names none."""
        if not self.role_claim:
            return ""
        told = claims.get(self.role_claim)
        values = told if isinstance(told, list) else [told]
        return next((role for value, role in self.roles if value in values), None)


@dataclass(frozen=True, slots=True)
class Security:
    """What services and views read as settings.SECURITY."""

    assertion_for_token_url: bool = False
    trust_proxy_headers: bool = False
    trusted_proxies: tuple[str, ...] = ()
    certificate_header: str = ""
    certificate_verified_header: str = ""
    second_factor_roles: tuple[str, ...] = ()
    provider: Provider | None = None
    leak_keys_url: str = ""


def read_security() -> Security:
    """As the environment says; ConfigError for what is no network or no name of a header."""
    return Security(
        assertion_for_token_url=env.flag("OAUTH_ASSERTION_FOR_TOKEN_URL", False),
        trust_proxy_headers=env.flag("TRUST_PROXY_HEADERS", False),
        trusted_proxies=_networks("TRUSTED_PROXIES", env.csv("TRUSTED_PROXIES", ("127.0.0.0/8", "::1/128"))),
        second_factor_roles=_roles("SECOND_FACTOR_ROLES", env.csv("SECOND_FACTOR_ROLES", ())),
        provider=_provider(),
        leak_keys_url=_address("SECRET_SCANNING_KEYS_URL", env.text("SECRET_SCANNING_KEYS_URL", "")),
        certificate_header=_header("CLIENT_CERTIFICATE_HEADER", env.text("CLIENT_CERTIFICATE_HEADER", "")),
        certificate_verified_header=_header(
            "CLIENT_CERTIFICATE_VERIFIED_HEADER", env.text("CLIENT_CERTIFICATE_VERIFIED_HEADER", "")
        ),
    )


def _header(name: str, header: str) -> str:
    """As Django calls it in META; empty without the setting."""
    if header and not re.fullmatch(r"[A-Za-z0-9-]{1,60}", header):
        raise env.ConfigError(f"{name} must be the name of a header such as X-SSL-Client-Cert.")
    return f"HTTP_{header.upper().replace('-', '_')}" if header else ""


def _address(name: str, text: str) -> str:
    if text and urlsplit(text).scheme != "https":
        raise env.ConfigError(f"{name} must begin with https://.")
    return text


def _provider() -> Provider | None:
    if not (issuer := env.text("OIDC_ISSUER", "")):
        return None
    parts = urlsplit(issuer)
    if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise env.ConfigError("OIDC_ISSUER must begin with https://.")
    pairs = [tuple(text.split("=", 1)) for text in env.csv("OIDC_ROLES", ())]
    _roles("OIDC_ROLES", [pair[-1] if len(pair) == 2 else "" for pair in pairs])
    return Provider(
        name=env.text("OIDC_NAME", "single sign-on"),
        issuer=issuer,
        client_id=env.text("OIDC_CLIENT_ID"),
        client_secret=env.secret("OIDC_CLIENT_SECRET"),
        trust_email=env.flag("OIDC_TRUST_EMAIL", False),
        role_claim=env.text("OIDC_ROLE_CLAIM", ""),
        roles=tuple((value, role) for value, *_, role in pairs),
    )


def _roles(name: str, texts: list[str]) -> tuple[str, ...]:
    for text in texts:
        if text not in _ROLES:
            raise env.ConfigError(f"{name} holds {text!r}; roles are {', '.join(_ROLES)}.")
    return tuple(texts)


def _networks(name: str, texts: list[str]) -> tuple[str, ...]:
    for text in texts:
        try:
            ip_network(text)
        except ValueError:
            raise env.ConfigError(f"{name} holds {text!r}; it must list networks such as 10.0.0.0/8.") from None
    return tuple(texts)
