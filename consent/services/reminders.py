"""Reminders to staff: one e-mail a person and run, naming requests by id, the most pressing first."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from smtplib import SMTPException
from typing import Final

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction

from consent.models import DataRequest
from consent.rules.reminders import escalates, rung_of, words_of
from consent.selectors.requests import local_day, officers, waiting_for_reminder
from consent.services.request_writing import keep, lock
from core.actors import SYSTEM

log = structlog.get_logger("privacy")
AT_ONCE: Final = 500
_Lines = dict[str, list[str]]


def remind(*, now: datetime) -> int:
    """Whoever must act on a request that has reached its next rung has been told, once a rung; how many requests.

    The assignee is told first; from two days before the day we work towards, and when nobody has the request, every
    compliance officer. `dsar.due_soon` is published for each. A mail that does not leave is tried again with the next
    run, because the rung is noted after sending.
    """
    people = {f"staff:{user.public_id}": user.email for user in officers()}
    letters, due = defaultdict[str, list[str]](list), list[tuple[DataRequest, int]]()
    for row in waiting_for_reminder(now)[:AT_ONCE]:
        rung = rung_of(row.safe_due, local_day(row.regime, now))
        if rung > row.reminded:
            due.append((row, rung))
            for address in _told(row, rung, people):
                letters[address].append(_line(row, rung))
    if due and letters and not _sent(letters):
        return 0
    for row, rung in due:
        _note(row, rung, now)
    return len(due)


def _told(row: DataRequest, rung: int, people: Mapping[str, str]) -> list[str]:
    own = people.get(row.assignee)
    return [own] if own and not escalates(rung) else list(people.values())


def _line(row: DataRequest, rung: int) -> str:
    address = f"{settings.PUBLIC_URL}/console/privacy-requests/{row.public_id}"
    kind = row.get_kind_display()
    return f"{kind} ({row.regime}), {words_of(rung)}: by {row.safe_due}, at the latest {row.law_due}\n  {address}"


def _sent(letters: _Lines) -> bool:
    for address, lines in sorted(letters.items()):
        subject = f"{len(lines)} privacy request{'s' if len(lines) > 1 else ''} need care"
        try:
            EmailMessage(subject=subject, body="\n\n".join(lines), to=[address]).send()
        except (SMTPException, OSError) as trouble:
            log.warning("reminder not sent", error=type(trouble).__name__)
            return False
    return True


@transaction.atomic
def _note(request: DataRequest, rung: int, now: datetime) -> None:
    row = lock(request=request)
    if row.is_open and rung > row.reminded:
        row.reminded = rung
        action = "escalated" if escalates(rung) else "due_soon"
        keep(row=row, action=action, by=SYSTEM, now=now, before=row.state, text=words_of(rung))
