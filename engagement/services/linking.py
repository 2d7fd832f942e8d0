"""Visitors who turn out to be known: after commit, `identify` events and forms tie their visitor to their customer."""

from datetime import datetime
from typing import Final

from django.db import transaction

from core import outbox
from core.actors import Actor, ActorKind
from core.errors import DomainError, Problem
from core.models import Cursor
from customers.services.identities import recognise_visitor
from customers.services.log_steps import STEP, WIDER
from engagement.rules.catalogue import IDENTIFY
from engagement.selectors.log import Identified, identified_between
from engagement.services.rejections import count_rejections

FOLLOWER: Final = "events.identify"
_CHANGED_MEANWHILE: Final = "state_conflict"


def link_identified(*, now: datetime, steps: int = 2_000) -> int:
    """Each `identify` event and form up to the horizon has linked its anonymous id to its customer; returns links made.

    A link is one transaction, so that nobody waits for more than one, and making it again changes nothing: after a
    failure the stretch is walked again. Where a link is refused (the anonymous id is another known customer's,
    `duplicate_anonymous_id`; suppressed; too many identifiers) the events stay as they are and the refusal is counted
    among the sender's. Ends at once when another worker is at it.
    """
    linked, width, horizon = 0, STEP, outbox.horizon()
    for _ in range(steps):
        begun = _begun_at()
        if begun is None or begun >= horizon - 1:
            return linked
        upto = min(begun + width, horizon - 1)
        waiting = identified_between(after=begun, upto=upto)
        for found in waiting:
            made = _link(found, begun, now)
            if made is None:
                return linked
            linked += made
        if not _moved(begun, upto, now):
            return linked
        width = STEP if waiting else width * WIDER
    return linked


def _begun_at() -> int | None:
    with transaction.atomic():
        cursor = outbox.locked_cursor(FOLLOWER)
        return cursor.xid if cursor else None


def _ours(begun: int) -> Cursor | None:
    """The cursor, locked, while nobody has moved it; every link begins with it, so two never wait in a circle."""
    cursor = outbox.locked_cursor(FOLLOWER)
    return cursor if cursor and cursor.xid == begun else None


@transaction.atomic
def _moved(begun: int, upto: int, now: datetime) -> bool:
    cursor = _ours(begun)
    if cursor:
        outbox.move_cursor(cursor=cursor, xid=upto, row=0, at=now, now=now)
    return cursor is not None


@transaction.atomic
def _link(found: Identified, begun: int, now: datetime) -> bool | None:
    """Whether a link was made; None when this stretch has to be walked again later."""
    if _ours(begun) is None:
        return None
    by = Actor(kind=ActorKind.CLIENT, id=found.source)
    try:
        with transaction.atomic():
            return recognise_visitor(customer_id=found.customer_id, anonymous_id=found.anonymous_id, by=by, now=now)
    except DomainError as refusal:
        if refusal.code == _CHANGED_MEANWHILE:
            return None
        count_rejections(refused=[(IDENTIFY, Problem("anonymousId", refusal.code, refusal.message))], by=by, now=now)
        return False
