"""Verbs for access tokens in JWT form: sign one, make and rotate the keys."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction
from joserfc import jwt
from joserfc.jwk import RSAKey

from core import audit
from core.actors import SYSTEM, Actor
from core.crypto import seal, unseal
from core.ids import new_id
from integrations.models import ApiClient, SigningKey
from integrations.selectors.signing import ALGORITHM, TYPE, api_audience, find_signer, issuer

KEY_BITS: Final = 2048
KNOWN_BEFORE_USE: Final = timedelta(minutes=10)
"""How long a new key is published before it signs: twice what readers may keep the key document."""
_LOCK: Final = 0x5167_4B65


def sign_access_token(
    *,
    client: ApiClient,
    subject: str,
    scope: str,
    resources: Sequence[str],
    expires_in: int,
    now: datetime,
    binding: Mapping[str, Any] | None = None,
) -> str:
    """A token as RFC 9068 section 2 describes it, good for `expires_in` seconds; it names nobody but by public id.

    `binding` is the member `cnf` of a bound token.
    `resources` are the resource indicators that were asked for (RFC 8707); without one it is for the whole API.
    """
    key = current_key(now=now)
    issued = int(now.timestamp())
    claims: dict[str, Any] = {
        "iss": issuer(),
        "aud": list(resources) or api_audience(),
        "sub": subject,
        "client_id": client.client_id,
        "iat": issued,
        "exp": issued + expires_in,
        "jti": new_id("at"),
        "scope": scope,
        **(binding or {}),
    }
    return jwt.encode(
        {"alg": ALGORITHM, "kid": key.kid, "typ": TYPE}, claims, private_key(kid=key.kid, sealed=key.private)
    )


def current_key(*, now: datetime) -> SigningKey:
    """The key that signs at `now`; that of a new installation is made first."""
    return find_signer(now=now) or _first_key(now)


@transaction.atomic
def rotate_signing_key(*, by: Actor, now: datetime) -> SigningKey:
    """A new key is published at once and signs ten minutes later; the others stay published while a token may live.

    The very first key signs at once.
    """
    _lock()
    first = find_signer(now=now) is None
    signs_from = now if first else now + KNOWN_BEFORE_USE
    last_token_ends = signs_from + timedelta(seconds=settings.OAUTH2_PROVIDER["ACCESS_TOKEN_EXPIRE_SECONDS"] + 60)
    SigningKey.objects.filter(published_until__isnull=True).update(published_until=last_token_ends)
    SigningKey.objects.filter(published_until__lte=now).delete()
    made = RSAKey.generate_key(KEY_BITS)
    public, kid = made.as_dict(private=False), made.thumbprint()
    key = SigningKey.objects.create(
        kid=kid,
        private=seal(made.as_pem(private=True).decode(), f"signing-key:{kid}"),
        public={"kty": "RSA", "use": "sig", "alg": ALGORITHM, "kid": kid, "n": public["n"], "e": public["e"]},
        created_at=now,
        signs_from=signs_from,
    )
    audit.record(by=by, action="signing_key.rotated", target=key.kid)
    return key


@transaction.atomic
def reseal_signing_keys() -> int:
    """Every private key lies under the first key of FIELD_KEYS; how many were moved."""
    moved = 0
    for key in SigningKey.objects.select_for_update():
        context = f"signing-key:{key.kid}"
        if not key.private.startswith(f"{next(iter(settings.FIELD_KEYS))}:"):
            SigningKey.objects.filter(pk=key.pk).update(private=seal(unseal(key.private, context), context))
            moved += 1
    return moved


@transaction.atomic
def _first_key(now: datetime) -> SigningKey:
    """The key of a new installation; two processes that need it at once make one."""
    _lock()
    return find_signer(now=now) or rotate_signing_key(by=SYSTEM, now=now)


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


@lru_cache(maxsize=8)
def private_key(*, kid: str, sealed: str) -> RSAKey:
    """The key of these columns; kept in memory."""
    return RSAKey.import_key(unseal(sealed, f"signing-key:{kid}"))
