"""Consents that are about to end: their people are asked once, by e-mail, whether they are to go on."""

from collections.abc import Collection
from datetime import datetime

import structlog

from consent.models import ConfirmationKind
from consent.rules.letters import locale_for
from consent.selectors.confirmations import ending_soon
from consent.services.confirmations import Question, ask_address
from core.actors import SYSTEM
from core.errors import DomainError
from customers.models import Customer

log = structlog.get_logger("consent")


def ask_renewals(*, now: datetime) -> int:
    """Everybody whose own yes ends within CONSENT_RENEWAL_DAYS has been asked, once in 90 days; how many people.

    Nobody's consent goes on by silence: without an answer it ends on its day.
    """
    return sum(_ask(pk, purposes, end, now) for pk, (purposes, end) in ending_soon(now=now).items())


def _ask(customer_id: int, purposes: Collection[str], ends_at: datetime, now: datetime) -> bool:
    customer = Customer.objects.get(pk=customer_id)
    question = Question(
        purposes=purposes,
        locale=locale_for(customer.language or ""),
        form_id="renewal",
        kind=ConfirmationKind.RENEWAL,
        expires_at=ends_at,
    )
    try:
        ask_address(customer=customer, address=customer.email or "", question=question, by=SYSTEM, now=now)
    except DomainError as refusal:
        log.info("renewal not asked", customer=customer.public_id, code=refusal.code)
        return False
    return True
