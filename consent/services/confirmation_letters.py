"""Sending the questions of double opt-in and renewal: after commit, again until they leave."""

from datetime import datetime, timedelta
from smtplib import SMTPException
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F
from django.utils import timezone

from consent.models import Confirmation, ConfirmationKind, ConfirmationState
from consent.rules.preferences import mail_words, preference_words
from consent.selectors.catalogue import catalogue
from consent.selectors.confirmations import asked_address, confirmation_url, names_of_purposes
from consent.selectors.links import Links, links_for
from core import jobs

_WAIT: Final = timedelta(minutes=2)
MOST_ATTEMPTS: Final = 10


def send_confirmation(*, confirmation_id: int, now: datetime) -> bool:
    """The letter has left, or its error says why not; False when it had left before or another worker has it.

    A worker killed between sending and noting it sends the same Message-ID again.
    """
    mine = Confirmation.objects.filter(pk=confirmation_id, state=ConfirmationState.PENDING, due_at__lte=now)
    attempts = mine.values_list("attempts", flat=True).first()
    if attempts is None:
        return False
    later = now + _WAIT * 2 ** min(attempts, 8) if attempts + 1 < MOST_ATTEMPTS else None
    if not mine.filter(attempts=attempts).update(due_at=later, attempts=F("attempts") + 1):
        return False
    row = Confirmation.objects.select_related("customer").get(pk=confirmation_id)
    try:
        _message(row, now).send()
    except (SMTPException, OSError) as trouble:
        Confirmation.objects.filter(pk=row.pk).update(error=f"{type(trouble).__name__}: not sent")
        return False
    Confirmation.objects.filter(pk=row.pk).update(due_at=None, error="", letters=F("letters") + 1)
    return True


def send_waiting_confirmations(*, now: datetime) -> int:
    """Every letter whose turn has come is handed to a worker again, each to the next that is free; how many were.

    Each wait doubles, ten times at most. A mail server that does not answer holds up one letter, not those behind it.
    """
    waiting = Confirmation.objects.filter(due_at__lte=now, state=ConfirmationState.PENDING).order_by("due_at")
    due = list(waiting.values_list("pk", flat=True)[:200])
    for pk in due:
        jobs.defer("consent.tasks.send_confirmation", confirmation_id=pk)
    return len(due)


def _message(row: Confirmation, now: datetime) -> EmailMessage:
    subject, body = mail_words(row.kind, row.locale)
    links = _links(row, now)
    facts = {
        "brand": settings.CONSOLE_BRAND,
        "uses": names_of_purposes(row.purposes, row.locale),
        "days": max(1, (row.expires_at - now).days),
        "ends": timezone.localtime(row.expires_at).date().isoformat(),
        "link": confirmation_url(row),
    }
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")
    return EmailMessage(
        subject=subject.format(**facts),
        body=body.strip().format(**facts) + _all_choices(links, row.locale),
        to=[asked_address(row)],
        headers={
            "Message-ID": f"<{row.public_id}.{row.letters}@{domain}>",
            "Auto-Submitted": "auto-generated",
            **(links.headers if links else {}),
        },
    )


def _links(row: Confirmation, now: datetime) -> Links | None:
    """A renewal goes to somebody who receives mail from us: it carries the way out (RFC 8058) and all her choices."""
    use = catalogue().uses.get(next(iter(row.purposes), ""))
    if row.customer is None or use is None or row.kind == ConfirmationKind.CONFIRM:
        return None
    return links_for(customer=row.customer, purpose=use, locale=row.locale, now=now)


def _all_choices(links: Links | None, locale: str) -> str:
    return f"\n\n{preference_words(locale)['unsub_more']}: {links.preferences}" if links else ""
