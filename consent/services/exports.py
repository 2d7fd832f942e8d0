"""The package of an access request: one ZIP with JSON, CSV and a report to read, written row by row.

Memory does not grow with the data: each place is read once, its CSV and its part of the report wait in temporary
files. Addresses and numbers of other people inside values are taken out, as staff have decided (GDPR Art. 15(4));
parts that were refused are left out.
"""

import csv
import hashlib
import io
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from html import escape
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from consent.models import DataRequest, RequestPackage
from consent.rules.letters import what
from consent.selectors.redactions import redactor_for
from consent.services.disclosures import record_disclosure
from core import audit, privacy
from core.actors import Actor, ActorKind
from core.errors import Gone
from customers.services.telling import Telling

_REPORT_ROWS: Final = 1_000
MOST_DOWNLOADS: Final = 5
_COPY: Final = 1 << 16
_STYLE: Final = (
    "body{font:15px/1.5 sans-serif;margin:2em auto;max-width:70em;padding:0 1em}table{border-collapse:collapse}"
    "td,th{border:1px solid #bbb;padding:2px 8px;text-align:left;vertical-align:top;overflow-wrap:anywhere}"
)


def package_path(package: RequestPackage, /) -> Path:
    """Where the file of a package lies on this machine."""
    return Path(settings.PACKAGE_DIR) / package.file_name


def build_package(*, request: DataRequest, ids: Sequence[int], now: datetime) -> RequestPackage:
    """The archive is a file that only its owner reads, and its row names size, digest and what is in it.

    Built again after an interruption it replaces what was left of the first attempt.
    """
    began = time.monotonic()
    row = RequestPackage(public_id=RequestPackage.new_public_id(), request=request, built_at=now)
    row.file_name = f"{request.public_id}.zip"
    folder = Path(settings.PACKAGE_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = folder / f"{row.file_name}.part"
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    with ZipFile(draft, "w", ZIP_DEFLATED, compresslevel=6) as archive:
        row.manifest = _Writer(archive, request, ids, now).write()
    row.size, row.sha256 = draft.stat().st_size, _digest(draft)
    draft.replace(folder / row.file_name)
    row.seconds = round(time.monotonic() - began, 2)
    row.expires_at = now + timedelta(days=settings.PACKAGE_DAYS)
    RequestPackage.objects.filter(request=request, removed_at__isnull=True).update(removed_at=now)
    row.save()
    return row


def remove_package(*, package: RequestPackage, now: datetime) -> None:
    """The file is gone; what it held stays on record by its digest."""
    package_path(package).unlink(missing_ok=True)
    package.removed_at = now
    package.save(update_fields=["removed_at"])


def note_download(*, package: RequestPackage, by: Actor, now: datetime) -> Path:
    """The path of the file, with one more download counted and in the audit trail.

    Gone when the package was removed, its link has ended, or it was fetched as often as the link allows.
    """
    with transaction.atomic():
        row = RequestPackage.objects.select_for_update().get(pk=package.pk)
        path = package_path(row)
        spent = by.kind == ActorKind.PERSON and row.downloads >= MOST_DOWNLOADS
        if row.removed_at or spent or (row.expires_at and row.expires_at <= now) or not path.exists():
            raise Gone("This package is no longer kept; ask for a new one.", code="package_gone")
        row.downloads += 1
        row.save(update_fields=["downloads"])
        changes = {"downloads": [row.downloads - 1, row.downloads]}
        audit.record(by=by, action="request.package_downloaded", target=row.request.public_id, changes=changes)
        told = [row.request.customer_id] if row.request.customer_id else []
        telling = Telling(str(by), "package", ("everything",))
        record_disclosure(telling=telling, customer_ids=told, now=now)
    return path


class _Writer:
    """One archive on its way."""

    def __init__(self, archive: ZipFile, request: DataRequest, ids: Sequence[int], now: datetime) -> None:
        self._archive, self._request, self._ids, self._now = archive, request, ids, now
        self._redactor = redactor_for(request, ids)
        self._files: list[dict[str, Any]] = []

    def write(self) -> dict[str, Any]:
        """Every place, the report and the manifest; answers the manifest."""
        places = [place for place in privacy.places() if place.name not in self._request.refused_parts]
        with TemporaryFile() as report:
            report.write(self._report_head().encode())
            rows = sum(self._place(place, report) for place in places)
            report.write(b"</body></html>")
            self._put("report.html", report)
        manifest = {
            "request": self._request.public_id,
            "type": self._request.kind,
            "built_at": self._now.isoformat(),
            "rows": rows,
            "left_out": self._request.refused_parts,
            "redacted": self._redactor.times,
            "files": self._files,
        }
        self._archive.writestr(self._info("manifest.json"), json.dumps(manifest, indent=2))
        return manifest

    def _place(self, place: privacy.PersonalData, report: IO[bytes]) -> int:
        """One place as JSON and CSV, and its table in the report; how many rows."""
        number, columns, digest, size = 0, list[str](), hashlib.sha256(), 0
        with TemporaryFile() as table:
            text = io.TextIOWrapper(table, encoding="utf-8-sig", newline="", write_through=True)
            sheet = csv.writer(text)
            report.write(f"<h2>{escape(place.category)}</h2><p>{escape(_about(place))}</p><table>".encode())
            with self._archive.open(self._info(f"json/{place.name}.json"), "w", force_zip64=True) as out:
                for number, row in enumerate(self._rows(place), start=1):
                    line = (b"[\n" if number == 1 else b",\n") + json.dumps(row, cls=DjangoJSONEncoder).encode()
                    size += out.write(line)
                    digest.update(line)
                    if number == 1:
                        columns = list(row)
                        sheet.writerow(columns)
                        report.write(_html_row("th", columns))
                    cells = [_cell(row.get(column)) for column in columns]
                    sheet.writerow([_harmless(cell) for cell in cells])
                    if number <= _REPORT_ROWS:
                        report.write(_html_row("td", cells))
                end = b"\n]\n" if number else b"[]\n"
                size += out.write(end)
                digest.update(end)
            report.write(_after_table(number).encode())
            self._note(f"json/{place.name}.json", size, digest.hexdigest(), number)
            text.flush()
            self._put(f"csv/{place.name}.csv", table)
            text.detach()
        return number

    def _rows(self, place: privacy.PersonalData) -> Iterator[Mapping[str, Any]]:
        for row in place.collect(self._ids):
            yield self._redactor.clean(row)

    def _put(self, name: str, source: IO[bytes]) -> None:
        """A temporary file into the archive, in pieces."""
        source.seek(0)
        digest, size = hashlib.sha256(), 0
        with self._archive.open(self._info(name), "w", force_zip64=True) as out:
            while piece := source.read(_COPY):
                size += out.write(piece)
                digest.update(piece)
        self._note(name, size, digest.hexdigest(), None)

    def _note(self, name: str, size: int, sha256: str, rows: int | None) -> None:
        self._files.append({"name": name, "bytes": size, "sha256": sha256} | ({} if rows is None else {"rows": rows}))

    def _info(self, name: str) -> ZipInfo:
        info = ZipInfo(name, self._now.timetuple()[:6])
        info.compress_type = ZIP_DEFLATED
        return info

    def _report_head(self) -> str:
        title = escape(what(self._request.kind, self._request.locale).capitalize())
        return (
            f'<!doctype html><html lang="{self._request.locale}"><head><meta charset="utf-8"><title>{title}</title>'
            f"<style>{_STYLE}</style></head><body><h1>{title}</h1>"
            f"<p>{escape(self._request.public_id)}, {self._now:%Y-%m-%d}</p>"
        )


def _about(place: privacy.PersonalData) -> str:
    """Purpose and retention, as GDPR Art. 15(1)(a) and (d) want them told."""
    kept = f" Kept: {place.kept_because}." if place.kept_because else ""
    return f"Purpose: {place.purpose}. Kept for: {place.retention}.{kept}"


def _after_table(rows: int) -> str:
    more = f"<p>… and {rows - _REPORT_ROWS:,} more in the files.</p>" if rows > _REPORT_ROWS else ""
    return f"</table>{more}" if rows else "</table><p>–</p>"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return json.dumps(value, cls=DjangoJSONEncoder) if isinstance(value, dict | list | tuple) else str(value)


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _html_row(tag: str, cells: Sequence[str]) -> bytes:
    return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>\n".encode()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
