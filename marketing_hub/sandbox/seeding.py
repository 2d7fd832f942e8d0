"""Mock data on request: what is missing of it joins what is there; a job that tells how far it is."""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils import timezone

from core import audit, jobs
from core.actors import Actor
from core.models import Job
from marketing_hub.sandbox.mock import PEOPLE, seed_mock

SEED: Final = "sandbox.seed"


def ask_seed(*, by: Actor, now: datetime) -> Job:
    """A job that puts in what is missing once the caller's transaction is over; recorded with who asked."""
    title, task = "Mock data of the sandbox", "marketing_hub.tasks.seed_sandbox"
    with transaction.atomic():
        job = jobs.start_job(kind=SEED, title=title, task=task, parameters={}, by=by, now=now)
        audit.record(by=by, action=SEED, target=job.public_id)
    job.refresh_from_db()
    return job


def seed_now(*, job_id: str) -> None:
    """The job is done; its result says how many were made, and how many there already were or must not come back."""
    job = jobs.claim_job(job_id=job_id, now=timezone.now())
    if job is None:
        return
    made = seed_mock(tell=lambda done: jobs.advance_job(job=job, done=done, total=PEOPLE, now=timezone.now()))
    jobs.finish_job(job=job, result={"made": made, "left_as_they_are": PEOPLE - made}, now=timezone.now())
