"""Secrets of ours that somebody found in public, as scanning partners report them.

The format is that of GitHub's secret scanning partner program: a JSON array of matches, signed over the raw body with
ECDSA on P-256 and SHA-256 (signature in DER, base64), by a key of a list that the partner publishes.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

MOST_REPORTS: Final = 10_000
KINDS: Final[Mapping[str, str]] = {
    "mhs": "client secret",
    "mk": "API key",
    "mha": "access token",
    "mhr": "refresh token",
}
"""What is a secret, by the first part of its text. Keys for web pages (pk_) are public by design and never a leak."""
PATTERN: Final = r"\b(?:mhs|mk|mha|mhr)_live_[A-Za-z0-9_-]{43}"
"""What scanning partners look for: 43 characters are 32 random bytes in base64url."""
_LONE: Final = frozenset(map(chr, range(0xD800, 0xE000)))
"""Halves of surrogate pairs, which JSON can write and no text can hold."""
_SECRET: Final = re.compile(PATTERN)


@dataclass(frozen=True, slots=True)
class Report:
    """A match: the text that was found, what the partner calls its kind, and the public address where it stood."""

    token: str
    type: str
    url: str


def kind_of(token: str) -> str:
    """What the text would be if it were ours (a key of KINDS); empty when it cannot be."""
    return token.partition("_")[0] if _SECRET.fullmatch(token) else ""


def hint_of(token: str) -> str:
    """Enough of a secret to know it by, and not more: `mk_live_ab...cd12`."""
    head = token.rpartition("_live_")
    return f"{head[0]}_live_…{token[-4:]}"


def read_reports(body: bytes) -> list[Report] | None:
    """The matches in the body; None when it is no array of at most MOST_REPORTS objects with texts."""
    try:
        rows = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_REPORTS:
        return None
    found = [_report(row) for row in rows]
    return None if None in found else [row for row in found if row]


def _report(row: Any) -> Report | None:
    if not isinstance(row, dict):
        return None
    texts = [row.get("token"), row.get("type", ""), row.get("url") or ""]
    return Report(*texts) if all(isinstance(text, str) and _LONE.isdisjoint(text) for text in texts) else None


def find_key(document: bytes, key_id: str) -> str:
    """The PEM text of the key with this identifier in a partner's list; empty when it is not there."""
    try:
        keys = json.loads(document)["public_keys"]
        return next((str(key["key"]) for key in keys if key["key_identifier"] == key_id), "")
    except (ValueError, RecursionError, LookupError, TypeError):
        return ""


def is_signed(*, body: bytes, signature: str, key: str) -> bool:
    """Whether the key (PEM, on P-256) made the signature over exactly these bytes."""
    try:
        public, raw = load_pem_public_key(key.encode()), base64.b64decode(signature, validate=True)
        if not isinstance(public, EllipticCurvePublicKey) or not isinstance(public.curve, SECP256R1):
            return False
        public.verify(raw, body, ECDSA(SHA256()))
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, binascii.Error):
        return False
    return True
