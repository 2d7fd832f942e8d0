"""One thing done to many customers, as a job that keeps the filter and never a list of everybody."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import DatabaseError, transaction

from core import audit, jobs
from core.actors import Actor, ActorKind
from core.errors import DomainError
from core.models import Job
from customers.models import TagOrigin
from customers.selectors.bulk import Chosen, chosen_customers
from customers.selectors.segments.listing import find_segment
from customers.services.segments import change_members
from customers.services.tags import change_tags

KIND: Final = "bulk"
TASK: Final = "customers.tasks.run_bulk"
CHUNK: Final = 500
AT_ONCE: Final = 1_000
"""So many are done while the caller waits."""
Options = Mapping[str, str]
Clock = Callable[[], datetime]
Apply = Callable[[Sequence[int], Options, Actor, datetime], Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class BulkStep:
    """What is done: `apply(customer_ids, options, by, now)` runs in one transaction for at most CHUNK customers.

    It is safe to repeat and answers what it counts. `options` hold no personal data. With an `offer` it stands on the
    list of customers.
    """

    name: str
    title: str
    apply: Apply
    offer: "BulkOffer | None" = None


@dataclass(frozen=True, slots=True)
class BulkOffer:
    """How a step of an upper floor is offered: its button, who may press it, the reasons to choose from (key, words),
    and the sentence that has to be affirmed."""

    label: str
    permission: str
    icon: str
    reasons: Callable[[], Sequence[tuple[str, str]]]
    affirm: str


def _tag(customer_ids: Sequence[int], options: Options, by: Actor, now: datetime) -> Mapping[str, int]:
    changed = change_tags(customer_ids=customer_ids, add=[options["tag"]], origin=TagOrigin.PERSON, by=by, now=now)
    return {"changed": len(changed)}


def _list(customer_ids: Sequence[int], options: Options, by: Actor, now: datetime) -> Mapping[str, int]:
    segment = find_segment(options["segment"])
    before = segment.current.members if segment.current else 0
    after = change_members(segment=segment, add=customer_ids, by=by, now=now).current
    return {"changed": (after.members if after else 0) - before}


_steps: dict[str, BulkStep] = {
    "tag": BulkStep("tag", "Tag customers", _tag),
    "list": BulkStep("list", "Put customers on a list", _list),
}


def register_bulk_step(step: BulkStep, /) -> None:
    """Let customers be treated so at once; a name may be taken once."""
    if step.name in _steps:
        raise ValueError(f"{step.name} is registered twice")
    _steps[step.name] = step


def offered_steps() -> list[BulkStep]:
    """The steps of upper floors that are offered on the list of customers, by name."""
    return [_steps[name] for name in sorted(_steps) if _steps[name].offer]


def do_bulk(
    *, step: str, chosen: Chosen, count: int, options: Options, by: Actor, clock: Clock, waits: bool = True
) -> Job:
    """A job that does the step to the chosen customers; done already when they are at most AT_ONCE and `waits`.

    `count` is how many they were when it was confirmed.
    """
    here = waits and count <= AT_ONCE
    with transaction.atomic():
        job = jobs.start_job(
            kind=KIND,
            title=f"{_steps[step].title}: {count:,} chosen",
            task=TASK,
            parameters={"step": step, "chosen": chosen.sealed(), "options": dict(options)},
            by=by,
            now=clock(),
            run_here=here,
        )
        Job.objects.filter(pk=job.pk).update(total=count, unit="customers")
        audit.record(by=by, action=f"customers.bulk_{step}", target=job.public_id, changes={"chosen": [0, count]})
    if here:
        run_bulk(job_id=job.public_id, clock=clock)
    job.refresh_from_db()
    return job


def run_bulk(*, job_id: str, clock: Clock) -> None:
    """Do the job's step to everybody who matches, by id from its checkpoint on; pausing and stopping keep what is done.

    The filter is asked again for each chunk: who stopped matching meanwhile is left alone.
    """
    job = jobs.claim_job(job_id=job_id, now=clock())
    if job is None:
        return
    kind, _, name = job.owner.partition(":")
    by, going = Actor(kind=ActorKind(kind), id=name), True
    try:
        rows = chosen_customers(Chosen.opened(str(job.parameters["chosen"])))
        while going and (done := _chunk(job, rows, by, clock())):
            total = max(job.total or 0, job.done + done)
            going = jobs.advance_job(job=job, done=job.done + done, total=total, now=clock())
    except (DatabaseError, DomainError) as broken:
        cause = broken.message if isinstance(broken, DomainError) else type(broken).__name__
        jobs.fail_job(job=job, error=f"It broke off behind {job.done:,} customers: {cause}", now=clock())
        raise
    if going:
        jobs.finish_job(job=job, result=job.result, now=clock())


@transaction.atomic
def _chunk(job: Job, rows: Any, by: Actor, now: datetime) -> int:
    """The next customers are done, and the checkpoint stands behind them; how many they were."""
    result = dict(job.result)
    after = int(result.pop("after", 0))
    ids = list(rows.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:CHUNK])
    if ids:
        step = _steps[str(job.parameters["step"])]
        counts = Counter(result)
        counts.update(step.apply(ids, job.parameters["options"], by, now))
        result = dict(counts) | {"after": ids[-1]}
        Job.objects.filter(pk=job.pk).update(result=result)
    job.result = result
    return len(ids)
