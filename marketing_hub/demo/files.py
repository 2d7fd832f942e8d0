"""The shop's files come in through the product's own import, by the worker when there is one, else right here."""

import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final, TextIO

from django.core.cache import cache
from django.utils import timezone

from core import jobs
from core.actors import Actor
from core.meter import HEARTBEAT_KEY
from core.models import Job, JobState
from core.models.jobs import OPEN_STATES
from customers.models import ImportFile
from customers.services.import_runs import run_import
from customers.services.imports import map_import, stage_import, start_import

Report = Callable[[int, int], None]

_PIECE: Final = 1_048_576
_LOOK_EVERY_S: Final = 0.2
_PATIENCE: Final = timedelta(minutes=5)
_WAKE: Final = {JobState.FAILED: "retry", JobState.PAUSED: "resume"}


class ImportNotDoneError(Exception):
    """A file of the demo did not come in to its end; the text says why."""


def bring_in(
    *, name: str, target: str, mapping: dict[str, Any], write: Callable[[TextIO], Any], by: Actor, report: Report
) -> ImportFile:
    """The file called `name` is imported to its end, once however often this is called; `write` makes its content.

    An import of that name that was interrupted goes on from its checkpoint. ImportNotDoneError when it was stopped,
    fails, or shows no sign of life for five minutes. `report` is told rows done and rows in all.
    """
    here = cache.get(HEARTBEAT_KEY) is None
    file = ImportFile.objects.filter(file_name=name, owner=str(by)).order_by("-id").first()
    if file is None:
        file = _staged(name, target, mapping, write, by)
    job = file.job or start_import(file=file, dry_run=False, by=by, now=timezone.now(), run_here=here)
    if job.state in _WAKE:
        job = jobs.ask_job(job=job, wish=_WAKE[JobState(job.state)], now=timezone.now())
    _see_through(job, here, report)
    file.refresh_from_db()
    return file


def _staged(name: str, target: str, mapping: dict[str, Any], write: Callable[[TextIO], Any], by: Actor) -> ImportFile:
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as content:
        write(content)
        content.seek(0)
        file = stage_import(chunks=_pieces(content), file_name=name, target=target, by=by, now=timezone.now())
    return map_import(file=file, mapping=mapping, now=timezone.now())


def _pieces(content: Any) -> Iterator[bytes]:
    while piece := content.buffer.read(_PIECE):
        yield piece


def _see_through(job: Job, here: bool, report: Report) -> None:
    """Return when the job has succeeded, looking at it while the worker runs it or running it in this process."""
    while job.state in OPEN_STATES:
        if here:
            run_import(job_id=job.public_id, clock=timezone.now, progress=lambda at: report(at.done, at.total or 0))
        time.sleep(_LOOK_EVERY_S)
        job.refresh_from_db()
        report(job.done, job.total or 0)
        if job.state in OPEN_STATES and _silent(job, timezone.now()):
            raise ImportNotDoneError(f"{job.title}: no sign of life since {job.updated_at:%H:%M:%S} UTC.")
    if job.state != JobState.SUCCEEDED:
        raise ImportNotDoneError(f"{job.title}: {job.get_state_display().lower()}. {job.error}".rstrip())


def _silent(job: Job, now: datetime) -> bool:
    return now - job.updated_at > _PATIENCE
