"""What an export of OneTrust's Consent & Preference Management says, and how one is written that it can import.

Who decided what about which purpose, and when.

Read are its report of data subjects and purposes as CSV, and JSON in the forms of its API: data subjects with
`Purposes`, and receipts with `purposes` (`identifier`, `interactionDate`, `TransactionType`). Names of members and
columns are compared without case, blanks and signs, since reports name them as people chose.
"""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from consent.rules.vocabulary import State

MOST_JSON: Final = 64 << 20
YES: Final = frozenset({"ACTIVE", "CONFIRMED", "EXTEND"})
NO: Final = frozenset({"WITHDRAWN", "OPT_OUT", "HARD_OPT_OUT", "NOTGIVEN", "NO_CONSENT"})
WITHOUT_MEANING: Final[Mapping[str, str]] = {
    "ALWAYS_ACTIVE": "nobody was asked",
    "PENDING": "the person has not confirmed",
    "EXPIRED": "the consent has run out",
    "NO_CHOICE": "the person made no choice",
    "NONE": "the person made no choice",
    "CANCEL": "the question was taken back",
    "CHANGE_PREFERENCES": "it says nothing about the purpose as a whole",
}
STATUS_OF: Final[Mapping[str, str]] = {
    State.GRANTED: "ACTIVE",
    State.IMPORTED: "ACTIVE",
    State.PENDING_DOI: "PENDING",
    State.EXPIRED: "EXPIRED",
    State.INVALIDATED: "EXPIRED",
    State.REFUSED: "NOTGIVEN",
    State.WITHDRAWN: "WITHDRAWN",
    State.UNSUBSCRIBED: "WITHDRAWN",
    State.OPTED_OUT: "OPT_OUT",
    State.OBJECTED: "OPT_OUT",
}
"""Their status by where a person stands here; the other states tell no decision of hers."""
COLUMNS: Final = (
    *("Identifier", "Identifier Type", "Purpose Name", "Purpose Status", "Interaction Date"),
    *("Collection Point ID", "Receipt ID"),
)
"""What is written; `read_export` reads it again."""
_NAMES: Final[Mapping[str, Sequence[str]]] = {
    "who": ("identifier", "datasubjectidentifier", "datasubject", "email", "emailaddress"),
    "kind": ("identifiertype", "datasubjectidentifiertype"),
    "purpose": ("purposename", "purpose", "purposelabel", "name", "purposeid", "id"),
    "status": ("purposestatus", "transactiontype", "status", "consentstatus", "transactionstatus"),
    "at": (
        "interactiondate",
        "lastinteractiondate",
        "transactiondate",
        "lasttransactiondate",
        "consentdate",
        "receiptdate",
        "lastupdateddate",
    ),
    "form": ("collectionpointid", "lasttransactioncollectionpointid", "collectionpointname", "collectionpoint"),
    "receipt": ("receiptid", "consentreceiptid", "receiptguid", "lastreceiptid"),
}
_FORMATS: Final = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y")


class BadExportError(ValueError):
    """The file is no export that can be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One row: what it says as it stands in the file, the instant in UTC; `number` counts from 1."""

    number: int
    who: str
    kind: str
    purpose: str
    status: str
    at: datetime | None
    form: str
    receipt: str

    @property
    def yes(self) -> bool | None:
        """Whether the person agreed; None for a status that tells no decision of hers."""
        return True if self.status in YES else False if self.status in NO else None


def read_export(file: TextIO, *, is_json: bool) -> Iterator[Statement]:
    """The statements of an export, one a person and purpose; BadExportError when it is none."""
    rows = _from_json(file) if is_json else _from_csv(file)
    for number, row in enumerate(rows, start=1):
        yield _statement(number, row)


def why_unusable(one: Statement) -> str:
    """Why the row cannot be imported, in a sentence; empty when it can."""
    if not one.who:
        return "It names nobody."
    if one.yes is None:
        why = WITHOUT_MEANING.get(one.status, "this status is not known")
        return f"The status '{one.status[:40]}' is no decision: {why}."
    return "" if one.at else "It does not say when the person decided; write an instant such as 2026-03-12T10:03:00Z."


def _from_csv(file: TextIO) -> Iterator[dict[str, Any]]:
    reader = csv.DictReader(file)
    columns = {_plain(name) for name in reader.fieldnames or ()}
    missing = [part for part in ("who", "purpose", "status") if columns.isdisjoint(_NAMES[part])]
    if missing:
        names = ", ".join(_NAMES[part][0] for part in missing)
        raise BadExportError(f"The first line names no column for: {names}.")
    yield from reader


def _from_json(file: TextIO) -> Iterator[dict[str, Any]]:
    text = file.read(MOST_JSON + 1)
    if len(text) > MOST_JSON:
        raise BadExportError("This JSON is too large; export pages of it, or CSV.")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadExportError("This is no JSON.") from error
    people = found.get("content", [found]) if isinstance(found, dict) else found
    if not isinstance(people, list) or not all(isinstance(person, dict) for person in people):
        raise BadExportError("Expected a list of data subjects or receipts, or one page of them in 'content'.")
    for person in people:
        purposes = _member(person, ("purposes",)) or [{}]
        own = {name: value for name, value in person.items() if _plain(name) not in ("purposes", "id", "name")}
        for purpose in purposes if isinstance(purposes, list) else [{}]:
            yield own | (purpose if isinstance(purpose, dict) else {})


def statement_of(number: int, said: Mapping[str, str]) -> Statement:
    """The statement of a row whose cells are known by part (`who`, `kind`, `purpose`, ...)."""
    cells = dict.fromkeys(_NAMES, "") | dict(said)
    status = _status(cells["status"])
    return Statement(
        number, cells["who"], cells["kind"], cells["purpose"], status, _instant(cells["at"]), cells["form"],
        cells["receipt"],
    )  # fmt: skip


def cells_of(one: Statement) -> tuple[str, ...]:
    """The statement under `COLUMNS`."""
    at = one.at.isoformat() if one.at else ""
    return (one.who, one.kind, one.purpose, one.status, at, one.form, one.receipt)


def _status(text: str) -> str:
    return text.upper().replace(" ", "_").replace("-", "_")


def _statement(number: int, row: Mapping[str, Any]) -> Statement:
    return statement_of(number, {part: str(_member(row, names) or "").strip() for part, names in _NAMES.items()})


def _member(row: Mapping[str, Any], names: Sequence[str]) -> Any:
    """The first of these members that is there and not empty."""
    plain = {_plain(str(name)): value for name, value in row.items() if name is not None}
    return next((plain[name] for name in names if plain.get(name) not in (None, "")), None)


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _instant(text: str) -> datetime | None:
    """The instant in UTC; one without an offset is UTC, as in OneTrust's exports; None when it cannot be read."""
    at = next((found for form in ("", *_FORMATS) if (found := _parsed(text, form))), None)
    if at is None or at.tzinfo is None:
        return at and at.replace(tzinfo=UTC)
    return at.astimezone(UTC)


def _parsed(text: str, form: str) -> datetime | None:
    """By this form, ISO 8601 where none is given."""
    try:
        return datetime.strptime(text, form).replace(tzinfo=UTC) if form else datetime.fromisoformat(text)
    except ValueError:
        return None
