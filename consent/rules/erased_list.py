"""The list of erasures that is kept outside of the database: JSON lines, and a last one that signs those before it.

It names people by public id and identifiers by keyed hash; nobody can be read from it without HUB_MASTER_KEY.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, TypeVar

Sign = Callable[[str], str]
FORMAT: Final = "erasures/3"
_READ: Final = ("erasures/1", "erasures/2", FORMAT)
"""The first knew no erasures limited to a purpose, the second none that spared a place."""

T = TypeVar("T")


def in_pieces(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """The rows, `size` at a time."""
    rest = iter(rows)
    while piece := list(islice(rest, size)):
        yield piece


class BadList(ValueError):
    """The file is not a whole, unaltered list of ours; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """One person who was erased, anonymised or pseudonymised: by which request, on whose approvals, under which law.

    `request` and `approved_by` are empty for somebody deleted by another door. With `purpose` only what was kept for it
    went, and the person stayed; `spared` are places that stayed as they were, since their erasure was refused.
    """

    customer: str
    verb: str
    at: str
    request: str = ""
    regime: str = ""
    place: str = ""
    approved_by: tuple[str, ...] = ()
    purpose: str = ""
    spared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One identifier that must not come back, as the keyed hash of the suppression list."""

    kind: str
    hash: str
    source: str
    at: str


Entry = Erased | Kept


def write_list(entries: Iterable[Mapping[str, Any]], sign: Sign, made_at: str) -> Iterator[str]:
    """The lines of the file, one entry each; the last counts and signs them."""
    total, number = hashlib.sha256(), 0
    for entry in entries:
        line = json.dumps(entry, sort_keys=True) + "\n"
        total.update(line.encode())
        number += 1
        yield line
    end = {"format": FORMAT, "entries": number, "made_at": made_at, "sha256": total.hexdigest()}
    yield json.dumps(end | {"signature": sign(_signed(end))}, sort_keys=True) + "\n"


def check_list(lines: Iterable[str], sign: Sign) -> int:
    """How many entries the list has; BadList unless it is whole, unaltered and signed by us."""
    total, number, last = hashlib.sha256(), 0, ""
    for line in lines:
        if last:
            total.update(last.encode())
            number += 1
        last = line
    end = _parsed(last)
    if end.get("format") not in _READ:
        raise BadList("The last line does not sign this list; part of the file is missing.")
    if (end.get("entries"), end.get("sha256")) != (number, total.hexdigest()):
        raise BadList("The list was altered after it was made.")
    if end.get("signature") != sign(_signed(end)):
        raise BadList("The list was signed under another HUB_MASTER_KEY; its hashes mean nothing here.")
    return number


def read_entries(lines: Iterable[str]) -> Iterator[Entry]:
    """The entries of a list that was checked."""
    for line in lines:
        row = _parsed(line)
        if "format" in row:
            return
        if "hash" in row:
            yield Kept(**row)
        else:
            yield Erased(**row | {name: tuple(row.get(name, ())) for name in ("approved_by", "spared")})


def _parsed(line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadList("This is no list of erasures.") from error
    if not isinstance(row, dict):
        raise BadList("This is no list of erasures.")
    return row


def _signed(end: Mapping[str, Any]) -> str:
    return f"{end.get('format')}:{end.get('entries')}:{end.get('made_at')}:{end.get('sha256')}"
