"""Letters to requesters: written in the transaction of what they tell, sent after it, again until they leave."""

from datetime import datetime, timedelta
from smtplib import SMTPException
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F, Q

from consent.models import DataRequest, Letter
from consent.rules.letters import LETTERS, foot, letter, what
from consent.rules.request_clock import known_regime
from consent.selectors.request_links import choices_link, status_link
from consent.selectors.requests import opened, package_of
from core import jobs
from core.actors import Actor
from core.crypto import sign_text

_CLAIM: Final = timedelta(minutes=2)
MOST_ATTEMPTS: Final = 12
_LINKS: Final = {"verify": "privacy/confirm", "package": "privacy/package"}


def write_letter(
    *,
    request: DataRequest,
    kind: str,
    by: Actor,
    now: datetime,
    reason: str = "",
    article: str = "",
    parts: tuple[str, ...] = (),
    due: str = "",
) -> Letter | None:
    """The letter is stored and on its way after commit; None when the requester left no address."""
    if not request.contact_sealed:
        return None
    facts = {
        "reference": request.public_id[-8:],
        "what": what(request.kind, request.locale, request.purpose),
        "received": request.received_on.isoformat(),
        "due": due or request.safe_due.isoformat(),
        "reason": reason,
        "article": article,
    }
    law = known_regime(request.regime).law.key
    limited = bool(request.purpose)
    subject, body = letter(kind=kind, locale=request.locale, law=law, facts=facts, parts=parts, limited=limited)
    row = Letter.objects.create(
        request=request,
        kind=kind,
        locale=request.locale,
        template_version=LETTERS,
        subject=subject,
        body=body,
        created_at=now,
        created_by=str(by),
    )
    jobs.defer("consent.tasks.send_letter", letter_id=row.pk)
    return row


def send_letter(*, letter_id: int, now: datetime) -> bool:
    """The letter has left, or its error says why not; False when it had left before or another worker has it.

    A worker killed between sending and noting it sends the same Message-ID again.
    """
    free = Q(claimed_at__isnull=True) | Q(claimed_at__lt=now - _CLAIM)
    mine = Letter.objects.filter(free, pk=letter_id, sent_at__isnull=True)
    if not mine.update(claimed_at=now, attempts=F("attempts") + 1):
        return False
    row = Letter.objects.select_related("request__customer").get(pk=letter_id)
    address = opened(row.request.contact_sealed)
    if not address:
        Letter.objects.filter(pk=letter_id).update(sent_at=now, error="The requester's address is no longer kept.")
        return False
    try:
        _message(row, address, now).send()
    except (SMTPException, OSError) as trouble:
        Letter.objects.filter(pk=letter_id).update(error=f"{type(trouble).__name__}: not sent")
        return False
    Letter.objects.filter(pk=letter_id).update(sent_at=now, error="")
    return True


def send_waiting_letters(*, now: datetime) -> int:
    """Every letter whose last attempt is long enough ago is handed to a worker again, each to the next that is free.

    How many were. Each wait doubles. A mail server that does not answer holds up one letter, not those behind it.
    """
    waiting = Letter.objects.filter(sent_at__isnull=True, attempts__lt=MOST_ATTEMPTS).order_by("created_at")[:200]
    due = [
        row.pk
        for row in waiting
        if row.claimed_at is None or row.claimed_at + _CLAIM * 2 ** min(row.attempts, 9) <= now
    ]
    for pk in due:
        jobs.defer("consent.tasks.send_letter", letter_id=pk)
    return len(due)


def link_for(row: Letter, /) -> str:
    """The signed address that a letter leads to; empty for letters without one."""
    route = _LINKS.get(row.kind)
    if route is None:
        return ""
    package = package_of(row.request) if row.kind == "package" else None
    name = package.public_id if package else row.request.public_id
    return f"{settings.PUBLIC_URL}/{route}/{sign_text(f'privacy-{row.kind}', name)}"


def _message(row: Letter, address: str, now: datetime) -> EmailMessage:
    below = foot(row.locale, status=status_link(row.request), choices=choices_link(row.request, now))
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")
    return EmailMessage(
        subject=row.subject,
        body=row.body.replace("{link}", link_for(row)) + below,
        to=[address],
        headers={
            "Message-ID": f"<letter-{row.pk}.{row.request.public_id}@{domain}>",
            "Auto-Submitted": "auto-generated",
        },
    )
