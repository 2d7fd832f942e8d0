"""Event ids: any text a sender likes becomes 128 bits, and our own look like `evt_...`."""

import re
import secrets
import time
from hashlib import sha256
from typing import Final
from uuid import UUID

from core.ids import ALPHABET, base62

PREFIX: Final = "evt_"
_OURS: Final = re.compile(r"evt_[0-9A-Za-z]{22}")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_VALUES: Final = {letter: value for value, letter in enumerate(ALPHABET)}
_VERSION: Final = 8


def new_key() -> UUID:
    """A time-ordered id for an event that came without one: UUID version 8 (RFC 9562 section 5.8)."""
    milliseconds = time.time_ns() // 1_000_000
    return UUID(
        int=milliseconds << 80 | _VERSION << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    )


def key_of(event_id: str) -> tuple[str, bool]:
    """The key under which this id is remembered, as UUID text, and whether `shown` gives the id back from it.

    A UUID stays itself, so ids that sort by time keep doing so; one of ours is read back; anything else becomes the
    first 128 bits of its SHA-256.
    """
    if _UUID.fullmatch(event_id):
        key = event_id.lower()
        return key, key == event_id and key[14] != "8"
    if _OURS.fullmatch(event_id):
        number = _number(event_id[len(PREFIX) :])
        if number < 1 << 128:
            key = str(UUID(int=number))
            return key, key[14] == "8"
    return str(UUID(bytes=sha256(event_id.encode()).digest()[:16])), False


def shown(key: UUID) -> str:
    """The id of a stored event that kept no text of its own: `evt_...` when we made it, else the sender's UUID."""
    return public_id(key) if str(key)[14] == "8" else str(key)


def public_id(key: UUID) -> str:
    """`evt_...` for any event."""
    return PREFIX + base62(key.int)


def is_public(text: str) -> bool:
    """Whether it has the form of an id that `public_id` gives."""
    return _OURS.fullmatch(text) is not None and _number(text[len(PREFIX) :]) < 1 << 128


def _number(text: str) -> int:
    value = 0
    for letter in text:
        value = value * 62 + _VALUES[letter]
    return value
