"""How strictly callers must prove themselves; all from the environment."""

import re
from dataclasses import dataclass
from ipaddress import ip_network

from marketing_hub import env


@dataclass(frozen=True, slots=True)
class Security:
    """What services and views read as settings.SECURITY."""

    assertion_for_token_url: bool = False
    trust_proxy_headers: bool = False
    trusted_proxies: tuple[str, ...] = ()
    certificate_header: str = ""


def read_security() -> Security:
    """As the environment says; ConfigError for what is no network or no name of a header."""
    header = env.text("CLIENT_CERTIFICATE_HEADER", "")
    if header and not re.fullmatch(r"[A-Za-z0-9-]{1,60}", header):
        raise env.ConfigError("CLIENT_CERTIFICATE_HEADER must be the name of a header such as X-SSL-Client-Cert.")
    return Security(
        assertion_for_token_url=env.flag("OAUTH_ASSERTION_FOR_TOKEN_URL", False),
        trust_proxy_headers=env.flag("TRUST_PROXY_HEADERS", False),
        trusted_proxies=_networks("TRUSTED_PROXIES", env.csv("TRUSTED_PROXIES", ("127.0.0.0/8", "::1/128"))),
        certificate_header=f"HTTP_{header.upper().replace('-', '_')}" if header else "",
    )


def _networks(name: str, texts: list[str]) -> tuple[str, ...]:
    for text in texts:
        try:
            ip_network(text)
        except ValueError:
            raise env.ConfigError(f"{name} holds {text!r}; it must list networks such as 10.0.0.0/8.") from None
    return tuple(texts)
