"""Public keys of partners as JSON Web Keys (RFC 7517): which ones we take, and what of them we keep."""

import json
import re
from typing import Any, Final

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
"""How partners may sign what proves who they are; no shared secrets, no `none`."""
MOST_KEYS: Final = 10
MOST_BYTES: Final = 65_536
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]+")
_SECRET_MEMBERS: Final = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
_RSA_BITS: Final = range(2_048, 4_105)
_P256_LENGTH: Final = 43
_KINDS: Final = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}


class UnusableKeys(ValueError):
    """The text is not a set of public keys that we can use; the sentence says why."""


def read_key_set(text: str) -> list[Any]:
    """The keys of a JWK Set or of a list of keys; UnusableKeys for anything else, or for more than MOST_KEYS."""
    try:
        found = json.loads(text) if len(text) <= MOST_BYTES else None
    except (ValueError, RecursionError):
        found = None
    keys = found.get("keys") if isinstance(found, dict) else found
    if not isinstance(keys, list) or not keys:
        raise UnusableKeys('This is not a JWK Set such as {"keys": [{"kty": "EC", ...}]}.')
    if len(keys) > MOST_KEYS:
        raise UnusableKeys(f"A client may have {MOST_KEYS} keys at most.")
    return keys


def key_problem(key: Any) -> str:
    """Why this cannot be the public key that a partner signs with, as a sentence; empty when it can."""
    if not isinstance(key, dict):
        return "Each key must be an object (RFC 7517)."
    if any(member in key for member in _SECRET_MEMBERS):
        return "This key is private: replace it at once, and register the public half only."
    kind = key.get("kty")
    if not isinstance(kind, str) or kind not in _KINDS:
        return "The key must be RSA, EC (P-256) or OKP (Ed25519)."
    if key.get("use", "sig") != "sig":
        return "The key is not for signatures."
    if "alg" in key and key["alg"] not in ALGORITHMS:
        return f"Keys must sign with one of {', '.join(ALGORITHMS)}."
    if "kid" in key and not (isinstance(key["kid"], str) and 0 < len(key["kid"]) <= 200 and key["kid"].isprintable()):
        return "The id of a key (kid) must be a text of 1 to 200 characters."
    return "" if _numbers_fit(kind, key) else "The numbers of the key are missing, too small or not base64url."


def public_part(key: dict[str, Any]) -> dict[str, Any]:
    """The members that we keep of a key without problem."""
    return {name: key[name] for name in ("kty", "kid", "alg", *_KINDS[key["kty"]]) if name in key}


def matching(keys: list[dict[str, Any]], *, kid: Any, alg: Any) -> list[dict[str, Any]]:
    """The keys that may have made a signature with this header: by id where it is given, else by kind."""
    kind = {"R": "RSA", "P": "RSA", "ES": "EC"}.get(str(alg)[:1] if str(alg)[:1] in "RP" else str(alg)[:2], "OKP")
    fitting = [key for key in keys if key["kty"] == kind and key.get("alg", alg) == alg]
    return [key for key in fitting if kid is None or key.get("kid") == kid]


def _numbers_fit(kind: str, key: dict[str, Any]) -> bool:
    values = {name: key.get(name) for name in _KINDS[kind]}
    if not all(isinstance(value, str) and len(value) <= 2_000 for value in values.values()):
        return False
    texts = {name: str(value) for name, value in values.items()}
    if not all(_BASE64URL.fullmatch(text) for name, text in texts.items() if name != "crv"):
        return False
    if kind == "RSA":
        return len(texts["n"]) * 6 in _RSA_BITS and len(texts["e"]) <= 6
    curve = "P-256" if kind == "EC" else "Ed25519"
    return texts["crv"] == curve and all(len(texts[name]) == _P256_LENGTH for name in ("x", "y") if name in texts)
