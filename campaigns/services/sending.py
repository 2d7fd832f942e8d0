"""Sending: rows are claimed by many workers at once, permission is read again at the last moment, nobody gets two.

A worker claims some rows (SKIP LOCKED), then hands over one message after the other. The statement that marks a
message as being handed over reads consent, suppression and the campaign's state in the same breath, and commits
before the mail server is called: whoever said no until then gets nothing, and a worker killed at any moment leaves at
most one message whose outcome is unknown.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from smtplib import SMTPException
from typing import Any, Final

import structlog
from django.core.mail import get_connection
from django.db import connection

from campaigns.models import Campaign, Channel, Delivery
from campaigns.rules.content.templates import TemplateFault
from campaigns.rules.deliveries import DeliveryState
from campaigns.rules.feedback import no_mailbox
from campaigns.rules.lifecycle import State
from campaigns.rules.outcomes import SENT, Outcome, away
from campaigns.selectors.audience import REASON
from campaigns.services.claims import BACK, claim
from campaigns.services.feedback import suppress_gone
from campaigns.services.handing import hand_over, provider_id
from campaigns.services.messages import Writer
from campaigns.services.told import tell_message
from consent.selectors.catalogue import SERVICE_BIT
from consent.selectors.decisions import use_of
from consent.selectors.links import choices_until
from customers.models import Customer

Clock = Callable[[], datetime]
log = structlog.get_logger("campaigns")
MEASURING: Final = "analytics"
"""Key of the purpose under which people agree that we note how they react to messages."""

_HAND_OVER: Final = f"""
UPDATE campaigns_delivery d SET state = 'sending', claimed_at = %(now)s, attempts = d.attempts + 1,
    consent_ref = c.consent_ref, tracked = k.tracking AND k.channel = 'email' AND c.consent_mask & %(analytics)s <> 0
        AND (c.consent_until IS NULL OR c.consent_until > %(now)s)
FROM customers_customer c, campaigns_campaign k
WHERE d.id = %(delivery)s AND d.state = 'claimed' AND k.id = d.campaign_id AND k.state = 'sending'
    AND c.id = d.customer_id AND c.status <> 'deleted' AND c.merged_into_id IS NULL AND {REASON} = ''
RETURNING c.id, c.public_id, c.email, c.first_name, c.last_name, c.country, c.region, c.language, c.orders_count,
    c.attributes::text, d.attempts, d.tracked
"""  # noqa: S608
_WHY: Final = f"""
SELECT k.state, CASE WHEN c.id IS NULL OR c.status = 'deleted' THEN 'deleted'
    WHEN c.merged_into_id IS NOT NULL THEN 'merged' ELSE {REASON} END
FROM campaigns_delivery d JOIN campaigns_campaign k ON k.id = d.campaign_id
LEFT JOIN customers_customer c ON c.id = d.customer_id WHERE d.id = %(delivery)s AND d.state = 'claimed'
"""  # noqa: S608


def send_campaign(*, campaign_id: int, slot: int, seconds: float, clock: Clock) -> int:
    """Everybody who is due was sent to or left out with a reason, or `seconds` are over; how many were sent.

    Two workers never share a slot; a second one asking for it answers 0 at once.
    """
    with _slot(campaign_id, slot) as free:
        campaign = Campaign.objects.filter(pk=campaign_id, state=State.SENDING).first()
        if not free or campaign is None:
            return 0
        sender, until, sent = _Sender(campaign, clock), time.monotonic() + seconds, 0
        with sender:
            while time.monotonic() < until and sender.goes_on:
                batch = claim(campaign=campaign, now=clock())
                if not batch.taken and not batch.decided:
                    break
                sent += sender.send(batch.taken)
        return sent


@contextmanager
def _slot(campaign_id: int, slot: int) -> Iterator[bool]:
    """Hold the slot of a campaign for this connection; the database frees it when the process dies."""
    key: tuple[str, int] = (f"campaigns.send:{campaign_id}", slot)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s), %s)", key)
        free = bool(cursor.fetchone()[0])
        try:
            yield free
        finally:
            if free:
                cursor.execute("SELECT pg_advisory_unlock(hashtext(%s), %s)", key)


class _Sender:
    """One worker's way to the mail server for one campaign, kept open from message to message."""

    def __init__(self, campaign: Campaign, clock: Clock) -> None:
        self._clock, self._use = clock, use_of(campaign.purpose_id)
        self._campaign, self._mailed = campaign, campaign.channel == Channel.EMAIL
        self._writer = Writer(campaign, self._use, choices_until(clock()))
        self._mail: Any = get_connection()
        self.goes_on = True

    def __enter__(self) -> "_Sender":
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._mail.close()
        except (SMTPException, OSError) as trouble:
            log.info("mail connection not closed", error=type(trouble).__name__)

    def send(self, deliveries: Sequence[int]) -> int:
        """Hand over these claimed rows one by one; how many the server took."""
        sent = 0
        for place, pk in enumerate(deliveries):
            now = self._clock()
            found = _handed_over(pk, self._parameters(pk, now))
            if found is None:
                _leave_out(pk, self._parameters(pk, now))
                continue
            outcome = self._outcome(pk, found)
            _note(pk, outcome, self._clock())
            if no_mailbox(outcome.code):
                suppress_gone(address=found.customer.email or "", now=self._clock())
            sent += outcome.state == DeliveryState.SENT
            if outcome.stops:
                self.goes_on = False
                Delivery.objects.filter(pk__in=deliveries[place + 1 :], state=DeliveryState.CLAIMED).update(**BACK)
                break
        return sent

    def _parameters(self, pk: int, now: datetime) -> dict[str, Any]:
        bits = {"bit": self._use.mask, "service": 1 << SERVICE_BIT, "analytics": use_of(MEASURING).mask}
        return {"delivery": pk, "now": now, "purpose": self._use.id, "mailed": self._mailed, **bits}

    def _outcome(self, pk: int, found: "_Due") -> Outcome:
        try:
            if not self._mailed:
                self._writer.shown(found.customer)
                return self._told(pk, found)
            message = self._writer.message(
                customer=found.customer, delivery_id=pk, connection=self._mail, tracked=found.tracked
            )
            self._mail.open()
        except TemplateFault:
            return Outcome(DeliveryState.FAILED, "missing_field")
        except (SMTPException, OSError) as trouble:
            log.warning("mail server away", error=type(trouble).__name__)
            return away(found.attempts)
        outcome = hand_over(mail=self._mail, message=message, attempts=found.attempts)
        return replace(outcome, provider_id=provider_id(message)) if outcome is SENT else outcome

    def _told(self, pk: int, found: "_Due") -> Outcome:
        """What pages ask for is there by itself; what webhooks deliver is told."""
        if self._campaign.channel != Channel.WEBHOOK:
            return SENT
        person, attempts = found.customer.public_id, found.attempts
        return tell_message(campaign=self._campaign, delivery_id=pk, person=person, attempts=attempts)


@dataclass(frozen=True, slots=True)
class _Due:
    """Whom a row is for, the how manieth attempt it is, and whether she allows that we measure her reactions."""

    customer: Customer
    attempts: int
    tracked: bool


def _handed_over(pk: int, parameters: Mapping[str, Any]) -> _Due | None:
    """Mark the row as being handed over, committed, and answer whom it is for; None when that may not be."""
    with connection.cursor() as cursor:
        cursor.execute(_HAND_OVER, parameters)
        row = cursor.fetchone()
    if row is None:
        return None
    names = ("id", "public_id", "email", "first_name", "last_name", "country", "region", "language", "orders_count")
    values = dict(zip(names, row, strict=False))
    return _Due(Customer(**values, attributes=json.loads(row[9])), row[10], row[11])


def _leave_out(pk: int, parameters: Mapping[str, Any]) -> None:
    """Note why a claimed row was not handed over; back into the queue when only the campaign was stopped."""
    with connection.cursor() as cursor:
        cursor.execute(_WHY, parameters)
        row = cursor.fetchone()
    mine = Delivery.objects.filter(pk=pk, state=DeliveryState.CLAIMED)
    if row and row[1]:
        mine.update(state=DeliveryState.SKIPPED, reason=row[1], claimed_at=None)
    elif row:
        mine.update(**BACK)


def _note(pk: int, outcome: Outcome, now: datetime) -> None:
    """Write down what became of a message; also when it was given up for lost meanwhile."""
    values: dict[str, Any] = {"state": outcome.state, "reason": outcome.reason, "claimed_at": None}
    if outcome.state == DeliveryState.SENT:
        values |= {"sent_at": now, "provider_id": outcome.provider_id}
    if outcome.bounced:
        values |= {"outcome": outcome.bounced, "outcome_code": outcome.code, "outcome_at": now}
    if outcome.again_in:
        values["due_at"] = now + outcome.again_in
    under_way = (DeliveryState.SENDING, DeliveryState.UNKNOWN)
    Delivery.objects.filter(pk=pk, state__in=under_way).update(**values)
