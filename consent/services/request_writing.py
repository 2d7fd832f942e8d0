"""What every step of a privacy request does in the end: lock, move, compute the dates, keep the history, tell."""

from datetime import datetime
from typing import Any

from django.db.models import F

from consent.models import ClockEntry, DataRequest, RequestEvent
from consent.rules.requests import CLOSED, may_move, moves_from
from consent.selectors.requests import dates_now, local_day, opened
from core import audit, outbox
from core.actors import Actor
from core.errors import InvalidState, NotFound


def lock(*, request: DataRequest) -> DataRequest:
    """The request as it is now, locked until the transaction ends."""
    row = DataRequest.objects.select_for_update().filter(pk=request.pk).first()
    if row is None:
        raise NotFound("There is no privacy request with this id.")
    return row


def lock_open(*, request: DataRequest) -> DataRequest:
    """As `lock`; InvalidState for a request that is closed."""
    row = lock(request=request)
    if not row.is_open:
        raise InvalidState(
            f"This request is {row.get_state_display().lower()}: nothing more can be done with it.",
            code="illegal_move",
            extra={"state": row.state, "allowed": []},
        )
    return row


def check_move(*, row: DataRequest, to: str) -> None:
    """InvalidState, with the moves that are allowed, unless the request may become `to`."""
    if not may_move(row.state, to):
        allowed = moves_from(row.state)
        raise InvalidState(
            f"A request that is {row.get_state_display().lower()} cannot become {to.replace('_', ' ')}.",
            code="illegal_move",
            extra={"state": row.state, "allowed": allowed},
        )


def move(*, row: DataRequest, to: str, now: datetime) -> None:
    """The request is in state `to` in memory; `keep` stores it. Nothing happens when it is there already."""
    if row.state == to:
        return
    check_move(row=row, to=to)
    row.state = to
    row.closed_at = now if to in CLOSED else None


def keep(
    *, row: DataRequest, action: str, by: Actor, now: datetime, before: str, text: str = "", **facts: Any
) -> DataRequest:
    """The row is stored, and history, audit trail and outbox say what was done; no personal data in any of them."""
    row.updated_at = now
    row.save()
    note(row=row, kind=action, by=by, now=now, text=text, **facts)
    changes = {"state": [before, row.state]} if before != row.state else {}
    audit.record(by=by, action=f"request.{action}", target=row.public_id, changes=changes, reason=text[:300])
    payload = {"request": row.public_id, "type": row.kind, "state": row.state, "safe_due": row.safe_due.isoformat()}
    outbox.publish(topic=f"dsar.{action}", subject=row.public_id, payload=payload)
    return row


def note(*, row: DataRequest, kind: str, by: Actor, now: datetime, text: str = "", **facts: Any) -> RequestEvent:
    """One line of history; the requester's address is taken out of the text."""
    contact = opened(row.contact_sealed)
    clean = text.replace(contact, "[requester]") if contact else text
    return RequestEvent.objects.create(request=row, at=now, by=str(by), kind=kind, text=clean[:2000], facts=facts)


def spend(*, row: DataRequest, minutes: int) -> None:
    """So many more minutes of work are on record; also when others record some at the same moment."""
    if minutes:
        DataRequest.objects.filter(pk=row.pk).update(minutes_spent=F("minutes_spent") + minutes)
        row.refresh_from_db(fields=["minutes_spent"])


def tick(*, row: DataRequest, kind: str, by: Actor, now: datetime, question: str = "", reason: str = "") -> ClockEntry:
    """One more row of the clock, on the local day of the place, and the dates computed anew."""
    entry = ClockEntry.objects.create(
        request=row,
        kind=kind,
        question=question,
        on=row.received_on if kind == "started" else local_day(row.regime, now),
        at=now,
        by=str(by),
        reason=reason[:300],
        notice_sent_at=now if kind == "extended" else None,
    )
    compute(row=row, now=now)
    return entry


def compute(*, row: DataRequest, now: datetime) -> bool:
    """The due dates of the row are those of its clock rows, in memory; whether they changed."""
    dates = dates_now(row, local_day(row.regime, now))
    before = (row.law_due, row.safe_due)
    row.law_due, row.safe_due = dates.answer.law_due, dates.answer.safe_due
    row.short_due, row.ack_due = dates.short_due, dates.acknowledge.safe_due
    row.notice_by, row.why = dates.answer.notice_by, list(dates.answer.why)
    row.rule_set, row.holiday_set = dates.answer.rule_set, dates.answer.holiday_set
    return before != (row.law_due, row.safe_due)
