"""Letters to those who look after integrations, and to the contacts of clients."""

from collections.abc import Iterable
from smtplib import SMTPException
from typing import Final, NamedTuple

import structlog
from django.core.mail import EmailMessage

from core.jobs import Retryable
from core.models import StaffUser

MOST_TOLD: Final = 50
log = structlog.get_logger("letters")


class Letter(NamedTuple):
    """One message to one address."""

    to: str
    subject: str
    body: str


def manager_addresses() -> list[str]:
    """E-mail addresses of active staff who look after integrations, the oldest accounts first; at most MOST_TOLD."""
    people = StaffUser.objects.filter(is_active=True, role__in=("integration_admin", "superuser")).order_by("id")
    return list(people.values_list("email", flat=True)[:MOST_TOLD])


def send_letters(letters: Iterable[Letter], /, *, about: str) -> int:
    """All were handed to the mail server; how many. Retryable, naming the public id `about`, when it is away."""
    sent = 0
    try:
        for letter in letters:
            EmailMessage(subject=letter.subject, body=letter.body, to=[letter.to]).send()
            sent += 1
    except (SMTPException, OSError) as trouble:
        log.warning("letter_not_sent", about=about, error=type(trouble).__name__)
        raise Retryable(about) from trouble
    return sent
