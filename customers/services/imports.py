"""Bringing files in: taking the upload, saying what its columns mean, starting the job."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from core import audit, jobs
from core.actors import Actor
from core.errors import Conflict, InvalidInput, InvalidState, Problem, TooLarge
from core.models import Job, JobState
from core.models.jobs import OPEN_STATES
from customers.models import ImportChange, ImportFile, ImportTarget, RefusedRow, Segment
from customers.rules.csvfile import SAMPLE_BYTES, Dialect
from customers.rules.csvsniff import DELIMITERS, UnreadableFileError, sniff
from customers.rules.mapping import CONSENT, CONSENT_PREFIX, BadMapping, auto_map, read_mapping
from customers.rules.mapping import Mapping as ColumnMapping
from customers.selectors.imports import KIND, path_of, target_of, twin_of
from customers.services import guards
from customers.services.list_uploads import check_list, new_gathering

TASK: Final = "customers.tasks.run_import"
_BASIS_MEMBERS: Final = frozenset(
    {
        "purposes",
        "notice",
        "wording",
        "form_id",
        "reference",
        "collected_at",
        "doi_done",
        "soft_sale",
        "soft_similar",
        "opt_out_offered",
    }
)


def stage_import(
    *,
    chunks: Iterable[bytes],
    file_name: str,
    target: str,
    by: Actor,
    now: datetime,
    encoding: str | None = None,
    delimiter: str | None = None,
    segment: Segment | None = None,
    replaces: bool = False,
) -> ImportFile:
    """The uploaded file, kept under settings.IMPORT_DIR and read as far as its header; nothing is imported yet.

    A file of members is for the list `segment`: they join it, or take the place of those who are on it (`replaces`).
    Refuses: an unknown target, a segment that is no list (409), a file beyond IMPORT_MAX_BYTES (413), a file that is
    no CSV (400 `empty_file`, `not_text`, `bad_header`).
    """
    if target not in ImportTarget.values or (target == ImportTarget.MEMBERS) != (segment is not None):
        raise InvalidInput("Invalid 'type': send customers or purchases.", param="type")
    if segment:
        check_list(segment=segment)
    file = ImportFile(public_id=ImportFile.new_public_id(), target=target, owner=str(by))
    file.segment, file.replaces = segment, replaces
    file.file_name, file.path = Path(file_name).name[:200] or "upload.csv", f"{file.public_id}.csv"
    file.created_at = file.updated_at = now
    try:
        file.size, file.sha256 = _keep(chunks, path_of(file))
        describe(file=file, encoding=encoding, delimiter=delimiter)
    except (InvalidInput, TooLarge):
        path_of(file).unlink(missing_ok=True)
        raise
    file.mapping = auto_map(file.headers, target_of(target)).to_json()
    file.save(force_insert=True)
    return file


def _keep(chunks: Iterable[bytes], path: Path) -> tuple[int, str]:
    """Write the upload to disk as it arrives; (bytes, SHA-256)."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    size, digest = 0, sha256()
    with path.open("xb") as out:
        path.chmod(0o600)
        for chunk in chunks:
            size += len(chunk)
            if size > settings.IMPORT_MAX_BYTES:
                raise TooLarge(f"A file may have at most {settings.IMPORT_MAX_BYTES:,} bytes.", param="file")
            digest.update(chunk)
            out.write(chunk)
    return size, digest.hexdigest()


def describe(*, file: ImportFile, encoding: str | None, delimiter: str | None) -> None:
    """How to read the file is on the (unsaved) row; a person's encoding and delimiter overrule the guess."""
    _refuse_odd_wishes(encoding, delimiter)
    with path_of(file).open("rb") as content:
        sample = content.read(SAMPLE_BYTES)
    try:
        dialect = sniff(sample, encoding=encoding or None, delimiter=delimiter or None)
    except UnreadableFileError as refusal:
        raise InvalidInput(refusal.message, code=refusal.code, param="file") from refusal
    file.dialect, file.headers = dialect.to_json(), list(dialect.headers)


def _refuse_odd_wishes(encoding: str | None, delimiter: str | None) -> None:
    if delimiter and delimiter not in DELIMITERS:
        raise InvalidInput("Invalid 'delimiter': it is a comma, semicolon, tab or bar.", param="delimiter")
    try:
        b"a".decode(encoding or "utf-8", "replace")
    except (LookupError, ValueError) as unknown:
        raise InvalidInput("Invalid 'encoding'", param="encoding") from unknown


def reread_import(*, file: ImportFile, encoding: str, delimiter: str, now: datetime) -> ImportFile:
    """The file is read with another encoding or delimiter; its mapping is proposed anew."""
    _refuse_started(file)
    describe(file=file, encoding=encoding, delimiter=delimiter)
    file.mapping, file.updated_at = auto_map(file.headers, target_of(file.target)).to_json(), now
    file.save(update_fields=["dialect", "headers", "mapping", "updated_at"])
    return file


def map_import(*, file: ImportFile, mapping: Mapping[str, Any], now: datetime) -> ImportFile:
    """The columns mean what `mapping` says (see rules/mapping.py); InvalidInput lists everything wrong with it."""
    _refuse_started(file)
    try:
        checked = read_mapping(dict(mapping), target_of(file.target), file.headers)
    except BadMapping as refusal:
        raise _bad_mapping(refusal) from refusal
    file.mapping, file.updated_at = checked.to_json(), now
    file.save(update_fields=["mapping", "updated_at"])
    return file


def _bad_mapping(refusal: BadMapping) -> InvalidInput:
    problems = [Problem(f"mapping.{p.param}", p.code, p.message) for p in refusal.problems]
    return InvalidInput(problems[0].message, code=problems[0].code, param=problems[0].param, details=problems)


def state_basis(*, file: ImportFile, basis: Mapping[str, Any], now: datetime) -> ImportFile:
    """Imported consent rests on what the importing person stated.

    `reference` says where it was given, `wording` or `notice` (public id by purpose) which words people were shown,
    `purposes` what a column mapped to plain `consent` is about; `collected_at`, `doi_done` and the like are optional.
    Where rows are decisions, `purposes` says by the name of each purpose there which one it is here.
    Refuses unknown members, and what is missing or wrong for the columns that are mapped to consent.
    """
    _refuse_started(file)
    unknown = sorted(basis.keys() - _BASIS_MEMBERS)
    if unknown:
        raise InvalidInput(
            f"Unknown parameter '{unknown[0]}'", code="unknown_parameter", param=f"consent_basis.{unknown[0]}"
        )
    _check_basis(file, read_mapping(file.mapping, target_of(file.target)), basis, now)
    file.consent_basis, file.updated_at = dict(basis), now
    file.save(update_fields=["consent_basis", "updated_at"])
    return file


def _check_basis(file: ImportFile, mapping: ColumnMapping, basis: Mapping[str, Any], now: datetime) -> None:
    columns = mapping.consent_columns()
    if not columns and file.target != ImportTarget.CONSENTS:
        return
    purposes = _purposes_meant(basis) if file.target == ImportTarget.CONSENTS else _purposes_asked(columns, basis)
    problems = [
        Problem(f"consent_basis.{problem.param}", problem.code, problem.message)
        for problem in guards.basis_problems(basis=basis, purposes=sorted(purposes), now=now)
    ]
    if problems:
        raise InvalidInput(problems[0].message, code=problems[0].code, param=problems[0].param, details=problems)


def _purposes_meant(basis: Mapping[str, Any]) -> set[str]:
    """The purposes that names of another system stand for."""
    meant = basis.get("purposes")
    if not isinstance(meant, dict) or not meant or not all(isinstance(key, str) for key in meant.values()):
        raise InvalidInput(
            "Say which purpose here each one of the file is.", code="missing_field", param="consent_basis.purposes"
        )
    return set(meant.values())


def _purposes_asked(columns: Mapping[str, str], basis: Mapping[str, Any]) -> set[str]:
    purposes = {name.removeprefix(CONSENT_PREFIX) for name in columns if name != CONSENT}
    if CONSENT in columns:
        named = basis.get("purposes")
        if not isinstance(named, list) or not named or not all(isinstance(key, str) for key in named):
            raise InvalidInput(
                "A column is mapped to consent: state what the people consented to.",
                code="missing_field",
                param="consent_basis.purposes",
            )
        purposes |= set(named)
    return purposes


@transaction.atomic
def start_import(
    *, file: ImportFile, dry_run: bool, by: Actor, now: datetime, again: bool = False, run_here: bool = False
) -> Job:
    """A job that stores the rows, or with `dry_run` finds out what would happen, from the first row on.

    Refuses: an incomplete mapping, a consent column without its basis (400), content that was imported before
    unless `again` (409 `duplicate_file`), a file whose job has not ended or that is stored already (409).
    """
    file = ImportFile.objects.select_for_update().get(pk=file.pk)
    _refuse_started(file)
    _check_ready(file, now)
    twin = twin_of(sha256=file.sha256, target=file.target)
    if twin and not dry_run and not again:
        raise Conflict(
            "This file was imported before; import it again only if that is what you want.",
            code="duplicate_file",
            param="file",
            extra={"import": twin.public_id, "job": twin.job.public_id if twin.job else None},
        )
    RefusedRow.objects.filter(file=file).delete()
    if file.target == ImportTarget.MEMBERS:
        file.version = new_gathering(file=file, by=by, now=now)
    dialect = Dialect.from_json(file.dialect)
    job = jobs.start_job(
        kind=KIND,
        title=f"{'Try' if dry_run else 'Import'} {file.target}: {file.file_name}"[:200],
        task=TASK,
        parameters={"import": file.public_id, "dry_run": dry_run},
        by=by,
        now=now,
        run_here=run_here,
    )
    file.job, file.dry_run, file.offset, file.row = job, dry_run, dialect.start, dialect.first_row - 1
    file.created = file.updated = file.unchanged = file.refused = 0
    file.reasons, file.figures, file.finished_at, file.updated_at = {}, {}, None, now
    file.save()
    audit.record(by=by, action="import.started", target=file.public_id, changes={"dry_run": [None, dry_run]})
    return job


def _check_ready(file: ImportFile, now: datetime) -> None:
    try:
        mapping = read_mapping(file.mapping, target_of(file.target), file.headers)
    except BadMapping as refusal:
        raise _bad_mapping(refusal) from refusal
    _check_basis(file, mapping, file.consent_basis, now)
    if not path_of(file).exists():
        raise InvalidState("The uploaded file is not kept any more; bring it again.")


def _refuse_started(file: ImportFile) -> None:
    """A file whose rows are stored, or whose job is under way, does not change."""
    if file.job is not None and file.job.state in OPEN_STATES:
        raise InvalidState("This file is being imported; stop the job first.")
    stored = file.job is not None and not file.dry_run and file.job.state != JobState.FAILED
    if stored or (file.finished_at and not file.dry_run):
        raise InvalidState("This file was imported; bring a new one.")


@transaction.atomic
def discard_import(*, file: ImportFile, by: Actor, now: datetime) -> None:
    """A file that was never stored is gone, its content and its refused rows with it; 409 while its job runs."""
    file = ImportFile.objects.select_for_update().get(pk=file.pk)
    _refuse_started(file)
    audit.record(by=by, action="import.discarded", target=file.public_id)
    path = path_of(file)
    file.delete()
    transaction.on_commit(lambda: path.unlink(missing_ok=True))


def clean_up_imports(*, files_before: datetime, refused_before: datetime, changes_before: datetime) -> tuple[int, int]:
    """Content, refused rows and changes of files that came before these instants are gone; how many of the first two.

    A change stays while a job that undoes it is open.
    """
    old = ImportFile.objects.filter(created_at__lt=files_before).exclude(job__state__in=OPEN_STATES)
    removed = 0
    for file in old.order_by("-created_at")[:1_000]:
        path = path_of(file)
        removed += path.exists()
        path.unlink(missing_ok=True)
    stale = RefusedRow.objects.filter(file__created_at__lt=refused_before)
    gone = 0
    while ids := list(stale.order_by("pk").values_list("pk", flat=True)[:10_000]):
        gone += RefusedRow.objects.filter(pk__in=ids).delete()[0]
    past = ImportChange.objects.filter(file__created_at__lt=changes_before)
    past = past.exclude(file__undo__state__in=OPEN_STATES).exclude(file__job__state__in=OPEN_STATES)
    while ids := list(past.order_by("pk").values_list("pk", flat=True)[:10_000]):
        ImportChange.objects.filter(pk__in=ids).delete()
    return removed, gone
