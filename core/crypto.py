"""Keyed hashes, derived keys and constant-time comparison; keys come from settings only."""

import base64
import hashlib
import hmac
import secrets
from functools import lru_cache

from django.conf import settings


@lru_cache(maxsize=32)
def derived_key(purpose: str) -> bytes:
    """A 32-byte key for one purpose from HUB_MASTER_KEY (HKDF expand step, RFC 5869 section 2.3)."""
    return hmac.new(settings.HUB_MASTER_KEY.encode(), purpose.encode() + b"\x01", hashlib.sha256).digest()


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
