"""Background work of customers."""

from datetime import timedelta
from typing import Any

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from customers.services.import_runs import run_import as run_import_now
from customers.services.import_undo import undo_import as undo_import_now
from customers.services.imports import clean_up_imports as clean_up_imports_now


@shared_task
def run_import(job_id: str, **_: Any) -> None:
    """Work on an import from its checkpoint."""
    run_import_now(job_id=job_id, clock=timezone.now)


@shared_task
def undo_import(job_id: str, **_: Any) -> None:
    """Work on taking an import back."""
    undo_import_now(job_id=job_id, clock=timezone.now)


@shared_task
def clean_up_imports(**_: Any) -> None:
    """Forget uploaded files and refused rows that are past their retention."""
    now = timezone.now()
    clean_up_imports_now(
        files_before=now - timedelta(days=settings.IMPORT_FILE_RETENTION_DAYS),
        changes_before=now - timedelta(days=settings.IMPORT_UNDO_DAYS),
        refused_before=now - timedelta(days=settings.REFUSED_ROW_RETENTION_DAYS),
    )
