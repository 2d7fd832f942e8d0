"""Erasing again whom an old backup has brought back, by the list of erasures that was kept outside of the database."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from consent.models import DataRequest, RequestStep, Suppression, SuppressionReason
from consent.rules.erased_list import Entry, Erased, Kept, in_pieces
from consent.rules.request_steps import ERASING, stage_of
from consent.rules.requests import Channel, Kind, State, Verb
from consent.selectors.erased import back_by_id, back_by_identifier
from consent.selectors.requests import holds_on, unfinished
from consent.services.masks import recompute_masks
from consent.services.request_decisions import deliver_request
from consent.services.request_steps import plan_erasures, run_steps
from consent.services.request_writing import keep, lock_open, move
from consent.services.requests import NewRequest, open_request
from core import audit
from core.actors import Actor
from customers.models import Customer, Status
from customers.selectors.customers import absorbed_ids
from customers.services.customers import delete_customers
from customers.services.guards import why_not_erased

AT_ONCE: Final = 250
Back = tuple[Customer, Erased]
_HOW: Final = "erased before a restore"
_ROAD: Final = (State.COLLECTING, State.REVIEWING, State.SECOND_APPROVAL, State.READY)


@dataclass(frozen=True, slots=True)
class Repeated:
    """One person who was back: by which new request (if by one), for which purpose if not for all, and why it waits;
    empty when nothing is left.
    """

    customer: str
    request: str
    waits: str = ""
    purpose: str = ""


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


def find_back(*, entries: Iterable[Entry], now: datetime) -> Iterator[Back]:
    """Everybody who is back, each once: under their old id, or under another with an identifier of theirs.

    Nothing may be done with the latter from this moment on, should their erasure have to wait. Whoever is not erased as
    a whole comes once for each purpose for which there is something again.
    """
    whole = dict[int, str]()
    yield from _under_old_ids(entries, whole)
    for listed in back_by_identifier():
        _stop(listed, now)
        for row, hits in listed:
            if row.pk not in whole:
                whole[row.pk] = Verb.ERASE
                yield row, Erased(customer=row.public_id, verb="erase", at=now.isoformat(), request=hits[0].source)


def _under_old_ids(entries: Iterable[Entry], whole: dict[int, str]) -> Iterator[Back]:
    """Those back under their old id; `whole` learns who is not back for some purposes alone, and the verb."""
    for some in in_pieces((entry for entry in entries if isinstance(entry, Erased)), AT_ONCE):
        for row, entry in back_by_id(some):
            if not entry.purpose:
                whole[row.pk] = entry.verb
            if not entry.purpose or whole.get(row.pk, Verb.PSEUDONYMISE) == Verb.PSEUDONYMISE:
                yield row, entry


@transaction.atomic
def _stop(listed: Sequence[tuple[Customer, list[Suppression]]], now: datetime) -> None:
    """The list points to these people, and nothing may be done with them."""
    hits = [hit for _, theirs in listed for hit in theirs]
    for row, theirs in listed:
        for hit in theirs:
            hit.customer = row
    Suppression.objects.bulk_update(hits, ["customer"], batch_size=500)
    recompute_masks(customer_ids=[row.pk for row, _ in listed], now=now)


def repeat_erasures(*, back: Iterable[Back], by: Actor, now: datetime) -> Iterator[Repeated]:
    """The people are erased again, each by a request of its own with a certificate; nothing is said of those who are
    gone already.

    A request rests on the approvals of the first erasure; nobody is written to. What keeps it from ending, such as a
    legal hold, is told, and the request stays open on the desk; the next call goes on with it. Whoever was deleted
    without a request is again, and may come back as before. A few hundred people at a time, each such piece in one
    transaction and place by place for all of them: killed in between, the rest is left for the next call.
    """
    for some in in_pieces(back, AT_ONCE):
        held = holds_on([row.pk for row, _ in some])
        apart = [[one] for one in some if one[0].pk in held]
        for piece in ([one for one in some if one[0].pk not in held], *apart):
            yield from _repeat(piece, by, now)


@transaction.atomic
def _repeat(piece: Sequence[Back], by: Actor, now: datetime) -> list[Repeated]:
    gone = Customer.objects.filter(pk__in=[row.pk for row, _ in piece], status=Status.DELETED)
    dead = set(gone.values_list("pk", flat=True))
    living = [(row, entry) for row, entry in piece if row.pk not in dead]
    told = _deleted([row for row, entry in living if not entry.request], by, now)
    requests = [_approved(row, entry, by, now) for row, entry in living if entry.request]
    plan_erasures(requests=requests, now=now)
    steps = list(RequestStep.objects.filter(request__in=requests, action__in=ERASING))
    for _, ids in sorted(_alike(steps).items()):
        run_steps(step_ids=ids, now=now)
    return told + [_ended(request, by, now) for request in requests]


def _alike(steps: Sequence[RequestStep]) -> dict[tuple[tuple[int, int], str, str], list[int]]:
    """The same task of many requests together, those of earlier stages first."""
    found = dict[tuple[tuple[int, int], str, str], list[int]]()
    for step in steps:
        place = (stage_of(step.action, step.order), step.order)
        found.setdefault((place, step.action, step.name), []).append(step.pk)
    return found


def _ended(request: DataRequest, by: Actor, now: datetime) -> Repeated:
    customer = request.customer.public_id if request.customer else ""
    if not unfinished(request, ERASING):
        deliver_request(request=request, text=_HOW, by=by, now=now)
        return Repeated(customer, request.public_id, purpose=request.purpose)
    stuck = RequestStep.objects.filter(request=request, state="failed").order_by("order", "id").first()
    return Repeated(customer, request.public_id, stuck.error if stuck else "Tasks are still open.", request.purpose)


def _deleted(people: Sequence[Customer], by: Actor, now: datetime) -> list[Repeated]:
    ids = absorbed_ids([row.pk for row in people])
    why = {row.pk: why_not_erased(customer_ids=ids[row.pk]) for row in people}
    free = [pk for pk, told in why.items() if not told]
    delete_customers(customer_ids=free, reason="deleted before a restore", by=by, now=now)
    return [Repeated(row.public_id, "", why[row.pk]) for row in people]


def _approved(customer: Customer, entry: Erased, by: Actor, now: datetime) -> DataRequest:
    """The request of this repetition, ready to be worked on: a new one, or that of an earlier call that waits."""
    mine = DataRequest.objects.filter(customer=customer, kind=Kind.ERASURE, verified_how=_HOW, state=State.READY)
    same = {"events__kind": "repeated", "events__facts__first_request": entry.request} if entry.purpose else {}
    if waiting := mine.filter(purpose=entry.purpose, **same).order_by("pk").first():
        return lock_open(request=waiting)
    new = NewRequest(
        kind=Kind.ERASURE,
        channel=Channel.DESK,
        customer=customer.public_id,
        verb=entry.verb,
        purpose=entry.purpose,
        place=entry.place,
        regime=entry.regime,
        quiet=True,
    )
    row = lock_open(request=open_request(new=new, by=by, now=now))
    row.verified_at, row.verified_how, row.verified_by = now, _HOW, str(by)
    row.refused_parts = list(entry.spared)
    first, second = (*entry.approved_by, "", "")[:2]
    for state in _ROAD:
        before = row.state
        move(row=row, to=state, now=now)
        if state is State.SECOND_APPROVAL:
            row.approved_by, row.approved_at = first or str(by), now
            row.second_by, row.second_at = (second, now) if second else ("", None)
        row.save()
    return keep(row=row, action="repeated", by=by, now=now, before=before, first_request=entry.request)
