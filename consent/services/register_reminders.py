"""Reminders about the registers: papers of processors that end, breaches whose 72 hours run."""

from datetime import date, datetime, timedelta
from smtplib import SMTPException
from typing import Final

import structlog
from django.conf import settings
from django.core.mail import EmailMessage

from consent.models import Processor
from consent.selectors.registers import endings, open_breaches
from consent.selectors.requests import officers
from core import audit
from core.actors import SYSTEM

AGAIN_AFTER: Final = timedelta(days=14)
log = structlog.get_logger("privacy")


def remind_of_registers(*, now: datetime) -> int:
    """Every compliance officer has been told, in one e-mail a run, of papers that end and of breaches; how many lines.

    A paper is named again after two weeks, a breach with every run (each hour) until the authority was told. A mail
    that does not leave is tried again with the next run.
    """
    today = now.date()
    ends = [e for e in endings(today=today) if not _told_lately(e.processor, today)]
    lines = [
        f"Breach: tell the authority by {row.safe_due:%Y-%m-%d %H:%M} UTC\n  {_address('breaches', row.public_id)}"
        for row in open_breaches(now=now)[:20]
    ]
    lines += [
        f"{e.what} of {e.processor.name} ends on {e.on}\n  {_address('processors', e.processor.public_id)}"
        for e in ends
    ]
    people = [user.email for user in officers()]
    if not lines or not people or not _sent(people, lines):
        return 0
    Processor.objects.filter(pk__in={e.processor.pk for e in ends}).update(reminded_on=today)
    for e in ends:
        audit.record(by=SYSTEM, action="processor.reminded", target=e.processor.public_id)
    return len(lines)


def _told_lately(row: Processor, today: date) -> bool:
    return row.reminded_on is not None and row.reminded_on + AGAIN_AFTER > today


def _address(word: str, public_id: str) -> str:
    return f"{settings.PUBLIC_URL}/console/{word}/{public_id}"


def _sent(people: list[str], lines: list[str]) -> bool:
    subject = f"Privacy registers: {len(lines)} need care"
    try:
        for address in people:
            EmailMessage(subject=subject, body="\n\n".join(lines), to=[address]).send()
    except (SMTPException, OSError) as trouble:
        log.warning("reminder not sent", error=type(trouble).__name__)
        return False
    return True
