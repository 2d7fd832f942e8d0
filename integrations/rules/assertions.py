"""What a client says about itself in a signed assertion instead of a secret (RFC 7521, RFC 7523, rfc7523bis)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import Any, Final

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TYPES: Final = frozenset({"", "jwt", "client-authentication+jwt"})
LONGEST_S: Final = 3_600
SKEW_S: Final = 30
MOST_LENGTH: Final = 8_000


@dataclass(frozen=True, slots=True)
class Proof:
    """How a client proves itself: a secret, a key of its own that stands here or at an address of its own, or a
    certificate with this name.

    `binding` says whether its tokens must be bound: `none`, `dpop` or `certificate`.
    """

    method: str = "client_secret"
    keys: str = ""
    keys_url: str = ""
    certificate_name: str = ""
    binding: str = "none"


BY_SECRET: Final = Proof()


def subject_of(claims: Any) -> str:
    """The client id that issuer and subject agree on; empty when they do not."""
    if not isinstance(claims, dict):
        return ""
    subject = claims.get("sub")
    return subject if isinstance(subject, str) and subject == claims.get("iss") else ""


def assertion_problem(
    *, header: dict[str, Any], claims: dict[str, Any], audiences: Collection[str], now: datetime
) -> str:
    """Why the assertion does not hold at `now`, as a sentence; empty when it does.

    `aud` must be one of `audiences` and nothing else, `exp` at most an hour away, `jti` present (RFC 7523
    section 3, rfc7523bis section 4). Clocks may differ by half a minute.
    """
    moment = now.timestamp()
    if str(header.get("typ", "")).lower().removeprefix("application/") not in TYPES:
        return "The assertion has the type of another kind of token."
    audience = claims.get("aud")
    if (audience[0] if isinstance(audience, list) and len(audience) == 1 else audience) not in [*audiences]:
        return f"aud must be {min(audiences, key=len)} and nothing else."
    identifier = claims.get("jti")
    if not isinstance(identifier, str) or not 1 <= len(identifier) <= 255:
        return "jti must be a text of 1 to 255 characters."
    if not all(_is_time(claims[name]) for name in ("exp", "iat", "nbf") if name in claims) or "exp" not in claims:
        return "exp must be there, and exp, iat and nbf must be numbers of seconds."
    if claims["exp"] + SKEW_S <= moment:
        return "The assertion has expired."
    if claims["exp"] - moment > LONGEST_S + SKEW_S:
        return f"exp must lie at most {LONGEST_S} seconds ahead."
    early = max(claims.get("nbf", 0), claims.get("iat", 0))
    return "The assertion is not valid yet." if early > moment + SKEW_S else ""


def _is_time(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and isfinite(value) and 0 <= value < 1e11
