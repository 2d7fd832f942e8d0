"""Writing the file of an export: page by page, so that memory does not grow with the segment."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import IO, Final

from django.conf import settings
from django.db import DatabaseError, transaction

from core import audit, jobs
from core.errors import DomainError, InvalidState
from core.models import Job
from customers.models import MemberExport, Segment, SegmentState
from customers.rules.told import kinds_of
from customers.selectors.answers import outward, shape_for
from customers.selectors.exports import SINCE, Page, export_path, head_of, lines_of, member_part
from customers.selectors.recipients import check_recipient, is_outside, withheld_for
from customers.services.exports import owner_of
from customers.services.telling import note_told

PAGE: Final = 1_000
ATTEMPTS: Final = 5
Clock = Callable[[], datetime]


class Replaced(Exception):
    """The segment was calculated again while it was read."""


def write_export(*, job_id: str, clock: Clock) -> None:
    """The members for whom the purpose is allowed are in a file that only its owner reads, for EXPORT_HOURS hours.

    Consent is asked page by page as the file is written; whoever is left out is counted by the reason. That its owner
    was told about those in it is in the ledger of disclosures. Killed at any moment and run again, it begins anew.
    """
    job = jobs.claim_job(job_id=job_id, now=clock())
    if job is None:
        return
    export = MemberExport.objects.select_related("segment").get(public_id=str(job.parameters["export"]))
    try:
        for _ in range(ATTEMPTS):
            if _attempt(job, export, clock):
                return
            export.refresh_from_db()
        raise InvalidState("The segment changed again and again while it was written; try once more.")
    except (DatabaseError, DomainError, OSError) as broken:
        cause = broken.message if isinstance(broken, DomainError) else type(broken).__name__
        jobs.fail_job(job=job, error=f"The export broke off: {cause}", now=clock())
        _draft(export).unlink(missing_ok=True)
        raise


def _attempt(job: Job, export: MemberExport, clock: Clock) -> bool:
    """Whether the file is there, or nobody wants it any more; False when it has to be begun again."""
    try:
        written = _Writer(job, export, clock).write()
    except Replaced:
        return False
    return written is None or _finish(job, written, clock())


def _draft(export: MemberExport) -> Path:
    path = export_path(export)
    return path.with_name(f"{path.name}.part")


class _Writer:
    """One attempt at one file."""

    def __init__(self, job: Job, export: MemberExport, clock: Clock) -> None:
        self._job, self._export, self._clock = job, export, clock
        fields = tuple(name for name in export.fields if name != SINCE)
        shape = shape_for(fields=fields, blocks=(), sees_pii=export.sees_pii)
        self._outside = is_outside(export.recipient)
        self._shape = outward(shape) if self._outside else shape
        export.withheld = [name for name in self._shape.redacted if name not in shape.redacted]
        self._digest, self._left_out = sha256(), Counter[str]()

    def write(self) -> MemberExport | None:
        """The export (unsaved) with the figures of its draft; None when the job was paused or stopped."""
        draft = _draft(self._export)
        draft.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)
        with draft.open("wb") as out:
            whole = self._pages(out, self._version())
            size = out.tell()
        if not whole:
            draft.unlink(missing_ok=True)
            return None
        export = self._export
        export.left_out, export.size, export.sha256 = (
            dict(sorted(self._left_out.items())),
            size,
            self._digest.hexdigest(),
        )
        return export

    def _version(self) -> int:
        segment = Segment.objects.select_related("current").get(pk=self._export.segment_id)
        if segment.state == SegmentState.ARCHIVED or segment.current is None:
            raise InvalidState("The segment is archived.")
        self._total, self._export.rows = segment.current.members, 0
        return segment.current.pk

    def _pages(self, out: IO[bytes], version: int) -> bool:
        """Whether every page was written; Replaced when another version took the place of this one."""
        self._put(out, head_of(fields=self._export.fields, form=self._export.form))
        after, read, going = 0, 0, True
        while going:
            page = member_part(
                version=version, after=after, limit=PAGE, purpose=self._export.purpose, now=self._clock()
            )
            if Segment.objects.values_list("current_id", flat=True).get(pk=self._export.segment_id) != version:
                raise Replaced
            if self._outside:
                page = self._without_withheld(page)
            lines = lines_of(page=page, fields=self._export.fields, shape=self._shape, form=self._export.form)
            self._put(out, lines)
            self._note(page)
            after, read = page.last, read + page.read
            going = jobs.advance_job(job=self._job, done=read, total=max(read, self._total), now=self._clock())
            if page.read < PAGE:
                break
        return going

    def _without_withheld(self, page: Page) -> Page:
        """The same page without whoever's data may not go to the recipient; a DomainError once nothing may go there."""
        check_recipient(self._export.recipient, now=self._clock())
        reasons = withheld_for(self._export.recipient, customer_ids=[row.id for row in page.rows])
        rows = [row for row in page.rows if row.id not in reasons]
        return replace(page, rows=rows, left_out=[*page.left_out, *reasons.values()])

    def _note(self, page: Page) -> None:
        self._export.rows += len(page.rows)
        self._left_out.update(page.left_out)
        kinds = kinds_of((*self._shape.fields, *self._shape.blocks, "segments"))
        company = self._export.recipient if self._outside and self._export.recipient.startswith("prc_") else ""
        to = f"processor:{company}" if company else self._export.owner
        note_told(to=to, way="export", kinds=kinds, customer_ids=[row.id for row in page.rows])

    def _put(self, out: IO[bytes], content: bytes) -> None:
        out.write(content)
        self._digest.update(content)


@transaction.atomic
def _finish(job: Job, written: MemberExport, now: datetime) -> bool:
    """The draft is the file; False when somebody was erased meanwhile, so that it may name them."""
    row = MemberExport.objects.select_for_update(of=("self",)).get(pk=written.pk)
    if row.epoch != written.epoch:
        return False
    _draft(written).replace(export_path(written))
    written.built_at = written.updated_at = now
    written.expires_at = now + timedelta(hours=settings.EXPORT_HOURS)
    names = ["rows", "left_out", "withheld", "size", "sha256", "built_at", "expires_at", "updated_at"]
    written.save(update_fields=names)
    result = {"export": written.public_id, "rows": written.rows, "left_out": written.left_out, "sha256": written.sha256}
    changes = {"rows": [0, written.rows], "left_out": [{}, written.left_out], "sha256": ["", written.sha256]}
    audit.record(
        by=owner_of(written), action="export.written", target=written.public_id, changes=changes, reason=written.reason
    )
    jobs.finish_job(job=job, result=result, now=now)
    return True
