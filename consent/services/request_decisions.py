"""Decisions on privacy requests: approve by one or two people, refuse, hold, redact, deliver, withdraw."""

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction

from consent.models import DataRequest, LegalHold, Redaction, RequestStep
from consent.rules.request_steps import COLLECTING, ERASING, PACKING
from consent.rules.requests import (
    Refusal,
    State,
    needs_identity,
    needs_package,
    needs_second_person,
)
from consent.selectors.requests import active_hold, erasure_has_begun, local_day, refusable_parts, unfinished
from consent.services.request_letters import write_letter
from consent.services.request_steps import plan_collection, plan_erasure, plan_package
from consent.services.request_writing import check_move, keep, lock_open, move, tick
from core import audit
from core.actors import Actor
from core.errors import Conflict, InvalidInput, InvalidState
from customers.models import Customer


@transaction.atomic
def approve_request(*, request: DataRequest, text: str = "", by: Actor, now: datetime) -> DataRequest:
    """What was found may go out, or be erased: the request is ready, or waits for a second person where it cannot be
    undone.

    The second approval must come from somebody else (409 `second_person_needed`); it starts the erasure, or sends
    the answer that we hold nothing. Refused while the identity is open, a task is open or, for erasure, a legal hold
    stands.
    """
    row = lock_open(request=request)
    before = row.state
    if row.state == State.SECOND_APPROVAL and row.refusal_code == Refusal.NO_DATA:
        return _nothing_held(row, row.refusal_reason, by, now)
    _check_approvable(row, by)
    if row.state == State.SECOND_APPROVAL:
        _second(row, by, now)
        move(row=row, to=State.READY, now=now)
    else:
        row.approved_by, row.approved_at = str(by), now
        row.second_by, row.second_at = "", None
        two = needs_second_person(row.kind) or (row.customer is None and needs_package(row.kind))
        move(row=row, to=State.SECOND_APPROVAL if two else State.READY, now=now)
    kept = keep(row=row, action="approved", by=by, now=now, before=before, text=text)
    if row.state == State.READY and needs_second_person(row.kind):
        plan_erasure(request=row, by=by, now=now)
    elif row.state == State.READY and needs_package(row.kind):
        plan_package(request=row, by=by, now=now)
    return kept


def _second(row: DataRequest, by: Actor, now: datetime) -> None:
    if str(by) == row.approved_by:
        raise Conflict(
            "You gave the first approval; the second must come from somebody else.", code="second_person_needed"
        )
    row.second_by, row.second_at = str(by), now


def _nothing_held(row: DataRequest, reason: str, by: Actor, now: datetime) -> DataRequest:
    """The answer that we hold nothing is proposed by one person and sent by another: a miss would be a lie."""
    before = row.state
    row.refusal_code, row.refusal_reason = Refusal.NO_DATA, reason
    if row.state != State.SECOND_APPROVAL:
        row.approved_by, row.approved_at = str(by), now
        row.second_by, row.second_at = "", None
        move(row=row, to=State.SECOND_APPROVAL, now=now)
        return keep(row=row, action="nothing_found", by=by, now=now, before=before, text=reason)
    _second(row, by, now)
    return _refused(row, before, (), by, now)


def _refused(row: DataRequest, before: str, parts: Sequence[str], by: Actor, now: datetime) -> DataRequest:
    if parts:
        row.refused_parts = sorted({*row.refused_parts, *parts})
    else:
        RequestStep.objects.filter(request=row, action__in=ERASING).delete()
        move(row=row, to=State.REFUSED, now=now)
        tick(row=row, kind="stopped", by=by, now=now, reason="refused")
    reason, code = row.refusal_reason, row.refusal_code
    article = Refusal(code).label
    named = tuple(refusable_parts(row)[part] for part in parts)
    write_letter(request=row, kind="refusal", by=by, now=now, reason=reason, article=article, parts=named)
    action = "partly_refused" if parts else "denied"
    return keep(row=row, action=action, by=by, now=now, before=before, text=reason, code=code, parts=list(parts))


def _check_approvable(row: DataRequest, by: Actor) -> None:
    if row.state not in (State.REVIEWING, State.REDACTING, State.SECOND_APPROVAL):
        check_move(row=row, to=State.READY)
    if needs_identity(row.kind) and row.verified_at is None:
        raise InvalidState("Establish the requester's identity first.", code="identity_unverified")
    waiting = unfinished(row, COLLECTING)
    if waiting:
        raise InvalidState(
            f"{waiting} tasks are still open. Finish them, or leave them out with a reason.", code="tasks_open"
        )
    if row.redactions.filter(kind=Redaction.Kind.IN, by=str(by)).exists():
        raise Conflict(
            "You left data of somebody else in the package; another person must approve it.",
            code="second_person_needed",
        )
    _check_free(row)


def _check_free(row: DataRequest) -> None:
    hold = active_hold(row)
    if hold and needs_second_person(row.kind):
        raise Conflict(
            f"A legal hold stands ({hold.scope}, to be reviewed on {hold.review_on}); nothing may be erased.",
            code="legal_hold",
        )


@transaction.atomic
def send_back(*, request: DataRequest, text: str, by: Actor, now: datetime) -> DataRequest:
    """The request is up for review again; approvals given are void."""
    row = lock_open(request=request)
    before = row.state
    if row.state == State.READY:
        _check_not_begun(row, "sent back")
    move(row=row, to=State.REVIEWING, now=now)
    row.approved_by = row.second_by = ""
    row.approved_at = row.second_at = None
    if row.refusal_code == Refusal.NO_DATA:
        row.refusal_code = row.refusal_reason = ""
    RequestStep.objects.filter(request=row, action__in=(*ERASING, *PACKING)).delete()
    return keep(row=row, action="sent_back", by=by, now=now, before=before, text=text)


@transaction.atomic
def collect_again(*, request: DataRequest, by: Actor, now: datetime) -> DataRequest:
    """The data is collected anew."""
    row = lock_open(request=request)
    before = row.state
    move(row=row, to=State.COLLECTING, now=now)
    RequestStep.objects.filter(request=row, action__in=COLLECTING).delete()
    kept = keep(row=row, action="collecting", by=by, now=now, before=before)
    plan_collection(request=row, by=by, now=now)
    return kept


@transaction.atomic
def start_redacting(*, request: DataRequest, by: Actor, now: datetime) -> DataRequest:
    """Somebody takes other people's data out of what was found."""
    row = lock_open(request=request)
    before = row.state
    move(row=row, to=State.REDACTING, now=now)
    return keep(row=row, action="redacting", by=by, now=now, before=before)


@transaction.atomic
def refuse_request(
    *, request: DataRequest, code: str, reason: str, parts: Sequence[str] = (), by: Actor, now: datetime
) -> DataRequest:
    """Refused, with article and reason, by letter. With `parts` only these categories are; the rest goes on.

    The letter tells of complaint and court (GDPR Art. 12(4)). That we hold nothing needs a second person. Refused
    once the erasure has begun, and for parts that nothing would be kept of: a letter must not promise what is not done.
    """
    row = lock_open(request=request)
    before = row.state
    _check_not_begun(row, "refused")
    parts = _known_parts(row, parts)
    if code not in Refusal.values:
        raise InvalidInput(f"Invalid 'code': one of {', '.join(Refusal.values)}.", param="code")
    if not reason.strip():
        raise InvalidInput("Give the reason in words the person understands.", code="missing_field", param="reason")
    if code == Refusal.NO_DATA and not parts:
        return _nothing_held(row, reason.strip()[:500], by, now)
    row.refusal_code, row.refusal_reason = code, reason.strip()[:500]
    return _refused(row, before, parts, by, now)


def _check_not_begun(row: DataRequest, what: str) -> None:
    if erasure_has_begun(row):
        raise InvalidState(f"The erasure has begun; it can no longer be {what}.")


def _known_parts(row: DataRequest, parts: Sequence[str]) -> list[str]:
    """The parts as places of the privacy registry that this request can leave out."""
    if parts and row.state == State.READY:
        raise InvalidState("It is approved as a whole. Send it back first, then refuse parts of it.")
    may = refusable_parts(row)
    if unknown := [part for part in parts if part not in may]:
        raise InvalidInput(
            f"Invalid 'parts': '{unknown[0][:60]}' cannot be refused by itself. One or more of: {', '.join(may)}."
            if may
            else "Invalid 'parts': of this request no part can be refused by itself.",
            param="parts",
        )
    return sorted(set(parts))


@transaction.atomic
def withdraw_request(*, request: DataRequest, text: str, by: Actor, now: datetime) -> DataRequest:
    """The person no longer wants it; closed with a letter. Refused once an erasure has begun."""
    row = lock_open(request=request)
    before = row.state
    _check_not_begun(row, "withdrawn")
    RequestStep.objects.filter(request=row, action__in=ERASING).delete()
    move(row=row, to=State.WITHDRAWN, now=now)
    tick(row=row, kind="stopped", by=by, now=now, reason="withdrawn")
    write_letter(request=row, kind="withdrawn", by=by, now=now)
    return keep(row=row, action="withdrawn", by=by, now=now, before=before, text=text)


@transaction.atomic
def deliver_request(*, request: DataRequest, text: str = "", by: Actor, now: datetime) -> DataRequest:
    """Closed as answered, with the letter that says so.

    Refused while the package is missing or a task of the erasure is open. The address of the person is forgotten
    once the last letter has left, that of an erased person included (see `forget_contacts`).
    """
    row = lock_open(request=request)
    before = row.state
    check_move(row=row, to=State.DELIVERED)
    waiting = unfinished(row, (*COLLECTING, *ERASING, *PACKING))
    if waiting:
        raise InvalidState(f"{waiting} tasks are still open.", code="tasks_open")
    if needs_package(row.kind) and not row.packages.filter(removed_at__isnull=True).exists():
        raise InvalidState("Build the package first.", code="package_missing")
    move(row=row, to=State.DELIVERED, now=now)
    tick(row=row, kind="stopped", by=by, now=now, reason="delivered")
    row.outcome = _outcome(row, now)
    due = row.packages.order_by("-id").first()
    letter = "package" if needs_package(row.kind) else "done"
    expires = due.expires_at.date().isoformat() if due and due.expires_at else ""
    write_letter(request=row, kind=letter, by=by, now=now, reason=text, due=expires)
    return keep(row=row, action="fulfilled", by=by, now=now, before=before, text=text)


def _outcome(row: DataRequest, now: datetime) -> dict[str, object]:
    """The certificate: what was done where, with counts, and what the final scan found."""
    steps = list(row.steps.order_by("order", "id"))
    return {
        "at": now.isoformat(),
        "days": (local_day(row.regime, now) - row.received_on).days,
        "in_time": local_day(row.regime, now) <= row.law_due,
        "verb": row.verb,
        "purpose": row.purpose,
        "approved_by": row.approved_by,
        "second_by": row.second_by,
        "refused_parts": row.refused_parts,
        "steps": [[s.action, s.name, s.state, s.rows] for s in steps],
        "scan": next((s.result for s in steps if s.action == "scan"), None),
    }


@transaction.atomic
def place_hold(*, customer: Customer, scope: str, reason: str, review_on: date, by: Actor, now: datetime) -> LegalHold:
    """Nothing of this person may be erased by any door until the hold is lifted; the database refuses it as well."""
    if review_on <= now.date():
        raise InvalidInput("The day of review must lie ahead.", param="review_on")
    if not reason.strip() or not scope.strip():
        raise InvalidInput("A hold needs its scope and a reason.", code="missing_field", param="reason")
    row = LegalHold.objects.create(
        public_id=LegalHold.new_public_id(),
        customer=customer,
        scope=scope.strip()[:120],
        reason=reason.strip()[:300],
        review_on=review_on,
        placed_by=str(by),
        placed_at=now,
    )
    audit.record(
        by=by, action="hold.placed", target=customer.public_id, changes={"hold": ["", row.public_id]}, reason=scope
    )
    return row


@transaction.atomic
def hold_request(
    *, request: DataRequest, scope: str, reason: str, review_on: date, by: Actor, now: datetime
) -> DataRequest:
    """The request waits on a legal hold on its person; the clock runs on, because no law stops it."""
    row = lock_open(request=request)
    before = row.state
    if row.customer is None:
        raise InvalidState("Nobody was found whose data could be held.")
    move(row=row, to=State.HELD, now=now)
    place_hold(customer=row.customer, scope=scope, reason=reason, review_on=review_on, by=by, now=now)
    return keep(row=row, action="held", by=by, now=now, before=before, text=reason)


@transaction.atomic
def lift_hold(*, request: DataRequest, reason: str, by: Actor, now: datetime) -> DataRequest:
    """The hold is lifted and the request goes on where it can; erasure is possible again."""
    row = lock_open(request=request)
    before, hold = row.state, active_hold(row)
    if hold is None:
        raise InvalidState("No legal hold stands.")
    hold.lifted_by, hold.lifted_at = str(by), now
    hold.save(update_fields=["lifted_by", "lifted_at"])
    audit.record(by=by, action="hold.lifted", target=hold.public_id, reason=reason)
    if row.state == State.HELD:
        verified = row.verified_at is not None or not needs_identity(row.kind)
        move(row=row, to=State.COLLECTING if verified else State.VERIFYING, now=now)
    kept = keep(row=row, action="hold_lifted", by=by, now=now, before=before, text=reason)
    if row.state == State.COLLECTING:
        plan_collection(request=row, by=by, now=now)
    return kept
