"""Celery entry points of consent."""

from datetime import timedelta
from typing import Any

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from consent.services import expiry, masks, retention, verification
from core.actors import SYSTEM


@shared_task
def expire_consents(**_: Any) -> int:
    """Record the consents that have run out, and put right who was allowed by words just replaced."""
    now = timezone.now()
    return expiry.expire_consents(now=now) + masks.sweep_outdated(now=now)


@shared_task
def recompute_purpose(job_id: str, **_: Any) -> None:
    """Bring a changed notice to the record of everybody it concerns."""
    masks.recompute_purpose(job_id=job_id)


@shared_task
def verify_ledger(job_id: str, **_: Any) -> None:
    """Walk every chain and every anchor."""
    verification.verify_ledger(job_id=job_id)


@shared_task
def prove_ledger(**_: Any) -> None:
    """Anchor the days that are over, and walk the ledger once a day."""
    now = timezone.now()
    if verification.anchor_ledger(now=now):
        verification.start_verification(by=SYSTEM, now=now)


@shared_task
def apply_retention(**_: Any) -> int:
    """Drop consent tokens that are older than the events they could have allowed."""
    before = timezone.now() - timedelta(days=31 * (settings.EVENT_RETENTION_MONTHS + 1))
    return retention.drop_old_tokens(before=before)
