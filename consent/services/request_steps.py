"""The tasks of a request: planned in one go, run each by itself, so that one that fails holds up no other.

A task claims its turn in one transaction and does its work and says so in another: killed at any moment it has either
happened and is on record, or has not happened and is tried again.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.core.serializers.json import DjangoJSONEncoder
from django.db import DatabaseError, transaction
from django.db.models import F

from consent.models import DataRequest, RequestStep
from consent.rules.redaction import found_in
from consent.rules.request_steps import COLLECTING, ENDED, ERASING, PACKING, Action, stage_of, wait_after
from consent.rules.requests import Kind, State, needs_package
from consent.selectors.redactions import redactor_for, sealed_hits
from consent.services.exports import build_package
from consent.services.request_effects import EFFECTS, apply_effect
from consent.services.request_erasure import (
    erase_place,
    keep_subjects,
    plan_of_verb,
    scan_everything,
    suppress_subjects,
)
from consent.services.request_writing import check_move, keep, lock, lock_open, move, spend
from core import jobs, privacy
from core.actors import SYSTEM, Actor
from core.errors import DomainError, InvalidInput, InvalidState, NotFound
from customers.models import Customer
from customers.selectors.customers import all_ids

_BY_HAND: Final[Mapping[str, str]] = {
    Kind.RECTIFICATION: "Correct the data, and tell recipients (GDPR Art. 16, 19)",
    Kind.RESTRICTION: "Tell the recipients of the last months (GDPR Art. 19)",
    Kind.AUTOMATED: "Let a person review the decision (GDPR Art. 22(3))",
    Kind.COMPLAINT: "Look into the complaint and answer it (DPA 2018 s.164A)",
}
AT_ONCE: Final = 500
_FOUND: Final = ("state", "error", "finished_at", "finished_by", "rows", "digest", "result", "others_sealed")


@dataclass(frozen=True, slots=True)
class Found:
    """What came of a task: rows, digest of what was read, details, and what it held of others, encrypted."""

    rows: int | None
    digest: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    others: str = ""


@transaction.atomic
def plan_collection(*, request: DataRequest, by: Actor, now: datetime) -> int:
    """The tasks that find the data, or do what was asked, are planned and on their way; how many are open.

    Done ones of an earlier plan for the same person are not repeated.
    """
    planned = [*_collectors(request, now), *_others(request, now)]
    RequestStep.objects.bulk_create(planned, ignore_conflicts=True)
    return _send(request, COLLECTING, now)


def _collectors(request: DataRequest, now: datetime) -> list[RequestStep]:
    if request.kind not in (Kind.ACCESS, Kind.PORTABILITY, Kind.ERASURE, Kind.RECTIFICATION, Kind.RESTRICTION):
        return []
    return [
        RequestStep(
            request=request,
            action=Action.COLLECT,
            name=place.name,
            title=place.category[:200],
            order=place.order,
            due_at=now,
            due_on=request.safe_due,
        )
        for place in privacy.places()
    ]


def _others(request: DataRequest, now: datetime) -> list[RequestStep]:
    common: dict[str, Any] = {"request": request, "due_at": now, "due_on": request.safe_due, "order": 5_000}
    planned = []
    if request.kind in EFFECTS:
        planned.append(
            RequestStep(action=Action.EFFECT, name=request.kind, title=EFFECTS[Kind(request.kind)], **common)
        )
    if request.kind in _BY_HAND:
        planned.append(RequestStep(action=Action.BY_HAND, name="answer", title=_BY_HAND[request.kind], **common))
    return planned


@transaction.atomic
def plan_erasure(*, request: DataRequest, by: Actor, now: datetime) -> int:
    """The tasks of the approved verb are planned and on their way; how many are open."""
    row = lock(request=request)
    if row.customer is None:
        return 0
    plan_erasures(requests=[row], now=now)
    return _send(row, ERASING, now)


def plan_erasures(*, requests: Sequence[DataRequest], now: datetime) -> None:
    """The tasks of each approved verb are planned, and what the final scan must not find any more is kept, encrypted.

    The requests are locked and about somebody; nothing is sent on its way.
    """
    keep_subjects(requests=requests)
    planned = [
        RequestStep(request=row, action=action, name=name, title=title, order=order, due_at=now, due_on=row.safe_due)
        for row in requests
        for action, name, title, order in plan_of_verb(row.verb, row.purpose)
        if not (action == Action.ERASE and name in row.refused_parts)
    ]
    RequestStep.objects.bulk_create(planned, ignore_conflicts=True, batch_size=2_000)


@transaction.atomic
def plan_package(*, request: DataRequest, by: Actor, now: datetime) -> int:
    """The archive of what was found is planned and on its way."""
    RequestStep.objects.filter(request=request, action=Action.PACKAGE).delete()
    RequestStep.objects.create(
        request=request,
        action=Action.PACKAGE,
        name="archive",
        title="Build the package: JSON, CSV and a report to read",
        order=6_000,
        due_at=now,
        due_on=request.safe_due,
    )
    return _send(request, PACKING, now)


def _send(request: DataRequest, actions: Sequence[Action], now: datetime) -> int:
    open_ones = RequestStep.objects.filter(request=request, action__in=actions).exclude(state__in=ENDED)
    for step in open_ones.exclude(action=Action.BY_HAND).order_by("order", "id"):
        if stage_of(step.action, step.order) <= stage_of(actions[0], 0):
            jobs.defer("consent.tasks.run_request_step", step_id=step.pk)
    number = open_ones.count()
    if not number:
        settle(request_id=request.pk, now=now)
    return number


def run_step(*, step_id: int, now: datetime) -> bool:
    """The task is done and on record, or its failure is; False when it was done before or must still wait.

    A refusal of the domain or the database is written down with the task and tried again later. Anything else is a
    defect: it is raised, and the task is tried again as one that did not finish.
    """
    done = run_steps(step_ids=[step_id], now=now)
    for step in done:
        follow(request_id=step.request_id, behind=stage_of(step.action, step.order), now=now)
    return bool(done)


def run_steps(*, step_ids: Sequence[int], now: datetime) -> list[RequestStep]:
    """The same task of many requests, worked at once; those that are done now. As `run_step`, without what follows.

    When the work on all together fails, each is tried by itself, so that one does not hold up the others.
    """
    claimed = _claimed(step_ids, now)
    if not claimed:
        return []
    try:
        with transaction.atomic():
            open_ones = RequestStep.objects.select_for_update(skip_locked=True).exclude(state__in=ENDED)
            mine = list(open_ones.filter(pk__in=claimed).order_by("pk"))
            return _record(mine, _work(mine, now) if mine else [], now)
    except (DomainError, DatabaseError) as failure:
        if len(claimed) > 1:
            return [step for pk in claimed for step in run_steps(step_ids=[pk], now=now)]
        _fail(claimed, failure.message if isinstance(failure, DomainError) else type(failure).__name__)
        return []


def _record(steps: Sequence[RequestStep], found: Sequence[Found | DomainError], now: datetime) -> list[RequestStep]:
    """What came of each task is stored; those that are done."""
    done = []
    for step, told in zip(steps, found, strict=True):
        if isinstance(told, DomainError):
            _fail([step.pk], told.message)
            continue
        step.rows, step.digest, step.result, step.others_sealed = told.rows, told.digest, told.result, told.others
        step.state, step.error, step.finished_at, step.finished_by = "done", "", now, str(SYSTEM)
        done.append(step)
    for like in {(step.rows, step.digest, str(step.result), step.others_sealed): step for step in done}.values():
        alike = [step.pk for step in done if _same(step, like)]
        RequestStep.objects.filter(pk__in=alike).update(**{name: getattr(like, name) for name in _FOUND})
    return done


def _same(step: RequestStep, like: RequestStep) -> bool:
    return all(getattr(step, name) == getattr(like, name) for name in _FOUND)


def _fail(step_ids: Sequence[int], said: str) -> None:
    open_ones = RequestStep.objects.filter(pk__in=step_ids).exclude(state__in=ENDED)
    open_ones.update(state="failed", error=said[:300])


def _claimed(step_ids: Sequence[int], now: datetime) -> list[int]:
    """Those of the tasks whose turn has come, resting for the next attempt already."""
    with transaction.atomic():
        found = RequestStep.objects.select_for_update(skip_locked=True).filter(pk__in=step_ids).order_by("pk")
        steps = [step for step in found if step.state not in ENDED and step.action != Action.BY_HAND]
        first = _first_stages([step.request_id for step in steps])
        ready = [step for step in steps if stage_of(step.action, step.order) <= first[step.request_id]]
        for attempts in {step.attempts for step in ready}:
            again = [step.pk for step in ready if step.attempts == attempts]
            due = now + wait_after(attempts + 1)
            RequestStep.objects.filter(pk__in=again).update(attempts=attempts + 1, due_at=due)
        return [step.pk for step in ready]


def _first_stages(requests: Sequence[int]) -> dict[int, int]:
    """The earliest stage of each request that is not done."""
    found = dict[int, int]()
    open_ones = RequestStep.objects.filter(request_id__in=set(requests)).exclude(state__in=ENDED)
    for request_id, action, order in open_ones.values_list("request_id", "action", "order"):
        found[request_id] = min(stage_of(action, order), found.get(request_id, stage_of(action, order)))
    return found


def _work(steps: Sequence[RequestStep], now: datetime) -> list[Found | DomainError]:
    """What came of tasks that do the same for different requests, in their order."""
    wanted = DataRequest.objects.select_related("customer").in_bulk([step.request_id for step in steps])
    requests = [wanted[step.request_id] for step in steps]
    first = steps[0]
    action = Action(first.action)
    if action in _ALONE:
        return [_ALONE[action](step, request, now) for step, request in zip(steps, requests, strict=True)]
    if action is Action.SCAN:
        return _scan(requests)
    if action is Action.SUPPRESS:
        rows = suppress_subjects(requests=requests, now=now)
        return [Found(rows.get(request.pk, 0)) for request in requests]
    changed = erase_place(requests=requests, name=first.name, now=now)
    return [told if isinstance(told, DomainError) else Found(told) for told in (changed[one.pk] for one in requests)]


def _collect(step: RequestStep, request: DataRequest, now: datetime) -> Found:
    """How many rows there are, a digest of them, and what they hold of others; they are read again for the package."""
    place = next((one for one in privacy.places() if one.name == step.name), None)
    if place is None:
        raise NotFound("This system is not registered any more; skip the task.")
    ids = ids_of(request.customer)
    digest, rows, size, redactor = hashlib.sha256(), 0, 0, redactor_for(request, ids, decided=False)
    for row in found_in(place.collect(ids), redactor) if needs_package(request.kind) else place.collect(ids):
        line = json.dumps(row, cls=DjangoJSONEncoder, sort_keys=True).encode()
        digest.update(line)
        rows, size = rows + 1, size + len(line)
    return Found(rows, digest.hexdigest(), {"bytes": size}, sealed_hits(redactor.hits.values()))


def _effect(step: RequestStep, request: DataRequest, now: datetime) -> Found:
    return Found(apply_effect(request=request, now=now))


def _package(step: RequestStep, request: DataRequest, now: datetime) -> Found:
    package = build_package(request=request, ids=ids_of(request.customer), now=now)
    result = {"package": package.public_id, "bytes": package.size, "seconds": package.seconds}
    return Found(package.manifest["rows"], package.sha256, result)


def _scan(requests: Sequence[DataRequest]) -> list[Found | DomainError]:
    found = scan_everything(requests=requests)
    told = list[Found | DomainError]()
    for request in requests:
        result = found[request.pk]
        places = ", ".join(sorted(result["hits"]))[:200]
        still = InvalidState(f"The person was still found in {places}.")
        told.append(still if result["hits"] else Found(0, "", result))
    return told


_ALONE: Final[Mapping[Action, Callable[[RequestStep, DataRequest, datetime], Found]]] = {
    Action.COLLECT: _collect,
    Action.EFFECT: _effect,
    Action.PACKAGE: _package,
}


def ids_of(customer: Customer | None, /) -> list[int]:
    """The ids under which a person's facts stand; none when nobody was found."""
    return all_ids(customer) if customer else []


@transaction.atomic
def finish_by_hand(
    *, step: RequestStep, text: str, skip: bool = False, minutes: int = 0, by: Actor, now: datetime
) -> RequestStep:
    """The task is done by a person, or left out for this reason, which the answer then says; the minutes count."""
    row = RequestStep.objects.select_for_update().get(pk=step.pk)
    if row.state in ENDED:
        raise InvalidState("This task has ended.")
    if not skip and row.action != Action.BY_HAND:
        raise InvalidState("This task is done by the product; it can only be left out.")
    if not text.strip():
        raise InvalidInput("Say what was done, or why it is left out.", code="missing_field", param="text")
    row.state, row.error, row.finished_at, row.finished_by = "skipped" if skip else "done", "", now, str(by)
    row.result = {**row.result, "text": text.strip()[:500], "minutes": minutes}
    row.save()
    request = lock_open(request=row.request)
    action = "task_skipped" if skip else "task_done"
    spend(row=request, minutes=minutes)
    keep(row=request, action=action, by=by, now=now, before=request.state, text=text, task=f"{row.action} {row.name}")
    follow(request_id=request.pk, behind=stage_of(row.action, row.order), now=now)
    return row


def follow(*, request_id: int, behind: int, now: datetime) -> None:
    """Every task whose turn has come with the end of the stage `behind` is on its way; the request goes on behind the
    last.
    """
    open_ones = list(RequestStep.objects.filter(request_id=request_id).exclude(state__in=ENDED))
    if not open_ones:
        settle(request_id=request_id, now=now)
        return
    first = min(stage_of(step.action, step.order) for step in open_ones)
    if first <= behind:
        return
    with transaction.atomic():
        for step in open_ones:
            fresh = step.attempts == 0 and step.action != Action.BY_HAND
            if fresh and stage_of(step.action, step.order) == first:
                jobs.defer("consent.tasks.run_request_step", step_id=step.pk)


@transaction.atomic
def settle(*, request_id: int, now: datetime) -> None:
    """A request whose collecting has ended is up for review; nothing happens while a task is open."""
    row = DataRequest.objects.select_for_update().get(pk=request_id)
    if row.state != State.COLLECTING or RequestStep.objects.filter(request=row).exclude(state__in=ENDED).exists():
        return
    check_move(row=row, to=State.REVIEWING)
    move(row=row, to=State.REVIEWING, now=now)
    keep(row=row, action="collected", by=SYSTEM, now=now, before=State.COLLECTING)


def resume_steps(*, now: datetime) -> int:
    """Send again every task that did not finish, or whose message was lost, and whose rest is over; how many."""
    due = RequestStep.objects.filter(state__in=("waiting", "failed"), due_at__lt=now).exclude(action=Action.BY_HAND)
    steps = list(due.order_by("due_at").values_list("pk", flat=True)[:AT_ONCE])
    RequestStep.objects.filter(pk__in=steps).update(due_at=now + wait_after(1), attempts=F("attempts"))
    with transaction.atomic():
        for pk in steps:
            jobs.defer("consent.tasks.run_request_step", step_id=pk)
    return len(steps)
