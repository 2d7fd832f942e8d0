"""What may stand beside a ledger entry as its proof: a closed list, so that no personal data can slip in."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from consent.rules.bits import GppError
from consent.rules.gpp import decode_gpp
from consent.rules.tcf import decode_tc

IDENTIFIERS: Final = (
    "form_id",
    "page",
    "screenshot_id",
    "call_id",
    "reference",
    "import_id",
    "merged_from",
    "corrects",
)
"""Names of things kept elsewhere; no spaces and no @, so neither sentences nor addresses fit."""

HASHES: Final = ("wording_sha256", "ip_hash", "user_agent_hash")
STRINGS: Final = ("gpp", "tc_string")
"""A string of the Global Privacy Platform, or a TC string alone, kept as it came: it says what was chosen, and names
nobody."""

NUMBERS: Final = ("merged_seq", "restores_seq")
INSTANTS: Final = ("collected_at", "implied_since")
FLAGS: Final = (
    "doi_done",
    "two_step",
    "conflict_prompt",
    "parent_consent",
    "soft_sale",
    "soft_similar",
    "opt_out_offered",
    "charity",
    "implied_by_inquiry",
    "informed",
    "objection_offered",
    "own_use_only",
    "gpc",
)

_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9._:/#+-]{1,120}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class EvidenceError(ValueError):
    """This cannot be kept as evidence; `name` is the culprit, the text is for people."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


def clean_evidence(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The evidence as it is stored: known names only, plain JSON values; EvidenceError otherwise.

    Absent and None are the same. Instants are aware `datetime` values or ISO 8601 texts with an offset, and come out
    as texts.
    """
    return {name: _reader(name)(name, value) for name, value in sorted(raw.items()) if value is not None}


def _reader(name: str) -> Callable[[str, Any], Any]:
    for names, reader in _READERS:
        if name in names:
            return reader
    raise EvidenceError(name, f"'{name}' is not a kind of evidence.")


def _identifier(name: str, value: Any) -> str:
    if not isinstance(value, str) or not _IDENTIFIER.fullmatch(value):
        raise EvidenceError(name, f"'{name}' must be an identifier of letters, digits and ._:/#+- (no personal data).")
    return value


def _hash(name: str, value: Any) -> str:
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise EvidenceError(name, f"'{name}' must be 64 lower-case hexadecimal digits.")
    return value


def _choices(name: str, value: Any) -> str:
    decode, words = (decode_gpp, "GPP string") if name == "gpp" else (decode_tc, "TC string of version 2")
    try:
        decode(value if isinstance(value, str) else "")
    except GppError as error:
        raise EvidenceError(name, f"'{name}' is no {words}: {error}") from error
    return str(value)


def _number(name: str, value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**53:
        raise EvidenceError(name, f"'{name}' must be a whole number.")
    return value


def _flag(name: str, value: Any) -> bool:
    if type(value) is not bool:
        raise EvidenceError(name, f"'{name}' must be true or false.")
    return value


def _moment(name: str, value: Any) -> str:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        moment = None
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise EvidenceError(name, f"'{name}' must be an instant with an offset, such as 2026-03-12T10:03:00Z.")
    return moment.isoformat()


_READERS: Final[tuple[tuple[tuple[str, ...], Callable[[str, Any], Any]], ...]] = (
    (IDENTIFIERS, _identifier),
    (HASHES, _hash),
    (STRINGS, _choices),
    (NUMBERS, _number),
    (FLAGS, _flag),
    (INSTANTS, _moment),
)
