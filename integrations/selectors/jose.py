"""Reading what partners have signed: a JWT in compact form, under one of their public keys."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from integrations.rules.keys import ALGORITHMS

PublicKey = RSAKey | ECKey | OKPKey
_KINDS: Final[dict[str, type[PublicKey]]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}


class _Roomy(jws.JWSRegistry):
    """A header may hold an RSA key (RFC 9449 section 4.2); members that we do not know are passed over."""

    max_header_length = 4_096

    def get_alg(self, name: str) -> Any:
        """The algorithm; EdDSA is the name that Ed25519 had before RFC 9864."""
        return super().get_alg("Ed25519" if name == "EdDSA" else name)


_REGISTRY: Final = _Roomy(algorithms=ALGORITHMS, strict_check_header=False)


@dataclass(frozen=True, slots=True)
class Claimed:
    """Header and claims of a token as they stand there; nobody has looked at the signature yet."""

    header: dict[str, Any]
    claims: dict[str, Any]


def read(token: str, *, longest: int) -> Claimed | None:
    """What the token says; None when the text is no JWT of at most `longest` characters, or asks for an extension."""
    if len(token) > longest or token.count(".") != 2 or not token.isascii():
        return None
    try:
        found = jws.extract_compact(token.encode(), registry=_REGISTRY)
        claims = json.loads(found.payload)
    except (JoseError, ValueError, TypeError, RecursionError):
        return None
    header = found.headers()
    if not isinstance(header, dict) or not isinstance(claims, dict) or {"crit", "b64"} & header.keys():
        return None
    return Claimed(header, claims) if header.get("alg") in [*ALGORITHMS] else None


def import_key(key: dict[str, Any]) -> PublicKey | None:
    """The key, or None when its numbers are no key after all; `key` has passed `key_problem`."""
    numbers = {name: value for name, value in key.items() if name not in ("alg", "use", "kid", "key_ops")}
    try:
        made: PublicKey = _KINDS[key["kty"]].import_key(numbers)
        return made if made.public_key else None
    except (JoseError, ValueError):
        return None


def name_of(key: dict[str, Any]) -> str:
    """What people call a key: its id, or the thumbprint of RFC 7638 where it has none."""
    made = import_key(key)
    return str(key.get("kid") or (made.thumbprint() if made else ""))


def opens(token: str, keys: Sequence[dict[str, Any]]) -> bool:
    """Whether one of the keys made the signature."""
    return any(made is not None and _made_by(token, made) for made in map(import_key, keys))


def _made_by(token: str, key: PublicKey) -> bool:
    try:
        jws.deserialize_compact(token, key, registry=_REGISTRY, algorithms=ALGORITHMS)
    except (JoseError, ValueError):
        return False
    return True
