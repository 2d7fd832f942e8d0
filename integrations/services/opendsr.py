"""What controllers do by OpenDSR 2.0: send a request of a person, take it back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from consent.models import DataRequest
from consent.rules.requests import Channel, State
from consent.selectors.requests import sealed
from consent.services.request_decisions import withdraw_request
from consent.services.requests import NewRequest, open_request
from core.actors import Actor
from core.crypto import keyed_hash
from core.errors import Conflict, InvalidInput, InvalidState, NotFound
from customers.selectors.customers import find_customer
from integrations.rules.addresses import address_problem
from integrations.rules.opendsr import (
    CONTROLLER_ID,
    DIGESTS,
    EMAIL,
    REGIMES,
    Subject,
    details_of,
    digests_of,
    first_of,
    is_digest,
    receipt_of,
)
from integrations.selectors.opendsr import WAITING, request_of_controller, status_mark, status_now

_WHY_EARLIER = "The person asked the controller then (submitted_time, OpenDSR)."


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A request as a controller sent it, its members checked one by one."""

    subject_request_id: UUID
    kind: str
    regulation: str
    submitted: datetime
    subjects: Sequence[Subject]
    callbacks: Sequence[str] = ()


def receive_request(*, sent: Sent, body: Mapping[str, Any], by: Actor, now: datetime) -> DataRequest:
    """The request is on the desk, its clock running from when the person asked; sent again, it is the same request.

    The answer is the same whether we know the person or not. Identity is established by the desk, as for every
    request that comes in through the API. Refuses a body of another content under an id used before (409), a time of
    submission in the future or more than a year ago, identities of which none is supported, and addresses to call back
    that are not public ones over https. Who is named by digests alone is looked for afterwards (`find_people`).
    """
    number, fingerprint = str(sent.subject_request_id), _fingerprint(body)
    if earlier := _earlier(by.id, number, fingerprint):
        return earlier
    new = _new(sent, now)
    _check_callbacks(sent.callbacks)
    try:
        with transaction.atomic():
            row = open_request(new=new, by=by, now=now)
            row.controller, row.agent_message = by.id, number
            facts = {"fingerprint": fingerprint, "callbacks": list(sent.callbacks)}
            facts |= _named_by_digests(row, sent)
            row.agent_facts = facts | {"calls": {url: {"told": status_mark(row)} for url in sent.callbacks}}
            row.save(update_fields=["controller", "agent_message", "agent_facts"])
    except IntegrityError:
        if same := _earlier(by.id, number, fingerprint):
            return same
        raise
    return row


@transaction.atomic
def cancel_request(*, subject_request_id: str, by: Actor, now: datetime) -> DataRequest:
    """The controller took it back: withdrawn, with a letter; one withdrawn before stays so.

    NotFound for a request of somebody else, 409 once it is no longer pending (section 9).
    """
    found = request_of_controller(controller=by.id, subject_request_id=subject_request_id)
    row = DataRequest.objects.select_for_update().get(pk=found.pk)
    if row.state == State.WITHDRAWN:
        return row
    if (status := status_now(row)) != "pending":
        raise InvalidState(f"Only a pending request can be cancelled; this one is {status}.")
    return withdraw_request(request=row, text="Cancelled by the controller (OpenDSR).", by=by, now=now)


def _earlier(controller: str, number: str, fingerprint: str) -> DataRequest | None:
    row = DataRequest.objects.filter(controller=controller, agent_message=number).first()
    if row is not None and row.agent_facts.get("fingerprint") != fingerprint:
        message = "You sent another request under this subject_request_id. Make a new UUID for each request."
        raise Conflict(message, param="subject_request_id")
    return row


def _new(sent: Sent, now: datetime) -> NewRequest:
    received = receipt_of(sent.submitted, now)
    if received is None:
        message = "'submitted_time' is when the person asked: not in the future, and at most a year ago."
        raise InvalidInput(message, param="submitted_time")
    contact, reference = first_of(sent.subjects, EMAIL), first_of(sent.subjects, CONTROLLER_ID)
    _check_named(contact or reference, sent.subjects)
    person = "" if contact else _person(reference)
    return NewRequest(
        kind=sent.kind,
        channel=Channel.API,
        contact=contact,
        customer=person,
        unmatched=not contact and not person,
        regime=REGIMES[sent.regulation],
        details=details_of(sent.subjects),
        received_at=received,
        backdated_because=_WHY_EARLIER,
    )


def _check_named(raw: str, subjects: Sequence[Subject]) -> None:
    """Something names the person: an identifier, or digests that can be some."""
    digests = digests_of(subjects)
    if bad := [one for one in digests if not is_digest(one)]:
        message = f"A digest in the format {bad[0].format} has {DIGESTS[bad[0].format]} hexadecimal digits."
        raise InvalidInput(message, param="subject_identities")
    if not raw and not digests:
        message = "Name the person by an 'email' or a 'controller_customer_id'; /discovery lists their formats."
        raise InvalidInput(message, param="subject_identities")


def _named_by_digests(row: DataRequest, sent: Sent) -> dict[str, str]:
    """The digests by which the person is still to be found, encrypted."""
    digests = [] if first_of(sent.subjects, EMAIL) or row.customer_id else digests_of(sent.subjects)
    found = [[one.kind, one.format, one.value.strip().lower()] for one in digests]
    return {WAITING: sealed(json.dumps(found))} if found else {}


def _person(reference: str) -> str:
    """Their public id; empty when we know nobody of this id, which the controller is not told."""
    try:
        return find_customer(reference=reference).public_id
    except NotFound:
        return ""


def _check_callbacks(urls: Sequence[str]) -> None:
    for url in urls:
        if why := address_problem(url, loopback=settings.WEBHOOK_LOOPBACK):
            raise InvalidInput(why, param="status_callback_urls")


def _fingerprint(body: Mapping[str, Any]) -> str:
    return keyed_hash("opendsr-request", json.dumps(body, sort_keys=True))
