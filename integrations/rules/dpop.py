"""Proofs that the caller holds the key that a token is bound to (RFC 9449)."""

import base64
import hashlib
from collections.abc import Collection
from datetime import datetime
from math import isfinite
from typing import Any, Final
from urllib.parse import unquote, urlsplit

KEY_OF_PROOF: Final = "hub.key"
"""In META: the thumbprint of the key that a proof in this request was made by."""
CERTIFICATE: Final = "hub.certificate"
"""In META: the thumbprint of the client's certificate, as a trusted proxy names it."""
CERTIFICATE_NAMES: Final = "hub.certificate_names"
"""In META: the names in that certificate, a line each, when the proxy has verified its authority."""
MOST_LENGTH: Final = 8_000
OLDEST_S: Final = 60
SKEW_S: Final = 30
REMEMBERED_S: Final = 120
"""Longer than a proof can hold, so that each is used once."""
_PORTS: Final = {"https": 443, "http": 80}


def proof_problem(
    *, header: dict[str, Any], claims: dict[str, Any], method: str, places: Collection[str], token: str, now: datetime
) -> str:
    """Why the proof does not hold for this call at `now`, as a sentence; empty when it does (RFC 9449 section 4.3).

    `places` are the addresses that the call may be said to go to. With a `token` the proof must name its hash.
    """
    if header.get("typ") != "dpop+jwt":
        return "The type of the proof must be dpop+jwt."
    if claims.get("htm") != method:
        return "htm must be the method of the call."
    if _place(claims.get("htu")) not in {_place(place) for place in places}:
        return "htu must be the address of the call, without query."
    issued, identifier = claims.get("iat"), claims.get("jti")
    if not isinstance(issued, int | float) or isinstance(issued, bool) or not isfinite(issued):
        return "iat must be a number of seconds."
    if not -SKEW_S <= now.timestamp() - issued <= OLDEST_S:
        return f"The proof must be made for this call: iat may be {OLDEST_S} seconds old at most."
    if not isinstance(identifier, str) or not 1 <= len(identifier) <= 255:
        return "jti must be a text of 1 to 255 characters."
    return "ath must be the hash of the token." if token and claims.get("ath") != token_hash(token) else ""


def token_hash(token: str) -> str:
    """What `ath` must say about a token: its SHA-256 in base64url (RFC 9449 section 4.2)."""
    return thumbprint(token.encode())


def thumbprint(content: bytes) -> str:
    """SHA-256 in base64url without padding, as `ath` and `x5t#S256` are written."""
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")


def _place(url: Any) -> tuple[str, str, int, str] | None:
    """Scheme, host, port and path, brought into one form (RFC 3986 section 6.2); None for anything else."""
    try:
        parts = urlsplit(url) if isinstance(url, str) and url.isprintable() else None
        if parts is None or parts.scheme.lower() not in _PORTS or not parts.hostname:
            return None
        scheme = parts.scheme.lower()
        return scheme, parts.hostname, parts.port or _PORTS[scheme], unquote(parts.path).rstrip("/")
    except ValueError:
        return None
