"""Erasing again whom an old backup has brought back, by the list of erasures that was kept outside of the database."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from consent.models import DataRequest, RequestStep, Suppression, SuppressionReason
from consent.rules.erased_list import Entry, Erased, Kept, in_pieces
from consent.rules.request_steps import ERASING
from consent.rules.requests import Channel, Kind, State
from consent.selectors.erased import back_by_id, back_by_identifier
from consent.selectors.requests import unfinished
from consent.services.masks import recompute_masks
from consent.services.request_decisions import deliver_request
from consent.services.request_steps import plan_erasure, run_step
from consent.services.request_writing import keep, lock_open, move
from consent.services.requests import NewRequest, open_request
from core import audit
from core.actors import Actor
from core.errors import DomainError
from customers.models import Customer, Status
from customers.services.customers import delete_customer

AT_ONCE: Final = 500
_HOW: Final = "erased before a restore"
_ROAD: Final = (State.COLLECTING, State.REVIEWING, State.SECOND_APPROVAL, State.READY)


@dataclass(frozen=True, slots=True)
class Repeated:
    """One person who was back: by which new request (if by one), and why it waits; empty when nothing is left."""

    customer: str
    request: str
    waits: str = ""


def keep_away(*, entries: Iterable[Entry], by: Actor) -> int:
    """The identifiers of the list are on the suppression list again, as those of erased people; how many were not."""
    added = 0
    for some in in_pieces((entry for entry in entries if isinstance(entry, Kept)), AT_ONCE):
        added += _keep_some(some, by)
    if added:
        audit.record(by=by, action="suppression.restored", target="erasures", changes={"identifiers": [0, added]})
    return added


@transaction.atomic
def _keep_some(some: Iterable[Kept], by: Actor) -> int:
    rows = [
        Suppression(
            kind=entry.kind,
            value_hash=entry.hash,
            reason=SuppressionReason.ERASURE,
            source=entry.source,
            created_by=str(by),
            created_at=datetime.fromisoformat(entry.at),
        )
        for entry in some
    ]
    there = Suppression.objects.filter(value_hash__in=[row.value_hash for row in rows])
    known = there.count()
    there.exclude(reason=SuppressionReason.ERASURE).update(reason=SuppressionReason.ERASURE)
    Suppression.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows) - known


def find_back(*, entries: Iterable[Entry], now: datetime) -> Iterator[tuple[Customer, Erased]]:
    """Everybody who is back, each once: under their old id, or under another with an identifier of theirs.

    Nothing may be done with the latter from this moment on, should their erasure have to wait.
    """
    found = set[int]()
    for some in in_pieces((entry for entry in entries if isinstance(entry, Erased)), AT_ONCE):
        for row, entry in back_by_id(some):
            found.add(row.pk)
            yield row, entry
    for row, listed in back_by_identifier():
        Suppression.objects.filter(pk__in=[one.pk for one in listed]).update(customer=row)
        recompute_masks(customer_ids=[row.pk], now=now)
        if row.pk not in found:
            found.add(row.pk)
            yield row, Erased(customer=row.public_id, verb="erase", at=now.isoformat(), request=listed[0].source)


def repeat_erasure(*, customer: Customer, entry: Erased, by: Actor, now: datetime) -> Repeated | None:
    """The person is erased again, by a request of its own with a certificate; None when that has happened already.

    It rests on the approvals of the first erasure; nobody is written to. What keeps it from ending, such as a legal
    hold, is told, and the request stays open on the desk. Whoever was deleted without a request is again, and may
    come back as before.
    """
    if not Customer.objects.filter(pk=customer.pk).exclude(status=Status.DELETED).exists():
        return None
    if not entry.request:
        return _deleted(customer, by, now)
    request = _approved(customer, entry, by, now)
    for pk in RequestStep.objects.filter(request=request).order_by("order", "id").values_list("pk", flat=True):
        run_step(step_id=pk, now=now)
    if unfinished(request, ERASING):
        stuck = RequestStep.objects.filter(request=request, state="failed").order_by("order", "id").first()
        return Repeated(customer.public_id, request.public_id, stuck.error if stuck else "Tasks are still open.")
    deliver_request(request=request, text=_HOW, by=by, now=now)
    return Repeated(customer.public_id, request.public_id)


def _deleted(customer: Customer, by: Actor, now: datetime) -> Repeated:
    try:
        delete_customer(customer=customer, reason="deleted before a restore", by=by, now=now)
    except DomainError as refusal:
        return Repeated(customer.public_id, "", refusal.message)
    return Repeated(customer.public_id, "")


@transaction.atomic
def _approved(customer: Customer, entry: Erased, by: Actor, now: datetime) -> DataRequest:
    new = NewRequest(
        kind=Kind.ERASURE,
        channel=Channel.DESK,
        customer=customer.public_id,
        verb=entry.verb,
        place=entry.place,
        regime=entry.regime,
        quiet=True,
    )
    row = lock_open(request=open_request(new=new, by=by, now=now))
    row.verified_at, row.verified_how, row.verified_by = now, _HOW, str(by)
    first, second = (*entry.approved_by, "", "")[:2]
    for state in _ROAD:
        before = row.state
        move(row=row, to=state, now=now)
        if state is State.SECOND_APPROVAL:
            row.approved_by, row.approved_at = first or str(by), now
            row.second_by, row.second_at = (second, now) if second else ("", None)
        row.save()
    kept = keep(row=row, action="repeated", by=by, now=now, before=before, first_request=entry.request)
    plan_erasure(request=kept, by=by, now=now)
    return kept
