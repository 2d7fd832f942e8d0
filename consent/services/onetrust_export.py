"""Handing to OneTrust where people stand: a file that it imports, for a company of the register and nobody else."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TextIO

from django.db import transaction

from consent.models import ConsentState
from consent.rules.onetrust import COLUMNS, STATUS_OF, YES
from consent.selectors.decisions import use_of
from consent.services.disclosures import record_disclosure
from core import audit
from core.actors import Actor
from core.errors import InvalidInput
from core.ids import is_public_id
from customers.selectors.recipients import check_recipient, is_outside, withheld_for
from customers.services.telling import Telling

AT_ONCE: Final = 1_000
IDENTIFIERS: Final[Mapping[str, str]] = {"email": "Email", "external_id": "Customer ID"}
Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: their purpose by ours, the company that gets it, by which identifier people are named."""

    purposes: Mapping[str, str]
    recipient: str
    identifier: str = "email"


def export_onetrust(*, out: TextIO, wish: Wish, by: Actor, now: datetime) -> Counter[str]:
    """Every decision about these purposes is in the file; how many rows were written, and left out for what reason.

    Refused for an unknown purpose, for a company that is not in the register, and once nothing may go there. A
    thousand rows at a time, each noted in the disclosure ledger; the export stands in the audit log.
    """
    check_wish(wish=wish, now=now)
    sheet, sums = csv.writer(out), Counter[str]()
    sheet.writerow(COLUMNS)
    for some in _pieces(wish):
        sheet.writerows(_part(some, wish, sums, now))
    _note(wish, sums, by)
    return sums


def check_wish(*, wish: Wish, now: datetime) -> None:
    """Such a file may be written now; InvalidInput or InvalidState with the reason otherwise."""
    if not wish.purposes:
        raise InvalidInput("Say by which name at least one purpose is known there.", param="purposes")
    for purpose in wish.purposes:
        use_of(purpose)
    if wish.identifier not in IDENTIFIERS:
        raise InvalidInput(f"Invalid 'identifier': one of {', '.join(IDENTIFIERS)}.", param="identifier")
    if not is_public_id(wish.recipient, "prc") or not is_outside(wish.recipient):
        raise InvalidInput("There is no such company in the register of processors.", param="recipient")
    check_recipient(wish.recipient, now=now)


def stream_onetrust(*, wish: Wish, by: Actor, now: datetime) -> Iterator[str]:
    """As `export_onetrust`, in pieces as they are asked for; refusals come before the first."""
    check_wish(wish=wish, now=now)
    return _stream(wish, by, now)


def _stream(wish: Wish, by: Actor, now: datetime) -> Iterator[str]:
    sums = Counter[str]()
    try:
        yield _text([COLUMNS])
        for some in _pieces(wish):
            yield _text(_part(some, wish, sums, now))
    finally:
        _note(wish, sums, by)


def _text(rows: Sequence[Row]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def _note(wish: Wish, sums: Counter[str], by: Actor) -> None:
    changes = {"rows": ["", str(sums["written"])]}
    audit.record(by=by, action="consent.exported", target=wish.recipient, changes=changes)


def _pieces(wish: Wish) -> Iterator[list[ConsentState]]:
    rows = ConsentState.objects.filter(purpose__key__in=list(wish.purposes), customer__deleted_at=None)
    rows = rows.select_related("customer", "purpose", "event").order_by("pk")
    after = 0
    while some := list(rows.filter(pk__gt=after)[:AT_ONCE]):
        yield some
        after = some[-1].pk


@transaction.atomic
def _part(some: Sequence[ConsentState], wish: Wish, sums: Counter[str], now: datetime) -> list[Row]:
    """The rows of these decisions; who they tell about is on record with them."""
    check_recipient(wish.recipient, now=now)
    withheld = withheld_for(wish.recipient, customer_ids={state.customer_id for state in some})
    found, told = list[Row](), set[int]()
    for state in some:
        row = _row(state, wish, now)
        why = withheld.get(state.customer_id) or (row if isinstance(row, str) else "written")
        sums[why] += 1
        if why == "written":
            found.append(tuple(row))
            told.add(state.customer_id)
    telling = Telling(f"processor:{wish.recipient}", "sync", ("consent", "identifiers"))
    record_disclosure(telling=telling, customer_ids=told, now=now)
    return found


def _row(state: ConsentState, wish: Wish, now: datetime) -> Row | str:
    """The cells of one decision, or why it is left out."""
    status, who = STATUS_OF.get(state.state, ""), getattr(state.customer, wish.identifier)
    if not status:
        return "undecided"
    if not who:
        return "without_identifier"
    if status in YES and state.valid_until and state.valid_until <= now:
        status = "EXPIRED"
    if status in YES and not state.allowed:
        return "not_allowed"
    at = state.event.occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    form = str((state.event.evidence or {}).get("form_id", ""))
    theirs = wish.purposes[state.purpose.key]
    return (who, IDENTIFIERS[wish.identifier], theirs, status, at, form, state.event.public_id)
