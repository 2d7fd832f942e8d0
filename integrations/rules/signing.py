"""Signatures of webhooks by Standard Webhooks 1.0.0: `v1`, HMAC-SHA-256 over id, time and body."""

import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32


def new_signing_secret() -> str:
    """A fresh secret as receivers keep it: the prefix and 32 random bytes in base64."""
    return PREFIX + b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature(*, secret_texts: Sequence[str], message_id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`: one signature a secret, so that receivers can change theirs at leisure."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    keys = [b64decode(text.removeprefix(PREFIX)) for text in secret_texts]
    return " ".join(f"v1,{b64encode(hmac.digest(key, signed, sha256)).decode()}" for key in keys)
