"""Celery entry points of the foundation."""

from datetime import timedelta
from typing import Any

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from core import jobs


@shared_task
def requeue_stalled_jobs(**_: Any) -> int:
    """Send again the jobs whose worker has died."""
    return jobs.requeue_stalled_jobs(now=timezone.now())


@shared_task
def apply_retention(**_: Any) -> None:
    """Drop records of the product that are past their retention, in bounded batches."""
    now = timezone.now()
    jobs.trim_log_tables(
        outbox_before=now - timedelta(days=settings.OUTBOX_RETENTION_DAYS),
        idempotency_before=now - timedelta(hours=settings.IDEMPOTENCY_HOURS),
        audit_before=now - timedelta(days=settings.AUDIT_RETENTION_DAYS),
        now=now,
    )
