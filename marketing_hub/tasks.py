"""Background work of the entrance."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from core.actors import SYSTEM
from marketing_hub import deprecation_notices
from marketing_hub.portal import ratings
from marketing_hub.sandbox import seeding
from marketing_hub.sandbox.drive import driver
from marketing_hub.system import ended_jobs, seals


@shared_task
def seal_audit(**_: Any) -> None:
    """Seal what was recorded since the last time."""
    seals.seal_audit(now=timezone.now())


@shared_task
def tell_of_deprecations(**_: Any) -> int:
    """Write to clients that still call what is to end."""
    return deprecation_notices.tell_of_deprecations(now=timezone.now())


@shared_task
def forget_comments(**_: Any) -> int:
    """Forget what readers of the documentation wrote that is past its retention."""
    return ratings.forget_comments(now=timezone.now())


@shared_task
def forget_jobs(**_: Any) -> int:
    """Forget long work that ended before its retention."""
    return ended_jobs.forget_jobs(now=timezone.now())


@shared_task
def reset_sandbox(job_id: str, **_: Any) -> None:
    """Bring the sandbox back to its mock data; only ever asked for inside it."""
    driver().reset_now(job_id=job_id, by=SYSTEM)


@shared_task
def seed_sandbox(job_id: str, **_: Any) -> None:
    """Put in what is missing of the mock data; only ever asked for inside the sandbox."""
    seeding.seed_now(job_id=job_id)


@shared_task
def verify_audit(job_id: str, **_: Any) -> None:
    """Prove every seal."""
    seals.verify_audit(job_id=job_id)
