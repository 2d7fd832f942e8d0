"""Reading consent tokens without the database: signature, issuer and time; whether one was revoked stands in its row.

A token is a JWT (RFC 7519) signed with HS256: only we verify it, and that costs a fifth of EdDSA
(`docs/decisions/consent-tokens.md`). It names a person by public id only.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from django.conf import settings
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from joserfc.util import to_bytes

from consent.models import ConsentToken
from core.crypto import derived_key
from core.errors import NotFound

ALGORITHM: Final = "HS256"
TYPE: Final = "consent+jwt"
MAX_LENGTH: Final = 2_000


class TokenProblem(StrEnum):
    """Why a token proves nothing; every one is answered as `consent_invalid`."""

    MALFORMED = "token_malformed"
    UNTRUSTED = "token_untrusted"
    EXPIRED = "token_expired"

    @property
    def sentence(self) -> str:
        """What to tell the sender."""
        return _SENTENCES[self]


_SENTENCES: Final = {
    TokenProblem.MALFORMED: "This is not a consent token.",
    TokenProblem.UNTRUSTED: "This consent token was not issued here, or was altered.",
    TokenProblem.EXPIRED: "This consent token has expired; ask for a new one.",
}


@dataclass(frozen=True, slots=True)
class Claims:
    """What a genuine token says. `subject` is the public id of the person, `purposes` are keys, times are epoch
    seconds, `seq` is the person's ledger entry at the time of issue (0 when there was none)."""

    jti: str
    subject: str
    purposes: tuple[str, ...]
    region: str
    issued_at: int
    expires_at: int
    seq: int


def verify_tokens(tokens: Iterable[str], now: datetime) -> dict[str, Claims | TokenProblem]:
    """For each distinct token its claims, or why it proves nothing at `now`. Asks no database.

    Signatures are checked once per token and process (about 30 microseconds) and remembered for the last 20,000
    tokens. The caller still has to join `consent_consenttoken` by `jti`: that row says whether the token was revoked,
    for whom it is and which bits it covers.
    """
    at = now.timestamp()
    return {token: _at(_opened(token), at) for token in set(tokens)}


def _at(found: Claims | TokenProblem, at: float) -> Claims | TokenProblem:
    if isinstance(found, Claims) and at >= found.expires_at:
        return TokenProblem.EXPIRED
    return found


def _opened(token: str) -> Claims | TokenProblem:
    return TokenProblem.MALFORMED if len(token) > MAX_LENGTH else _checked(token)


@lru_cache(maxsize=20_000)
def _checked(token: str) -> Claims | TokenProblem:
    try:
        opened = jwt.decode(token, _key_of, algorithms=[ALGORITHM])
    except (JoseError, ValueError, RecursionError):
        return TokenProblem.UNTRUSTED if token.count(".") == 2 else TokenProblem.MALFORMED
    if opened.header.get("typ") != TYPE or opened.claims.get("iss") != settings.PUBLIC_URL:
        return TokenProblem.UNTRUSTED
    return _claims(opened.claims)


def _claims(raw: dict[str, Any]) -> Claims:
    return Claims(
        jti=raw["jti"],
        subject=raw["sub"],
        purposes=tuple(raw["purposes"]),
        region=raw["region"],
        issued_at=raw["iat"],
        expires_at=raw["exp"],
        seq=raw["seq"],
    )


def signing_key(kid: str) -> OctKey:
    """The key named `kid`, derived from the master key; ValueError for a name this installation does not use."""
    if kid not in settings.CONSENT_TOKEN_KEY_IDS:
        raise ValueError("unknown key id")
    return _derived(kid)


@lru_cache(maxsize=8)
def _derived(kid: str) -> OctKey:
    return OctKey.import_key(to_bytes(derived_key(f"consent-token:{kid}")))


def _key_of(token: Any) -> OctKey:
    return signing_key(str(token.headers().get("kid", "")))


def find_token(jti: str) -> ConsentToken:
    """The row of an issued token with its customer; NotFound otherwise."""
    row = ConsentToken.objects.select_related("customer").filter(jti=jti).first()
    if row is None:
        raise NotFound("There is no consent token with this id.")
    return row
