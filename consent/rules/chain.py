"""The hash chain of the ledger: each entry covers its own content and the entry before it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

GENESIS: Final = "0" * 64
"""What stands before the first entry of a person."""

FORM: Final = 1
"""Version of the canonical form below; it is hashed too, so a later form cannot pass for this one."""


@dataclass(frozen=True, slots=True)
class Link:
    """One stored entry as the chain sees it: its number, its content, the two hashes beside it."""

    seq: int
    content: Mapping[str, Any]
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Break:
    """The first entry of a person that does not fit, and what is wrong with it."""

    seq: int
    what: str


def canonical(content: Mapping[str, Any]) -> bytes:
    """`content` as UTF-8 JSON with sorted names and no spaces; instants in UTC to the microsecond.

    The values are texts, whole numbers, truth values, None, instants, and mappings of those, so the form is the one
    of RFC 8785 and can be rebuilt from the row years later in any language.
    """
    return json.dumps(
        {"form": FORM, **content}, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_instant
    ).encode()


def _instant(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    raise TypeError(f"A ledger entry cannot hold a {type(value).__name__}.")


def entry_hash(content: Mapping[str, Any], previous_hash: str) -> str:
    """Hex SHA-256 over the hash of the entry before and the canonical form of this one."""
    return hashlib.sha256(previous_hash.encode() + b"\n" + canonical(content)).hexdigest()


def first_break(links: Iterable[Link], *, seq: int = 0, head: str = GENESIS) -> Break | None:
    """The first entry that was changed, removed or slipped in; None when the chain holds.

    `links` are consecutive entries of one person in order, behind the entry `seq` whose hash is `head`.
    """
    for link in links:
        if link.seq != seq + 1:
            return Break(seq + 1, f"entry {seq + 1} is missing: the next one on record is {link.seq}")
        if link.previous_hash != head:
            return Break(link.seq, "it does not continue the entry before it")
        if entry_hash(link.content, link.previous_hash) != link.hash:
            return Break(link.seq, "its content does not match its hash")
        seq, head = link.seq, link.hash
    return None
