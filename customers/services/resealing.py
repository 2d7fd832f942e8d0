"""Bringing stored values under the newest key, online: while it runs everything stays readable and writable."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from core import audit, jobs
from core.actors import Actor, ActorKind
from core.errors import DomainError
from core.models import Job
from customers.models import Customer, ProfileChange
from customers.rules.sealed import must_be_sealed, resealed
from customers.selectors.attributes import all_rules

KIND: Final = "attributes.reseal"
TASK: Final = "customers.tasks.reseal_attributes"
CHUNK: Final = 500
HISTORY_CHUNK: Final = 10_000
Clock = Callable[[], datetime]
Progress = Callable[[Job], None]


def start_resealing(*, by: Actor, now: datetime, run_here: bool = False) -> Job:
    """A job that seals every sensitive value under the first key of FIELD_KEYS and opens those that need no seal."""
    job = jobs.start_job(
        kind=KIND,
        title="Seal sensitive attributes under the newest key",
        task=TASK,
        parameters={"after": 0, "changed": 0},
        by=by,
        now=now,
        run_here=run_here,
    )
    audit.record(by=by, action="attributes.reseal_started", target=job.public_id)
    return job


def reseal_attributes(*, job_id: str, clock: Clock, progress: Progress | None = None) -> None:
    """Work on the job from its checkpoint; killed at any moment and run again, it goes on behind the last chunk."""
    job = jobs.claim_job(job_id=job_id, now=clock())
    if job is None:
        return
    total = job.done + Customer.objects.filter(pk__gt=job.parameters["after"]).exclude(attributes={}).count()
    going = jobs.advance_job(job=job, done=job.done, total=total, now=clock())
    _forget_history()
    try:
        while going and (seen := _reseal_chunk(job)):
            going = jobs.advance_job(job=job, done=job.done + seen, now=clock())
            if progress:
                progress(job)
    except DomainError as broken:
        jobs.fail_job(job=job, error=broken.message, now=clock())
        raise
    if going:
        _finish(job, clock())


def _forget_history() -> None:
    """What attributes said before, in the clear, is gone where they are sensitive now."""
    fields = [f"attributes.{key}" for key in must_be_sealed(all_rules())]
    old = ProfileChange.objects.filter(field__in=fields).values("pk")
    while ProfileChange.objects.filter(pk__in=old[:HISTORY_CHUNK]).delete()[0] == HISTORY_CHUNK:
        continue


@transaction.atomic
def _reseal_chunk(job: Job) -> int:
    """How many customers were looked at; the checkpoint stands or falls with what was changed."""
    keys = must_be_sealed(all_rules())
    behind = Customer.objects.filter(pk__gt=job.parameters["after"]).exclude(attributes={}).order_by("pk")
    rows = list(behind.select_for_update(of=("self",)).only("pk", "attributes")[:CHUNK])
    changed = []
    for row in rows:
        fresh = resealed(row.attributes, keys)
        if fresh != row.attributes:
            row.attributes = fresh
            changed.append(row)
    Customer.objects.bulk_update(changed, ["attributes"])
    if rows:
        parameters: dict[str, Any] = {
            "after": rows[-1].pk,
            "changed": job.parameters["changed"] + len(changed),
        }
        job.parameters = parameters
        Job.objects.filter(pk=job.pk).update(parameters=parameters)
    return len(rows)


@transaction.atomic
def _finish(job: Job, now: datetime) -> None:
    changed = job.parameters["changed"]
    kind, _, name = job.owner.partition(":")
    jobs.finish_job(job=job, result={"changed": changed}, now=now)
    audit.record(by=Actor(kind=ActorKind(kind), id=name), action="attributes.resealed", target=job.public_id)
