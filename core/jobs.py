"""Deferring work until after commit, and jobs that people can watch, pause and stop."""

from datetime import datetime, timedelta
from typing import Any, Final

from celery import current_app
from django.db import connection, transaction

from core.actors import Actor
from core.errors import InvalidState, NotFound
from core.models import Job, JobState

STALLED_AFTER: Final = timedelta(seconds=60)

_MOVES: Final[dict[str, frozenset[str]]] = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.STOPPED, JobState.FAILED}),
    JobState.RUNNING: frozenset({JobState.PAUSED, JobState.SUCCEEDED, JobState.FAILED, JobState.STOPPED}),
    JobState.PAUSED: frozenset({JobState.QUEUED, JobState.STOPPED}),
    JobState.FAILED: frozenset({JobState.QUEUED}),
}


class Retryable(Exception):
    """A failure that can heal by itself: the task is run again with a growing delay."""


def defer(name: str, **ids: Any) -> None:
    """Run the task `name` after the surrounding transaction commits; an unknown name is a KeyError at once."""
    task = current_app.tasks[name]
    transaction.on_commit(lambda: task.apply_async(kwargs=ids))


def start_job(
    *, kind: str, title: str, task: str, parameters: dict[str, Any], by: Actor, now: datetime, run_here: bool = False
) -> Job:
    """A queued job that `task` will pick up after commit, called with `job_id` (public id).

    With `run_here` nothing is sent: the caller runs it in this process; should that die, a worker takes over.
    """
    job = Job.objects.create(
        public_id=Job.new_public_id(),
        kind=kind,
        title=title,
        task=task,
        parameters=parameters,
        owner=str(by),
        created_at=now,
        updated_at=now,
    )
    if not run_here:
        defer(task, job_id=job.public_id)
    return job


def claim_job(*, job_id: str, now: datetime) -> Job | None:
    """The job, running and ours; None when it has ended, is paused, or another worker's beat is fresh."""
    with transaction.atomic():
        job = Job.objects.select_for_update().filter(public_id=job_id).first()
        if job is None:
            raise NotFound(f"There is no job {job_id}.")
        if job.state == JobState.RUNNING and job.beat_at and now - job.beat_at < STALLED_AFTER:
            return None
        if job.state not in (JobState.QUEUED, JobState.RUNNING):
            return None
        job.state, job.beat_at, job.updated_at = JobState.RUNNING, now, now
        job.started_at = job.started_at or now
        job.save(update_fields=["state", "beat_at", "updated_at", "started_at"])
    return job


def advance_job(*, job: Job, done: int, now: datetime, total: int | None = None) -> bool:
    """Record progress; False when the owner asked to pause or stop, and the job is put into that state."""
    with transaction.atomic():
        fresh = Job.objects.select_for_update().get(pk=job.pk)
        fresh.done, fresh.beat_at, fresh.updated_at = done, now, now
        fresh.total = total if total is not None else fresh.total
        if fresh.stop_requested:
            fresh.state, fresh.finished_at = JobState.STOPPED, now
        elif fresh.pause_requested:
            fresh.state = JobState.PAUSED
        fresh.save(update_fields=["done", "total", "beat_at", "updated_at", "state", "finished_at"])
    job.done, job.total, job.state = fresh.done, fresh.total, fresh.state
    return fresh.state == JobState.RUNNING


def finish_job(*, job: Job, result: dict[str, Any], now: datetime) -> None:
    """The job has succeeded with `result` (counts and public ids only)."""
    _end(job=job, state=JobState.SUCCEEDED, result=result, error="", now=now)


def fail_job(*, job: Job, error: str, now: datetime) -> None:
    """The job has failed; `error` is a sentence for its owner, without personal data."""
    _end(job=job, state=JobState.FAILED, result=job.result, error=error[:500], now=now)


def _end(*, job: Job, state: JobState, result: dict[str, Any], error: str, now: datetime) -> None:
    Job.objects.filter(pk=job.pk).update(
        state=state, result=result, error=error, finished_at=now, beat_at=now, updated_at=now
    )
    job.refresh_from_db()


@transaction.atomic
def ask_job(*, job: Job, wish: str, now: datetime) -> Job:
    """Pause, stop, resume or retry (`wish`) a job; InvalidState when its state does not allow that."""
    job = Job.objects.select_for_update().get(pk=job.pk)
    target = {"pause": JobState.PAUSED, "stop": JobState.STOPPED, "resume": JobState.QUEUED, "retry": JobState.QUEUED}
    if target[wish] not in _MOVES.get(job.state, frozenset()):
        raise InvalidState(f"This job is {job.get_state_display().lower()}: it cannot {wish}.")
    if job.state == JobState.RUNNING:
        job.pause_requested, job.stop_requested = wish == "pause", wish == "stop"
    else:
        job.state = target[wish]
        job.pause_requested = job.stop_requested = False
        job.finished_at = now if wish == "stop" else None
        job.error = ""
    job.updated_at = now
    job.save(update_fields=["state", "pause_requested", "stop_requested", "finished_at", "error", "updated_at"])
    if job.state == JobState.QUEUED:
        defer(job.task, job_id=job.public_id)
    return job


def requeue_stalled_jobs(*, now: datetime) -> int:
    """Send again every queued or running job without a sign of life for STALLED_AFTER; returns how many."""
    stalled = Job.objects.filter(state=JobState.RUNNING, beat_at__lt=now - STALLED_AFTER) | Job.objects.filter(
        state=JobState.QUEUED, updated_at__lt=now - STALLED_AFTER
    )
    jobs = list(stalled.order_by("id")[:500])
    for job in jobs:
        current_app.tasks[job.task].apply_async(kwargs={"job_id": job.public_id})
    return len(jobs)


def trim_log_tables(
    *, outbox_before: datetime, idempotency_before: datetime, audit_before: datetime, now: datetime
) -> None:
    """Delete rows older than the given instants, sessions that are over, and yesterday's failed sign-ins."""
    with connection.cursor() as cursor:
        for table, column, before in (
            ("core_outboxmessage", "created_at", outbox_before),
            ("core_idempotencykey", "created_at", idempotency_before),
            ("core_signinguard", "updated_at", now - timedelta(days=1)),
            ("django_session", "expire_date", now),
        ):
            _delete_in_batches(cursor, table, column, before)
        cursor.execute("SELECT core_drop_audit_before(%s)", [audit_before])


def _delete_in_batches(cursor: Any, table: str, column: str, before: datetime) -> None:
    statement = f"DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table} WHERE {column} < %s LIMIT 10000))"  # noqa: S608
    while True:
        cursor.execute(statement, [before])
        if cursor.rowcount < 10_000:
            return
