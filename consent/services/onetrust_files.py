"""Files of OneTrust that staff bring: staged as every import is, whatever form they have, and read row by row."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from consent.rules.onetrust import COLUMNS, MOST_JSON, BadExportError, cells_of, read_export, statement_of
from consent.services.onetrust import record_decisions
from core.actors import Actor, ActorKind
from core.errors import InvalidInput, TooLarge
from customers.models import ImportFile, ImportTarget
from customers.rules.drafts import DecisionDraft
from customers.selectors.imports import values_in
from customers.services.guards import Fate, Refused
from customers.services.imports import discard_import, stage_import

_NEEDED = {"who": "identifier", "purpose": "purpose name", "status": "purpose status", "at": "interaction date"}


def stage_onetrust(*, chunks: Iterable[bytes], file_name: str, by: Actor, now: datetime) -> ImportFile:
    """The report of data subjects and purposes (CSV), or pages of data subjects or receipts (JSON), is kept as a file
    whose rows are decisions; nothing is recorded yet.

    Refuses what is neither, a CSV whose header names no column for person, purpose, status or instant, and a file
    without any purpose.
    """
    is_json = file_name.lower().endswith(".json")
    rows = _as_csv(chunks) if is_json else chunks
    file = stage_import(chunks=rows, file_name=file_name, target=ImportTarget.CONSENTS, by=by, now=now)
    if refusal := _why_unusable(file):
        discard_import(file=file, by=by, now=now)
        raise refusal
    return file


def _why_unusable(file: ImportFile) -> InvalidInput | None:
    found = set(file.mapping["columns"].values())
    if missing := [words for name, words in _NEEDED.items() if name not in found]:
        says = f"The first line names no column for: {', '.join(missing)}."
        return InvalidInput(says, code="bad_header", param="file")
    if not values_in(file=file, field="purpose", most=1):
        return InvalidInput("No row of this file names a purpose.", code="empty_file", param="file")
    return None


def record_rows(*, rows: Sequence[DecisionDraft], basis: Mapping[str, Any], now: datetime) -> list[Fate | Refused]:
    """What these rows of a staged file say is in the ledger; for each what came of it, or why it is refused."""
    kind, _, name = str(basis["actor"]).partition(":")
    statements = [statement_of(row.number, row.cells) for row in rows]
    by = Actor(kind=ActorKind(kind), id=name)
    fates = record_decisions(statements=statements, basis=basis, by=by, now=now)
    return [Fate(one.outcome) if not one.reason else Refused(one.code, one.reason) for one in fates]


def _as_csv(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The statements of a JSON file as lines of CSV, each read before the first is written."""
    content = bytearray()
    for chunk in chunks:
        content += chunk
        if len(content) > MOST_JSON:
            raise TooLarge(f"A file of JSON may have at most {MOST_JSON:,} bytes; export pages of it.", param="file")
    try:
        text = content.decode("utf-8-sig")
        statements = list(read_export(io.StringIO(text), is_json=True))
    except UnicodeDecodeError as trouble:
        raise InvalidInput("This is no text in UTF-8.", code="not_text", param="file") from trouble
    except BadExportError as trouble:
        raise InvalidInput(str(trouble), code="malformed_json", param="file") from trouble
    return (_line(cells) for cells in (COLUMNS, *map(cells_of, statements)))


def _line(cells: Sequence[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue().encode()
