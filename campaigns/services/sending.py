"""Sending: rows are claimed by many workers at once, permission is read again at the last moment, nobody gets two.

A worker takes a set of rows (SKIP LOCKED) in one commit, which marks them `sending`, then hands over one message after
the other. Before each, one statement reads consent, suppression and the campaign's state again and moves the worker's
lane: whoever said no until then gets nothing. A worker killed at any moment leaves at most one message a lane whose
outcome is unknown; its successor reads in the lane what became of the others (see `lanes`). It has several lanes, each
with a mail connection and a thread: nearly all of the time of a message is waiting for the mail server.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from smtplib import SMTPException
from typing import Any, Final

import structlog
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.smtp import EmailBackend as SmtpBackend
from django.db import connection, connections, transaction

from campaigns.models import Campaign, Channel, Delivery
from campaigns.rules.content.templates import TemplateFault
from campaigns.rules.deliveries import DeliveryState
from campaigns.rules.feedback import no_mailbox
from campaigns.rules.lifecycle import State
from campaigns.rules.outcomes import SENT, Outcome, away
from campaigns.selectors.experiments import MEASURING
from campaigns.selectors.given import Words as Offered
from campaigns.selectors.given import promotion_of
from campaigns.services.claims import BATCH, claim
from campaigns.services.envelopes import Envelope
from campaigns.services.feedback import suppress_gone
from campaigns.services.giving import give_codes, release_codes
from campaigns.services.handing import hand_over, provider_id
from campaigns.services.lanes import STOPPED, Position, Sent, settle_slot, slots_in_use
from campaigns.services.messages import Writer
from campaigns.services.told import tell_message
from consent.selectors.catalogue import SERVICE_BIT
from consent.selectors.decisions import use_of
from consent.selectors.links import choices_until
from customers.models import Customer

Clock = Callable[[], datetime]
log = structlog.get_logger("campaigns")
NOTED_EVERY_S: Final = 1.0
"""Results show at least this often, however slow the mail server is."""


def send_campaign(*, campaign_id: int, slot: int, seconds: float, clock: Clock, lanes: int = 1) -> int:
    """Everybody who is due was sent to or left out with a reason, or `seconds` are over; how many were sent.

    As many as `lanes` messages are with the mail server at the same moment; one at a time while what is due fits in
    one set. Two workers never share a slot; a second one asking for it answers 0 at once.
    """
    first = slot * lanes
    _settle_left(campaign_id, range(first, first + lanes))
    if lanes == 1 or not _more_than_a_set(campaign_id, clock()):
        return _send_in_lane(campaign_id, first, seconds, clock)
    with ThreadPoolExecutor(lanes, thread_name_prefix="lane") as pool:
        work = [partial(_in_thread, campaign_id, first + n, seconds, clock) for n in range(lanes)]
        running = [pool.submit(copy_context().run, one) for one in work]
    return sum(one.result() for one in running)


def _settle_left(campaign_id: int, slots: range) -> None:
    """What a killed predecessor left is settled, also in lanes that are not opened again for the few who remain."""
    for slot in slots_in_use(campaign_id=campaign_id, among=slots):
        with _slot(campaign_id, slot) as free:
            if free:
                settle_slot(campaign_id=campaign_id, slot=slot)


def _more_than_a_set(campaign_id: int, now: datetime) -> bool:
    due = Delivery.objects.filter(campaign=campaign_id, state=DeliveryState.QUEUED, due_at__lte=now)
    return due.order_by("due_at", "pk")[BATCH : BATCH + 1].exists()


def _in_thread(campaign_id: int, lane: int, seconds: float, clock: Clock) -> int:
    try:
        return _send_in_lane(campaign_id, lane, seconds, clock)
    finally:
        connections.close_all()


def _send_in_lane(campaign_id: int, lane: int, seconds: float, clock: Clock) -> int:
    with _slot(campaign_id, lane) as free:
        campaign = Campaign.objects.filter(pk=campaign_id, state=State.SENDING).first()
        if not free or campaign is None:
            return 0
        settle_slot(campaign_id=campaign_id, slot=lane)
        with _Sender(campaign, lane, clock, time.monotonic() + seconds) as sender:
            while sender.goes_on:
                sender.send()
        return sender.sent


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

    def __init__(self, campaign: Campaign, slot: int, clock: Clock, until: float) -> None:
        self._clock, self._until, self._use = clock, until, use_of(campaign.purpose_id)
        self._campaign, self._mailed = campaign, campaign.channel == Channel.EMAIL
        self._writer = Writer(campaign, self._use, choices_until(clock()))
        self._position = Position(campaign.pk, slot)
        self._offers: dict[int, Offered] = {}
        promotion = promotion_of(campaign)
        self._facts = {
            "bit": self._use.mask,
            "service": 1 << SERVICE_BIT,
            "analytics": use_of(MEASURING).mask,
            "purpose": self._use.id,
            "mailed": self._mailed,
            "offer": use_of(promotion.purpose).mask if promotion and promotion.purpose else 0,
        }
        self._mail: Any = get_connection()
        self._noted_at = time.monotonic()
        self.sent, self.goes_on = 0, True

    def __enter__(self) -> "_Sender":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._position.leave()
        try:
            self._mail.close()
        except (SMTPException, OSError) as trouble:
            log.info("mail connection not closed", error=type(trouble).__name__)

    def send(self) -> None:
        """Take a set of rows and hand them over one by one, until all are done or something stops us."""
        for pk in self._taken():
            self._send(pk)
            if time.monotonic() > self._noted_at + NOTED_EVERY_S:
                self._position.note()
                self._noted_at = time.monotonic()
            self.goes_on = self.goes_on and time.monotonic() < self._until
            if not self.goes_on:
                return

    @transaction.atomic
    def _taken(self) -> list[int]:
        now = self._clock()
        batch = claim(campaign=self._campaign, now=now)
        self._offers = give_codes(campaign=self._campaign, deliveries=batch.taken, now=now)
        self._position.take(batch.taken, now)
        self.goes_on = bool(batch.taken or batch.decided) and time.monotonic() < self._until
        return batch.taken

    def _send(self, pk: int) -> None:
        row = self._position.next(pk, self._clock(), self._facts)
        if row is None:
            self.goes_on = self._position.goes_on_without(pk)
        elif row[0] == STOPPED:
            self._position.release(pk)
            self.goes_on = False
        elif row[0]:
            self._position.settle(pk, Outcome(DeliveryState.SKIPPED, row[0]), self._clock())
            self._take_back(pk)
        else:
            found = _due(row)
            if not found.may_have_offer:
                self._take_back(pk)
            self._hand_over(pk, found)

    def _take_back(self, pk: int) -> None:
        """The code is for nobody: the message did not leave, or its person may not have the offer at this moment."""
        if self._offers.pop(pk, None):
            release_codes(campaign=self._campaign, deliveries=[pk])

    def _hand_over(self, pk: int, found: "_Due") -> None:
        outcome = self._outcome(pk, found)
        if outcome.state == DeliveryState.SENT:
            self.sent += 1
            note = Sent(pk, self._clock(), outcome.provider_id, found.consent_ref, found.tracked)
            self._position.sent(note)
            return
        self._position.settle(pk, outcome, self._clock())
        if outcome.state == DeliveryState.FAILED:
            self._take_back(pk)
        if no_mailbox(outcome.code):
            suppress_gone(address=found.customer.email or "", now=self._clock())
        self.goes_on = not outcome.stops

    def _outcome(self, pk: int, found: "_Due") -> Outcome:
        try:
            if not self._mailed:
                self._writer.shown(found.customer, offer=self._offers.get(pk))
                return self._told(pk, found)
            message = self._message(pk, found)
            self._mail.open()
        except TemplateFault:
            return Outcome(DeliveryState.FAILED, "missing_field")
        except ValueError:
            return Outcome(DeliveryState.FAILED, "unsendable")
        except (SMTPException, OSError) as trouble:
            log.warning("mail server away", error=type(trouble).__name__)
            return away(found.attempts)
        outcome = hand_over(mail=self._mail, message=message, attempts=found.attempts)
        return replace(outcome, provider_id=provider_id(message)) if outcome is SENT else outcome

    def _message(self, pk: int, found: "_Due") -> Envelope | EmailMultiAlternatives:
        """Providers are asked by Django's classes, which anymail translates; a plain server takes bytes."""
        facts: dict[str, Any] = {"customer": found.customer, "delivery_id": pk, "tracked": found.tracked}
        facts["offer"] = self._offers.get(pk)
        if isinstance(self._mail, SmtpBackend):
            return self._writer.envelope(**facts)
        return self._writer.message(connection=self._mail, **facts)

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
    consent_ref: int | None
    may_have_offer: bool


_FIELDS: Final = (
    "id",
    "public_id",
    "email",
    "first_name",
    "last_name",
    "country",
    "region",
    "language",
    "orders_count",
    "attributes",
)
_IN_ORDER: Final = [field.attname for field in Customer._meta.concrete_fields if field.attname in _FIELDS]


def _due(row: Sequence[Any]) -> _Due:
    _, attempts, tracked, consent_ref, may_have_offer, *facts, attributes = row
    values = dict(zip(_FIELDS, [*facts, json.loads(attributes)], strict=True))
    # Making up the fields that nobody reads would cost a tenth of a message.
    customer = Customer.from_db(None, _IN_ORDER, [values[name] for name in _IN_ORDER])
    return _Due(customer, attempts, tracked, consent_ref, may_have_offer)
