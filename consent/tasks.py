"""Celery entry points of consent."""

from datetime import timedelta
from typing import Any

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from consent.services import (
    audit_reports,
    confirmation_letters,
    confirmations,
    disclosures,
    expiry,
    masks,
    register_reminders,
    reminders,
    renewals,
    request_bulk,
    request_letters,
    request_steps,
    request_upkeep,
    retention,
    verification,
)
from core.actors import SYSTEM


@shared_task
def expire_consents(**_: Any) -> int:
    """Record the consents that have run out, and put right who was allowed by words just replaced."""
    now = timezone.now()
    confirmations.expire_confirmations(now=now)
    return expiry.expire_consents(now=now) + masks.sweep_outdated(now=now)


@shared_task
def send_confirmation(confirmation_id: int, **_: Any) -> bool:
    """Send one question by e-mail."""
    return confirmation_letters.send_confirmation(confirmation_id=confirmation_id, now=timezone.now())


@shared_task
def ask_renewals(**_: Any) -> int:
    """Ask people whose consent is about to end."""
    return renewals.ask_renewals(now=timezone.now())


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
    """Drop consent tokens older than the events they could have allowed, closed questions, old disclosures."""
    now = timezone.now()
    retention.drop_old_confirmations(before=now - retention.CONFIRMATIONS_KEPT)
    disclosures.keep_disclosure_months(keep_months=settings.DISCLOSURE_RETENTION_MONTHS, now=now)
    return retention.drop_old_tokens(before=now - timedelta(days=31 * (settings.EVENT_RETENTION_MONTHS + 1)))


@shared_task
def make_audit_reports(**_: Any) -> int:
    """Keep the audit reports of the month and year that are over."""
    return audit_reports.make_due_reports(now=timezone.now())


@shared_task
def drain_disclosures(**_: Any) -> int:
    """Bring who was told about whom into the ledger of disclosures."""
    return disclosures.drain_disclosures()


@shared_task
def run_request_step(step_id: int, **_: Any) -> bool:
    """Do one task of a privacy request."""
    return request_steps.run_step(step_id=step_id, now=timezone.now())


@shared_task
def work_on_many_requests(job_id: str, **_: Any) -> None:
    """Take one step for many privacy requests."""
    request_bulk.work_on_many(job_id=job_id, clock=timezone.now)


@shared_task
def resume_request_steps(**_: Any) -> int:
    """Take up every task of a privacy request that did not finish."""
    return request_steps.resume_steps(now=timezone.now())


@shared_task
def send_letter(letter_id: int, **_: Any) -> bool:
    """Send one letter to a requester."""
    return request_letters.send_letter(letter_id=letter_id, now=timezone.now())


@shared_task
def send_waiting_letters(**_: Any) -> int:
    """Hand every letter and every question by e-mail that did not leave to a worker."""
    now = timezone.now()
    return request_letters.send_waiting_letters(now=now) + confirmation_letters.send_waiting_confirmations(now=now)


@shared_task
def keep_requests(**_: Any) -> int:
    """Remind staff, check every date again, forget addresses, remove ended packages, drop old records."""
    now = timezone.now()
    request_upkeep.check_dates(now=now)
    request_upkeep.forget_contacts(now=now)
    request_upkeep.remove_ended_packages(now=now)
    request_upkeep.drop_old_requests(before=now - timedelta(days=31 * settings.REQUEST_RETENTION_MONTHS))
    return reminders.remind(now=now) + register_reminders.remind_of_registers(now=now)
