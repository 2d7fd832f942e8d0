"""Keyed hashes, derived keys, sealed fields and constant-time comparison; keys come from settings only."""

import base64
import hashlib
import hmac
import secrets
from functools import lru_cache

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings


@lru_cache(maxsize=32)
def derived_key(purpose: str) -> bytes:
    """A 32-byte key for one purpose from HUB_MASTER_KEY (HKDF expand step, RFC 5869 section 2.3)."""
    return hmac.new(settings.HUB_MASTER_KEY.encode(), purpose.encode() + b"\x01", hashlib.sha256).digest()


def seal(text: str, context: str) -> str:
    """`text` under the first of settings.FIELD_KEYS (AES-256-GCM): `key id:box`, which opens in `context` only."""
    key_id, nonce = next(iter(settings.FIELD_KEYS)), secrets.token_bytes(12)
    box = AESGCM(_field_key(key_id)).encrypt(nonce, text.encode(), f"{key_id}:{context}".encode())
    return f"{key_id}:{base64.urlsafe_b64encode(nonce + box).decode()}"


def unseal(sealed: str, context: str) -> str:
    """The text of `seal`; KeyError without its key, InvalidTag when it was altered or moved to another context."""
    key_id, _, box = sealed.partition(":")
    raw = base64.urlsafe_b64decode(box)
    return AESGCM(_field_key(key_id)).decrypt(raw[:12], raw[12:], f"{key_id}:{context}".encode()).decode()


def _field_key(key_id: str) -> bytes:
    return hmac.new(settings.FIELD_KEYS[key_id].encode(), b"sealed field\x01", hashlib.sha256).digest()


def keyed_hash(purpose: str, value: str) -> str:
    """Hex HMAC-SHA-256 of `value` under the key of `purpose`: equal values match, nothing can be read back."""
    return hmac.new(derived_key(purpose), value.encode(), hashlib.sha256).hexdigest()


def digest(value: str) -> str:
    """Hex SHA-256 for secrets with full entropy (tokens, API keys), where a slow hash adds nothing."""
    return hashlib.sha256(value.encode()).hexdigest()


def same(left: str, right: str) -> bool:
    """Whether two strings are equal, in time that does not depend on where they differ."""
    return hmac.compare_digest(left.encode(), right.encode())


def new_secret(prefix: str = "", entropy_bytes: int = 32) -> str:
    """A URL-safe random secret with `entropy_bytes` bytes of entropy behind `prefix`."""
    return prefix + secrets.token_urlsafe(entropy_bytes)


def sign_text(purpose: str, text: str) -> str:
    """`text` and a 128-bit tag in one URL-safe string; `open_text` reads it back."""
    tag = hmac.new(derived_key(purpose), text.encode(), hashlib.sha256).digest()[:16]
    return base64.urlsafe_b64encode(tag + text.encode()).decode().rstrip("=")


def open_text(purpose: str, signed: str) -> str | None:
    """The text inside a string of `sign_text`, or None when it is not ours or was altered."""
    try:
        raw = base64.urlsafe_b64decode(signed + "=" * (-len(signed) % 4))
        text = raw[16:].decode()
    except ValueError:
        return None
    tag = hmac.new(derived_key(purpose), text.encode(), hashlib.sha256).digest()[:16]
    return text if hmac.compare_digest(tag, raw[:16]) else None
