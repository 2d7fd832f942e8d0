"""Public identifiers: a prefix that names the kind, then base62 that sorts by time."""

import re
import secrets
import time
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LENGTH: Final = 22
REQUEST_ID_KEY: Final = "hub.request_id"
_PAIRS: Final = [left + right for left in ALPHABET for right in ALPHABET]
_SHAPE: Final = re.compile(r"^[a-z]{2,4}_[0-9A-Za-z]{1,40}$")


def time_ordered_uuid() -> UUID:
    """A new UUID version 7 (RFC 9562 section 5.7): later calls sort later, to the millisecond."""
    milliseconds, chance = time.time_ns() // 1_000_000, secrets.randbits(74)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | chance >> 62 << 64 | 0b10 << 62 | chance & (1 << 62) - 1)


def base62(value: int, length: int = LENGTH) -> str:
    """`value` in base62, left-padded with zeros to `length` characters."""
    digits = []
    while value:
        value, remainder = divmod(value, 3_844)
        digits.append(_PAIRS[remainder])
    return "".join(reversed(digits)).lstrip("0").rjust(length, "0")


def new_id(prefix: str) -> str:
    """A fresh public id such as `cus_0k3...`: 22 base62 characters, sorted by creation time."""
    return f"{prefix}_{base62(time_ordered_uuid().int)}"


def is_public_id(text: str, prefix: str) -> bool:
    """Whether `text` has the shape of a public id of this kind; says nothing about existence."""
    return text.startswith(prefix + "_") and bool(_SHAPE.match(text))


def request_id_of(meta: Mapping[str, Any]) -> str:
    """The id that the middleware gave to the request with this META."""
    return str(meta[REQUEST_ID_KEY])
