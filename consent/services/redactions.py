"""Deciding what of other people leaves with a package: take a text out, leave a found one in, take that back."""

from datetime import datetime
from typing import Final

from django.db import transaction

from consent.models import DataRequest, Redaction
from consent.rules.redaction import SHORTEST
from consent.rules.requests import State, needs_package
from consent.selectors.redactions import find_other, find_redaction, text_hash_of
from consent.selectors.requests import sealed
from consent.services.request_writing import keep, lock_open
from core.actors import Actor
from core.errors import InvalidInput, InvalidState

_OPEN_TO_IT: Final = (State.REVIEWING, State.REDACTING)
_LONGEST: Final = 200


@transaction.atomic
def take_out(*, request: DataRequest, text: str, reason: str, by: Actor, now: datetime) -> Redaction:
    """This text is replaced wherever it stands in the package, whatever its case. Refused without a reason, and for a
    text shorter than three characters."""
    row, text = _decidable(request, reason), text.strip()
    if not SHORTEST <= len(text) <= _LONGEST:
        raise InvalidInput(f"Give a text of {SHORTEST} to {_LONGEST} characters.", param="text")
    return _decided(row, Redaction.Kind.OUT, text, reason, by, now)


@transaction.atomic
def leave_in(*, request: DataRequest, text_hash: str, reason: str, by: Actor, now: datetime) -> Redaction:
    """A text that was found stays in the package, because it is nobody else's or may be known. Somebody else approves
    the request then. Refused without a reason."""
    row = _decidable(request, reason)
    return _decided(row, Redaction.Kind.IN, find_other(row, text_hash).hit.text, reason, by, now)


@transaction.atomic
def undo_redaction(*, request: DataRequest, pk: int, by: Actor, now: datetime) -> None:
    """The decision is taken back: what was found is taken out, and nothing else."""
    row = _decidable(request, "undone")
    decision = find_redaction(row, pk)
    kind, reason = decision.kind, decision.reason
    decision.delete()
    keep(row=row, action="redaction_undone", by=by, now=now, before=row.state, text=reason, decision=kind)


def _decidable(request: DataRequest, reason: str) -> DataRequest:
    row = lock_open(request=request)
    if not needs_package(row.kind) or row.state not in _OPEN_TO_IT:
        raise InvalidState("What leaves with a package is decided while its request is in review.")
    if not reason.strip():
        raise InvalidInput("Say why.", code="missing_field", param="reason")
    return row


def _decided(row: DataRequest, kind: str, text: str, reason: str, by: Actor, now: datetime) -> Redaction:
    decision, _ = Redaction.objects.update_or_create(
        request=row,
        text_hash=text_hash_of(row, text),
        defaults={"kind": kind, "text_sealed": sealed(text), "reason": reason.strip()[:300], "by": str(by), "at": now},
    )
    keep(row=row, action="redaction", by=by, now=now, before=row.state, text=reason, decision=kind, number=decision.pk)
    return decision
