"""One step for many requests at once, as a job: each request in a transaction of its own, those that cannot stay."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from consent.models import DataRequest
from consent.services.request_decisions import approve_request, deliver_request
from consent.services.requests import acknowledge_request, assign_request, extend_request, start_collecting
from core import audit, jobs
from core.actors import Actor, ActorKind
from core.errors import DomainError, InvalidInput
from core.models import Job, JobState

AT_MOST: Final = 10_000
NAMED: Final = 20
TASK: Final = "consent.tasks.work_on_many_requests"
Clock = Callable[[], datetime]
Given = Mapping[str, str]
Step = Callable[[DataRequest, Given, Actor, datetime], DataRequest]

_STEPS: Final[Mapping[str, tuple[str, Step]]] = {
    "assign": ("Assign", lambda row, said, by, now: assign_request(request=row, to=said["to"], by=by, now=now)),
    "acknowledge": ("Acknowledge", lambda row, said, by, now: acknowledge_request(request=row, by=by, now=now)),
    "extend": ("Extend", lambda row, said, by, now: extend_request(request=row, reason=said["reason"], by=by, now=now)),
    "start": ("Start", lambda row, said, by, now: start_collecting(request=row, by=by, now=now)),
    "deliver": ("Close", lambda row, said, by, now: deliver_request(request=row, by=by, now=now)),
    "approve": ("Approve", lambda row, said, by, now: approve_request(request=row, by=by, now=now)),
}


@transaction.atomic
def start_many(*, step: str, rows: QuerySet[DataRequest], said: Given, by: Actor, now: datetime) -> Job:
    """A job that takes this step (one of `_STEPS`) for each request, with what `said` gives.

    At most 10,000 requests; InvalidInput for more.
    """
    title, _ = _STEPS[step]
    ids = list(rows.order_by("safe_due", "pk").values_list("pk", flat=True)[: AT_MOST + 1])
    if len(ids) > AT_MOST:
        raise InvalidInput(f"At most {AT_MOST:,} requests at once.", code="batch_too_large")
    parameters = {"step": step, "said": dict(said), "requests": ids, "refused": {}, "first": []}
    job = jobs.start_job(
        kind="requests.bulk", title=f"{title} privacy requests", task=TASK, parameters=parameters, by=by, now=now
    )
    audit.record(by=by, action="request.bulk_started", target=job.public_id, changes={"requests": [0, len(ids)]})
    return job


def work_on_many(*, job_id: str, clock: Clock) -> None:
    """Take the step for one request after the other; killed at any moment and run again, it goes on behind the last."""
    job = jobs.claim_job(job_id=job_id, now=clock())
    if job is None:
        return
    kind, _, name = job.owner.partition(":")
    by, ids = Actor(kind=ActorKind(kind), id=name), job.parameters["requests"]
    going = jobs.advance_job(job=job, done=job.done, total=len(ids), now=clock())
    while going and job.done < len(ids):
        going = _one_more(job, ids[job.done], by, clock())
    if going:
        refused = Counter(job.parameters["refused"])
        result = {"done": job.done - refused.total(), "refused": dict(refused), "first": job.parameters["first"]}
        jobs.finish_job(job=job, result=result, now=clock())


@transaction.atomic
def _one_more(job: Job, pk: int, by: Actor, now: datetime) -> bool:
    """The step and the job's progress stand or fall together."""
    row = DataRequest.objects.filter(pk=pk).first()
    if row is not None:
        try:
            with transaction.atomic():
                _STEPS[job.parameters["step"]][1](row, job.parameters["said"], by, now)
        except DomainError as refusal:
            _note(job, row, refusal)
    jobs.advance_job(job=job, done=job.done + 1, now=now)
    return job.state == JobState.RUNNING


def _note(job: Job, row: DataRequest, refusal: DomainError) -> None:
    refused = job.parameters["refused"]
    refused[refusal.code] = refused.get(refusal.code, 0) + 1
    if len(job.parameters["first"]) < NAMED:
        job.parameters["first"].append(f"{row.public_id}: {refusal.message}")
    Job.objects.filter(pk=job.pk).update(parameters=job.parameters)
