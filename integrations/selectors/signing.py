"""Access tokens in JWT form (RFC 9068): the keys that are published, and what a genuine token says."""

from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from django.conf import settings
from django.db.models import Q, QuerySet
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from integrations.models import SigningKey

ALGORITHM: Final = "RS256"
TYPE: Final = "at+jwt"
MAX_LENGTH: Final = 8_000
_REQUIRED: Final = ("iss", "exp", "aud", "sub", "client_id", "iat", "jti")


def issuer() -> str:
    """Who issues tokens here (RFC 8414)."""
    return f"{settings.PUBLIC_URL}/oauth"


def api_audience() -> str:
    """The resource that tokens without a resource indicator are for (RFC 8707, RFC 9068 section 3)."""
    return f"{settings.PUBLIC_URL}/api/v1"


def list_published(*, now: datetime) -> QuerySet[SigningKey]:
    """The keys whose signatures may still be met, newest first; at most a handful."""
    alive = Q(published_until__isnull=True) | Q(published_until__gt=now)
    return SigningKey.objects.filter(alive).order_by("-signs_from", "-id")


def find_signer(*, now: datetime) -> SigningKey | None:
    """The key that signs at `now`."""
    return list_published(now=now).filter(signs_from__lte=now).first()


def looks_like_jwt(token: str) -> bool:
    """Whether the text has the form of a signed JWT (RFC 7519 section 3); opaque tokens have no dots."""
    return token.count(".") == 2


def verified_claims(*, token: str, now: datetime) -> dict[str, Any] | None:
    """The claims of a token that we signed and that holds at `now`; None otherwise.

    Checked as RFC 9068 section 4 asks: type, signature by a published key, issuer, audience, expiry. Whether it was
    revoked stands in its row, which the caller looks up.
    """
    if len(token) > MAX_LENGTH:
        return None
    keys = {key.kid: key.public for key in list_published(now=now)}

    def key_of(entry: Any) -> RSAKey:
        found = keys.get(str(entry.headers().get("kid", "")))
        if found is None:
            raise ValueError("unknown key id")
        return _imported(found["n"], found["e"])

    try:
        opened = jwt.decode(token, key_of, algorithms=[ALGORITHM])
    except (JoseError, ValueError, RecursionError):
        return None
    claims = opened.claims
    genuine = str(opened.header.get("typ", "")).lower().removeprefix("application/") == TYPE
    return claims if genuine and _hold(claims, now) else None


def _hold(claims: dict[str, Any], now: datetime) -> bool:
    """Whether nothing is missing, and issuer, audience and time are right."""
    if any(name not in claims for name in _REQUIRED) or claims["iss"] != issuer():
        return False
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    for_us = any(isinstance(one, str) and f"{api_audience()}/".startswith(f"{one.rstrip('/')}/") for one in audience)
    times = isinstance(claims["exp"], int) and isinstance(claims["iat"], int)
    return for_us and times and now.timestamp() < claims["exp"]


@lru_cache(maxsize=16)
def _imported(n: str, e: str) -> RSAKey:
    return RSAKey.import_key({"kty": "RSA", "n": n, "e": e})
