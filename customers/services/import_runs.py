"""The import job itself: chunk by chunk, each with its checkpoint in one transaction, so that nothing counts twice."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any, BinaryIO, Final

import msgspec
from django.db import DataError, connection, transaction

from core import audit, jobs
from core.actors import Actor, ActorKind
from core.errors import DomainError
from core.models import Job
from customers.models import ImportFile, ImportTarget, RefusedRow
from customers.rules.cells import bare
from customers.rules.conversions import BadValue, parse_number
from customers.rules.csvfile import Dialect, Row, read_rows
from customers.rules.drafts import Parsed, Rejected, parser_for
from customers.rules.identity import BadIdentity, IdentityKind, normalise
from customers.rules.mapping import Mapping
from customers.rules.sealed import sealed_cells
from customers.selectors.imports import path_of, target_of
from customers.selectors.personal import subject_hash
from customers.services.claims import Raced
from customers.services.import_customers import CustomerChunks
from customers.services.import_decisions import DecisionChunks
from customers.services.import_figures import Figures, Refusal
from customers.services.import_members import MemberChunks
from customers.services.import_purchases import PurchaseChunks
from customers.services.list_uploads import put_on_list
from customers.services.rehearsal import rehearsal

CHUNK: Final = 2_000
_ATTEMPTS: Final = 5
Clock = Callable[[], datetime]
Progress = Callable[[Job], None]


def run_import(*, job_id: str, clock: Clock, progress: Progress | None = None) -> None:
    """Store the rows of the job's file from its checkpoint on, until the end or until somebody pauses or stops it.

    Killed at any moment and run again, every row is stored or refused exactly once. A rehearsal begins anew; that of a
    list needs no copies, since members gather beside the list, and one of decisions takes each chunk back.
    """
    job = jobs.claim_job(job_id=job_id, now=clock())
    if job is None:
        return
    file = ImportFile.objects.get(job=job)
    if not path_of(file).exists():
        jobs.fail_job(job=job, error="The uploaded file is not on this machine any more; bring it again.", now=clock())
        return
    pretends = file.dry_run and file.target not in (ImportTarget.MEMBERS, ImportTarget.CONSENTS)
    if pretends:
        _rewind(file)
    run = _Run(job, file, clock, progress)
    try:
        with rehearsal() if pretends else nullcontext():
            ended = run.to_the_end()
        if ended:
            _finish(job, run.file, clock())
    except (DataError, DomainError, OSError) as broken:
        cause = broken.message if isinstance(broken, DomainError) else type(broken).__name__
        jobs.fail_job(job=job, error=f"The import broke off behind row {run.file.row}: {cause}", now=clock())
        raise


def _rewind(file: ImportFile) -> None:
    """What an interrupted rehearsal had found out is forgotten, as its temporary tables are gone."""
    dialect = Dialect.from_json(file.dialect)
    with transaction.atomic():
        RefusedRow.objects.filter(file=file).delete()
        file.offset, file.row = dialect.start, dialect.first_row - 1
        columns = Figures().store(file)
        file.save(update_fields=["offset", "row", *columns])


@transaction.atomic
def _finish(job: Job, file: ImportFile, now: datetime) -> None:
    figures = Figures.of(file)
    result = figures.report() | {"import": file.public_id, "dry_run": file.dry_run}
    if file.target == ImportTarget.MEMBERS:
        result |= put_on_list(file=file, by=_owner(file), now=now)
    file.finished_at = file.updated_at = now
    file.save(update_fields=["finished_at", "updated_at"])
    jobs.finish_job(job=job, result=result, now=now)
    if not file.dry_run:
        counts = {name: [0, getattr(figures, name)] for name in ("created", "updated", "unchanged", "refused")}
        audit.record(by=_owner(file), action="import.finished", target=file.public_id, changes=counts)
        path = path_of(file)
        transaction.on_commit(lambda: path.unlink(missing_ok=True))


def _owner(file: ImportFile) -> Actor:
    kind, _, name = file.owner.partition(":")
    return Actor(kind=ActorKind(kind), id=name)


@dataclass(slots=True)
class _Chunk:
    """Rows read together, in file order, and what the rules made of them."""

    rows: list[Row]
    drafts: list[Any]
    refusals: list[Refusal]
    rejected: dict[int, Rejected]


class _Run:
    """One worker's way through one file."""

    def __init__(self, job: Job, file: ImportFile, clock: Clock, progress: Progress | None) -> None:
        self._job, self.file, self._clock, self._progress = job, file, clock, progress
        self._mapping = Mapping.from_json(file.mapping)
        self._parse: Callable[[Row], Parsed] = parser_for(self._mapping, target_of(file.target))
        self._column_of = {name: header for header, name in self._mapping.columns.items()}
        self._purchases = file.target == "purchases"

    def to_the_end(self) -> bool:
        """Whether the file was read to its end; False when the job was paused or stopped, or another worker has it."""
        with path_of(self.file).open("rb") as content, closing(self._rows(content)) as rows:
            while chunk := self._next(rows):
                if not self._store_surely(chunk):
                    return False
                total = self._estimated_total()
                if not jobs.advance_job(job=self._job, done=self._done(), total=total, now=self._clock()):
                    return False
                if self._progress:
                    self._progress(self._job)
        jobs.advance_job(job=self._job, done=self._done(), total=self._done(), now=self._clock())
        return True

    def _rows(self, content: BinaryIO) -> Generator[Row, None, None]:
        dialect = Dialect.from_json(self.file.dialect)
        yield from read_rows(content, dialect, start_row=self.file.row + 1, start_offset=self.file.offset)

    def _done(self) -> int:
        return self.file.created + self.file.updated + self.file.unchanged + self.file.refused

    def _estimated_total(self) -> int:
        """Rows read so far, stretched to the size of the file."""
        begun = int(self.file.dialect["start"])
        read = max(1, self.file.offset - begun)
        return max(self._done(), round(self._done() * (self.file.size - begun) / read))

    def _next(self, rows: Iterator[Row]) -> _Chunk | None:
        taken = list(islice(rows, CHUNK))
        if not taken:
            return None
        chunk = _Chunk(rows=taken, drafts=[], refusals=[], rejected={})
        for row in taken:
            parsed = self._parse(row)
            if isinstance(parsed, Rejected):
                reason = parsed.reasons[0]
                sentence = " ".join(reason.message for reason in parsed.reasons)[:300]
                chunk.refusals.append(Refusal(row.number, reason.code, sentence, reason.column))
                chunk.rejected[row.number] = parsed
            else:
                chunk.drafts.append(parsed)
        return chunk

    def _store_surely(self, chunk: _Chunk) -> bool:
        """Store a chunk, again when somebody else moved in between; False when another worker has stored it."""
        for attempt in range(_ATTEMPTS):
            try:
                stored = self._store(chunk)
            except Raced:
                if attempt == _ATTEMPTS - 1:
                    raise
            else:
                self.file = stored or self.file
                return stored is not None
        return False

    @transaction.atomic
    def _store(self, chunk: _Chunk) -> ImportFile | None:
        locked = ImportFile.objects.select_for_update().get(pk=self.file.pk)
        if locked.row != self.file.row:
            return None
        now, figures = self._clock(), Figures.of(locked)
        writer = self._writer()
        refusals = chunk.refusals + writer.write(chunk.drafts, figures, now)
        rows = {row.number: row for row in chunk.rows}
        for refusal in chunk.refusals:
            self._sum_refused(refusal, rows[refusal.number], figures)
        for refusal in refusals:
            figures.refuse(refusal.code)
        self._file_refused([*refusals, *writer.remarks], rows, chunk.rejected)
        last = chunk.rows[-1]
        locked.row, locked.offset, locked.updated_at = last.number, last.end, now
        locked.save(update_fields=["row", "offset", "updated_at", *figures.store(locked)])
        return locked

    def _writer(self) -> CustomerChunks | PurchaseChunks | MemberChunks | DecisionChunks:
        file, rehearsed = self.file, self.file.dry_run
        if file.target == ImportTarget.CONSENTS:
            return DecisionChunks(file=file, by=_owner(file))
        if file.segment:
            return MemberChunks(file=file, listed=file.segment.current_id or 0)
        if self._purchases:
            return PurchaseChunks(mapping=self._mapping, imported=file.public_id, rehearsed=rehearsed)
        return CustomerChunks(
            mapping=self._mapping,
            basis=file.consent_basis,
            imported=file.public_id,
            by=_owner(file),
            rehearsed=rehearsed,
        )

    def _sum_refused(self, refusal: Refusal, row: Row, figures: Figures) -> None:
        """Count the amount of a row that the rules refused, so that the sums of a file always reconcile."""
        if not self._purchases:
            return
        currency = row.values.get(self._column_of.get("currency", ""), "").strip() or self._mapping.currency
        figures.add_refused(refusal.code, currency[:3].upper(), self._amount(row))

    def _amount(self, row: Row) -> Decimal | None:
        amount = self._number(row, "amount")
        quantity, price = self._number(row, "quantity"), self._number(row, "unit_price")
        if amount is None and quantity is not None and price is not None:
            return quantity * price
        return amount

    def _number(self, row: Row, name: str) -> Decimal | None:
        try:
            return parse_number(bare(row.values.get(self._column_of.get(name, ""), "")), self._mapping.decimal)
        except BadValue:
            return None

    def _file_refused(self, refusals: Sequence[Refusal], rows: dict[int, Row], rejected: dict[int, Rejected]) -> None:
        if not refusals:
            return
        filed = [
            (
                refusal.number,
                refusal.code[:40],
                refusal.column[:120],
                refusal.message[:300],
                sealed_cells(self._cells(rows[refusal.number], rejected.get(refusal.number))),
                self._subject(rows[refusal.number]),
            )
            for refusal in refusals
        ]
        with connection.cursor() as cursor:
            cursor.execute(
                'INSERT INTO customers_refusedrow (file_id, row, code, "column", message, "values", subject)'
                " SELECT %s, (r.row ->> 0)::bigint, r.row ->> 1, r.row ->> 2, r.row ->> 3, r.row -> 4, r.row ->> 5"
                " FROM jsonb_array_elements(%s::jsonb) AS r(row)",
                [self.file.pk, msgspec.json.encode(filed).decode()],
            )

    @staticmethod
    def _cells(row: Row, rejected: Rejected | None) -> list[str]:
        return rejected.cells_to_keep(row) if rejected else row.cells

    def _subject(self, row: Row) -> str:
        """Whose row it is, as a keyed hash, when an identifier can be read in it."""
        for kind in (IdentityKind.EXTERNAL_ID, IdentityKind.EMAIL, IdentityKind.PHONE):
            column = self._column_of.get(kind.value) or self._column_of.get("who", "")
            text = bare(row.values.get(column, ""))
            try:
                return subject_hash(normalise(kind, text)) if text else ""
            except BadIdentity:
                continue
        return ""
