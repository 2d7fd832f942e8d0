"""Which calls of a client are answered by the next version of the API while it is tried with a part of them."""

import hashlib
from typing import Final

CURRENT: Final = "/api/v1/"
NEXT: Final = "/api/v2/"
KEY_HEADER: Final = "X-Canary-Key"
MOST_KEY: Final = 128
_PLACES: Final = 10_000


def is_taken(*, client_id: str, key: str, share: int) -> bool:
    """Whether the call with this key is among the `share` (0 to 100, in per cent) that the next version answers.

    The same client and key give the same answer in every process and at any time, and whoever is among 5 % is among
    20 % too: the key has a fixed place from 0 to 9,999 by SHA-256, and the share is what lies below it.
    """
    place = int.from_bytes(hashlib.sha256(f"canary {client_id} {key[:MOST_KEY]}".encode()).digest()[:8]) % _PLACES
    return place < share * _PLACES // 100


def next_address(path: str) -> str:
    """The same address in the next version; empty for an address that is not of the current one."""
    return NEXT + path.removeprefix(CURRENT) if path.startswith(CURRENT) else ""
