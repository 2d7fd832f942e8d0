"""Keys of partners, and what they sign with them."""

import time
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

ISSUER = "http://localhost:8000/oauth"


@dataclass(frozen=True)
class Ahead:
    """An instant so many seconds from when it is signed."""

    seconds: float


class Signer:
    """A partner's key pair."""

    def __init__(self, alg: str = "ES256", kid: str = "one") -> None:
        self.alg, self.kid, self.key = alg, kid, _made(alg)

    @property
    def public(self) -> dict[str, Any]:
        """The public half as a JWK."""
        return {**self.key.as_dict(private=False), **({"kid": self.kid} if self.kid else {})}

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        """A JWT."""
        registry = _Roomy(algorithms=[self.alg], strict_check_header=False)
        names = {"alg": self.alg, "kid": self.kid, **header}
        sent = {name: value for name, value in names.items() if value not in (None, "")}
        return jwt.encode(sent, claims, self.key, registry=registry, algorithms=[self.alg])

    def assertion(self, client_id: str, header: dict[str, Any] | None = None, **changes: Any) -> str:
        """What proves that the client is itself; a claim of None is left out."""
        now = time.time()
        claims: dict[str, Any] = {
            "iss": client_id,
            "sub": client_id,
            "aud": ISSUER,
            "iat": now,
            "exp": now + 60,
            "jti": str(now),
        }
        for name, value in changes.items():
            claims[name] = now + value.seconds if isinstance(value, Ahead) else value
        return self.sign({k: v for k, v in claims.items() if v is not None}, **(header or {}))


def _made(alg: str) -> RSAKey | ECKey | OKPKey:
    if alg.startswith("Ed"):
        return OKPKey.generate_key("Ed25519")
    return ECKey.generate_key("P-256") if alg == "ES256" else RSAKey.generate_key(2048)


class _Roomy(JWSRegistry):
    max_header_length = 4_096
