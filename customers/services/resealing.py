"""Bringing stored values under the newest key, online: while it runs everything stays readable and writable."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from django.conf import settings
from django.db import transaction
from django.db.models import Model

from core import audit, jobs
from core.actors import Actor, ActorKind
from core.crypto import seal, unseal
from core.errors import DomainError, Unavailable
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


def reseal_texts(*, model: type[Model], field: str, context: Callable[[Any], str]) -> int:
    """Every text of this column lies under the first key of FIELD_KEYS; how many were moved.

    Rows are locked a chunk at a time, so that all keeps working; safe to repeat. `context` says in which a row's text
    was sealed; an empty text is none. Unavailable when a key is missing: what was moved before stays so.
    """
    first, last, moved = next(iter(settings.FIELD_KEYS)), 0, 0
    behind = model._default_manager.exclude(**{field: ""}).exclude(**{f"{field}__startswith": f"{first}:"})
    while True:
        with transaction.atomic():
            rows: list[Any] = list(behind.filter(pk__gt=last).order_by("pk").select_for_update(of=("self",))[:CHUNK])
            for row in rows:
                setattr(row, field, _moved(getattr(row, field), context(row)))
            model._default_manager.bulk_update(rows, [field])
        if not rows:
            return moved
        last, moved = rows[-1].pk, moved + len(rows)


def _moved(text: str, context: str) -> str:
    try:
        return seal(unseal(text, context), context)
    except (KeyError, InvalidTag):
        key_id = text.partition(":")[0]
        raise Unavailable(f"A stored text cannot be opened: FIELD_KEYS lacks the right key '{key_id}'.") from None


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
