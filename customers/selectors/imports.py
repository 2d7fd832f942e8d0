"""Questions about imported files: list, find, how the file looks, why rows were refused."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db.models import Q, QuerySet

from core.errors import NotFound
from core.models import Job
from core.models.jobs import OPEN_STATES
from customers.models import ImportChange, ImportFile, ImportTarget, RefusedRow
from customers.rules.cells import bare
from customers.rules.csvfile import Dialect, read_rows
from customers.rules.mapping import CONSENTS, MEMBERS, PURCHASES, Target, customers_target
from customers.rules.sealed import opened_cells
from customers.selectors.attributes import attribute_rules
from customers.selectors.purposes import list_purposes

KIND: Final = "import"
UNDO_KIND: Final = "import_undo"
_FIXED: Final = {"purchases": PURCHASES, "members": MEMBERS, "consents": CONSENTS}
_LOOKED_AT: Final = 100_000
_RISKY: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Drift:
    """How the header differs from that of the last finished file of its kind."""

    missing: tuple[str, ...] = ()
    new: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.missing or self.new)

    @property
    def sentence(self) -> str:
        """What differs, in words."""
        parts = [f"without {', '.join(self.missing)}"] if self.missing else []
        parts += [f"with {', '.join(self.new)}"] if self.new else []
        return f"The columns differ from those of the last file: {' and '.join(parts)}."


def list_imports() -> QuerySet[ImportFile]:
    """Every file, newest first, with its job."""
    return ImportFile.objects.select_related("job", "undo", "segment").order_by("-created_at", "-id")


def find_import(*, public_id: str) -> ImportFile:
    """The file; NotFound otherwise."""
    file = list_imports().filter(public_id=public_id).first()
    if file is None:
        raise NotFound("There is no import with this id.")
    return file


def list_jobs(*, owner: str) -> QuerySet[Job]:
    """The imports that this actor started, and their undos."""
    return Job.objects.owned_by(owner).filter(kind__in=(KIND, UNDO_KIND)).order_by("-created_at", "-id")


def find_job(*, public_id: str, owner: str) -> Job:
    """The import job of this actor; NotFound otherwise."""
    job = list_jobs(owner=owner).filter(public_id=public_id).first()
    if job is None:
        raise NotFound("There is no job with this id.")
    return job


def import_of(job: Job) -> ImportFile:
    """The file that the job reads."""
    return find_import(public_id=str(job.parameters["import"]))


def twin_of(*, sha256: str, target: str) -> ImportFile | None:
    """The latest file with the same content that was stored, or is being stored, and not merely rehearsed.

    None for members: a list may well be brought again.
    """
    if target == ImportTarget.MEMBERS:
        return None
    files = ImportFile.objects.filter(sha256=sha256, target=target, dry_run=False)
    files = files.filter(undone_at=None)
    stored = Q(finished_at__isnull=False) | Q(job__state__in=OPEN_STATES)
    return files.filter(stored).order_by("-created_at", "-id").first()


def repeated_upload(*, file: ImportFile, dry_run: bool, now: datetime) -> Job | None:
    """The job of an upload of the same content by the same actor within 24 hours."""
    twins = ImportFile.objects.filter(sha256=file.sha256, target=file.target, owner=file.owner, dry_run=dry_run)
    twins = twins.filter(segment=file.segment, replaces=file.replaces)
    recent = twins.exclude(pk=file.pk).filter(created_at__gt=now - timedelta(hours=24), job__isnull=False)
    earlier = recent.select_related("job").order_by("-created_at", "-id").first()
    return earlier.job if earlier else None


def target_of(name: str) -> Target:
    """What the rows of a file may be mapped to, with the attributes and purposes defined now."""
    if name in _FIXED:
        return _FIXED[name]
    return customers_target(attribute_rules(), (purpose.key for purpose in list_purposes()))


def path_of(file: ImportFile) -> Path:
    """Where the uploaded content lies until the import has ended."""
    return Path(settings.IMPORT_DIR) / file.path


def first_rows(*, file: ImportFile, count: int) -> list[list[str]]:
    """Cells of the first rows, as they stand in the file; [] when the content is gone."""
    path = path_of(file)
    if not path.exists():
        return []
    with path.open("rb") as content:
        return [row.cells for row in islice(read_rows(content, Dialect.from_json(file.dialect)), count)]


def values_in(*, file: ImportFile, field: str, most: int) -> list[str]:
    """The different texts of the column mapped to this field, in file order: at most so many, of the first 100,000
    rows."""
    columns = {name: header for header, name in file.mapping.get("columns", {}).items()}
    path, found = path_of(file), dict[str, None]()
    if field not in columns or not path.exists():
        return []
    with path.open("rb") as content:
        for row in islice(read_rows(content, Dialect.from_json(file.dialect)), _LOOKED_AT):
            if text := bare(row.values.get(columns[field], "")):
                found[text] = None
            if len(found) == most:
                break
    return list(found)


def header_drift(file: ImportFile) -> Drift:
    """What changed in the header since the last finished file of the same target and owner."""
    earlier = ImportFile.objects.filter(target=file.target, owner=file.owner, finished_at__isnull=False)
    earlier = earlier.filter(segment=file.segment)
    last = earlier.exclude(pk=file.pk).order_by("-created_at", "-id").first()
    if last is None:
        return Drift()
    return Drift(
        missing=tuple(name for name in last.headers if name not in file.headers),
        new=tuple(name for name in file.headers if name not in last.headers),
    )


def list_refused(*, file: ImportFile) -> QuerySet[RefusedRow]:
    """The rows that were not stored, in file order."""
    return RefusedRow.objects.filter(file=file).order_by("row")


def why_not_undone(*, file: ImportFile, now: datetime) -> str:
    """Why the import cannot be taken back now, in a sentence; empty when it can."""
    if file.target == ImportTarget.MEMBERS:
        return "Members are put on a list and taken off it again; there is nothing to undo."
    if file.target == ImportTarget.CONSENTS:
        return "What people decided stays in the ledger; correct an entry there."
    if file.job is None or file.dry_run or not file.created + file.updated:
        return "This import stored nothing that could be undone."
    if file.job.state in OPEN_STATES:
        return "This file is being imported; stop the job first."
    if file.undone_at or (file.undo and file.undo.state in OPEN_STATES):
        return "This import is undone already, or its undo is under way."
    days = settings.IMPORT_UNDO_DAYS
    if now - (file.job.finished_at or file.updated_at) > timedelta(days=days):
        return f"An import can be undone for {days} days; this one is older."
    if file.target == ImportTarget.CUSTOMERS and not ImportChange.objects.filter(file=file).exists():
        return "What this import changed is not kept any more, so it cannot be undone."
    return ""


def can_be_undone(*, file: ImportFile, now: datetime) -> bool:
    """Whether the import can be taken back now."""
    return not why_not_undone(file=file, now=now)


def list_kept(*, file: ImportFile) -> QuerySet[ImportChange]:
    """The customers that an undo left as they are, with the reason."""
    return ImportChange.objects.filter(file=file).exclude(kept="").select_related("customer").order_by("-pk")


def refused_csv(*, file: ImportFile) -> Iterator[str]:
    """The rejected rows as CSV: row number, code, column, reason, then the cells as they came.

    A cell that a spreadsheet would run as a formula gets an apostrophe in front (OWASP, CSV injection).
    """
    yield _line(["row", "code", "column", "message", *file.headers])
    rows = list_refused(file=file).values_list("row", "code", "column", "message", "values")
    for number, code, column, message, values in rows.iterator(chunk_size=2_000):
        yield _line([str(number), code, column, message, *opened_cells(values)])


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(harmless(cells))
    return out.getvalue()


def harmless(cells: Iterable[str]) -> list[str]:
    """The cells, an apostrophe before those that a spreadsheet would run as a formula (OWASP, CSV injection)."""
    return [f"'{cell}" if cell.startswith(_RISKY) else cell for cell in cells]
