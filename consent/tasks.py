"""Celery entry points of consent."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from consent.services import expiry, masks


@shared_task
def expire_consents(**_: Any) -> int:
    """Record the consents that have run out, and put right who was allowed by words just replaced."""
    now = timezone.now()
    return expiry.expire_consents(now=now) + masks.sweep_outdated(now=now)


@shared_task
def recompute_purpose(job_id: str, **_: Any) -> None:
    """Bring a changed notice to the record of everybody it concerns."""
    masks.recompute_purpose(job_id=job_id)
