"""Merging customers: asked for by one person, approved by another, or by a shared identifier; and undoing it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from core import audit, jobs, outbox
from core.actors import Actor
from core.errors import Conflict, Forbidden, InvalidInput, InvalidState
from customers.models import Customer, DuplicatePair, Merge, MergeImage, MergeOrigin, MergeState, PairState, Status
from customers.rules.merging import objections, stays_first
from customers.services import merging
from customers.services.guards import suppressed_among
from customers.services.merge_fields import profile_of

BATCH: Final = 500


@transaction.atomic
def request_merge(
    *,
    survivor: Customer,
    absorbed: Customer,
    reason: str,
    by: Actor,
    now: datetime,
    origin: MergeOrigin = MergeOrigin.REQUEST,
) -> Merge:
    """Ask that `absorbed` becomes part of `survivor`; a visitor does at once, a known customer when another approves.

    Refuses the same customer twice (400), one that is gone or merged already, a second wish about the same profile,
    and a result with too many identifiers (409).
    """
    if survivor.pk == absorbed.pk:
        raise InvalidInput("A customer cannot be merged with itself.", param="from")
    merging.lock_pair(ids=[survivor.pk, absorbed.pk])
    _refuse_gone(survivor, absorbed)
    pair = Q(survivor__in=[survivor, absorbed]) | Q(absorbed__in=[survivor, absorbed])
    if Merge.objects.filter(pair, state=MergeState.REQUESTED).exists():
        raise Conflict("A merge of one of these customers already waits for approval.", code="merge_waiting")
    merging.refuse_over_limit(held=[merging.held_by(customer_id=pk) for pk in (survivor.pk, absorbed.pk)])
    merge = _new(survivor, absorbed, origin if absorbed.is_known else MergeOrigin.VISITOR, by, now, reason=reason)
    if not absorbed.is_known:
        return merging.perform(merge=merge, by=by, now=now)
    merge.expires_at = now + timedelta(days=settings.MERGE_APPROVAL_DAYS)
    merge.save()
    _note(merge, "merge.requested", by, reason)
    return merge


def _refuse_gone(*customers: Customer) -> None:
    rows = Customer.objects.filter(pk__in=[customer.pk for customer in customers])
    if any(row.status == Status.DELETED or row.merged_into_id for row in rows):
        raise InvalidState("One of these customers is deleted or already part of another.")


def _new(
    survivor: Customer,
    absorbed: Customer,
    origin: MergeOrigin,
    by: Actor,
    now: datetime,
    *,
    reason: str = "",
    identifier: str = "",
) -> Merge:
    merge = Merge(
        public_id=Merge.new_public_id(),
        survivor=survivor,
        absorbed=absorbed,
        origin=origin,
        identifier=identifier,
        state=MergeState.REQUESTED,
        reason=reason.strip()[:300],
        requested_by=str(by),
        created_at=now,
        updated_at=now,
    )
    merge.save()
    return merge


def _note(merge: Merge, action: str, by: Actor, reason: str = "") -> None:
    changes = {"survivor": ["", merge.survivor.public_id], "absorbed": ["", merge.absorbed.public_id]}
    audit.record(by=by, action=action, target=merge.public_id, changes=changes, reason=reason)
    payload = {"survivor": merge.survivor.public_id, "absorbed": merge.absorbed.public_id, "by": str(by)}
    outbox.publish(topic=action, subject=merge.public_id, payload=payload)


@transaction.atomic
def approve_merge(*, merge: Merge, by: Actor, now: datetime) -> Merge:
    """The two are one. 403 `second_person_required` for whoever asked, 409 when it waits no more or ran out."""
    merge = _waiting(merge, now)
    if str(by) == merge.requested_by:
        raise Forbidden("Whoever asked for a merge cannot approve it.", code="second_person_required")
    merge.decided_by, merge.decided_at = str(by), now
    _note(merge, "merge.approved", by)
    return merging.perform(merge=merge, by=by, now=now)


@transaction.atomic
def refuse_merge(*, merge: Merge, reason: str, by: Actor, now: datetime) -> Merge:
    """Nothing is merged; whoever asked may refuse as well, which takes the wish back. 409 when it waits no more."""
    merge = _waiting(merge, now)
    merge.state, merge.decided_by, merge.decided_at, merge.updated_at = MergeState.REFUSED, str(by), now, now
    merge.save(update_fields=["state", "decided_by", "decided_at", "updated_at"])
    _note(merge, "merge.refused", by, reason)
    return merge


def _waiting(merge: Merge, now: datetime) -> Merge:
    merge = Merge.objects.select_for_update(of=["self"]).select_related("survivor", "absorbed").get(pk=merge.pk)
    if merge.state != MergeState.REQUESTED:
        raise InvalidState(f"This merge does not wait for approval: {merge.get_state_display().lower()}.")
    if merge.expires_at and merge.expires_at <= now:
        raise InvalidState("Nobody approved this merge in time; ask for it again.")
    return merge


@transaction.atomic
def expire_merges(*, by: Actor, now: datetime) -> int:
    """Wishes that nobody approved in time are off; how many of at most 500."""
    due = Merge.objects.select_for_update(of=["self"], skip_locked=True).select_related("survivor", "absorbed")
    rows = list(due.filter(state=MergeState.REQUESTED, expires_at__lte=now).order_by("expires_at", "id")[:BATCH])
    for merge in rows:
        _note(merge, "merge.expired", by)
    Merge.objects.filter(pk__in=[row.pk for row in rows]).update(state=MergeState.EXPIRED, updated_at=now)
    return len(rows)


@transaction.atomic
def undo_merge(*, merge: Merge, reason: str, by: Actor, now: datetime) -> Merge:
    """Both customers are as before; see `merging.take_back`.

    Refuses (409) what is not merged, what was merged longer ago than MERGE_UNDO_DAYS or erased since, a history that
    is still moving, and a merge behind which the same survivor was merged with another known customer: undo that
    first.
    """
    merge = Merge.objects.select_for_update(of=["self"]).select_related("survivor", "absorbed").get(pk=merge.pk)
    if merge.state != MergeState.DONE:
        raise InvalidState(f"There is nothing to undo: {merge.get_state_display().lower()}.")
    if merge.undo_until is None or merge.undo_until <= now or not merge.images.exists():
        raise InvalidState("This merge can no longer be undone: what it changed is not kept any more.")
    if merge.moving:
        raise InvalidState("A long history is still moving; try again in a minute.")
    later = Merge.objects.filter(survivor=merge.survivor_id, state=MergeState.DONE, pk__gt=merge.pk)
    blocking = later.exclude(origin=MergeOrigin.VISITOR).order_by("-id").first()
    if blocking is not None:
        raise InvalidState(f"Undo the later merge {blocking.public_id} first.")
    audit.record(by=by, action="merge.undone", target=merge.public_id, reason=reason)
    return merging.take_back(merge=merge, by=by, now=now)


def absorb_visitor(*, visitor: Customer, into: Customer, by: Actor, now: datetime) -> Customer:
    """The visitor and the customer are one person; refuses (409) a visitor who is already known."""
    with transaction.atomic():
        rows = merging.lock_pair(ids=[visitor.pk, into.pk])
        gone, stays = rows[visitor.pk], rows[into.pk]
        if gone.merged_into_id == stays.pk:
            return stays
        if gone.is_known:
            raise Conflict("One of these two changed at the same time; read them again.")
        merge = _new(stays, gone, MergeOrigin.VISITOR, by, now)
        merging.perform(merge=merge, by=by, now=now)
    return Customer.objects.get(pk=into.pk)


def merge_by_identifier(*, one: Customer, other: Customer, kind: str, by: Actor, now: datetime) -> Customer | None:
    """Two known customers found to share an identifier are one, when nothing speaks against it; the one who stays.

    None, with nothing done, when a guard of `rules.merging.objections` objects, somebody parted the two before,
    one of them is suppressed, a merge of one waits for approval, or IDENTITY_AUTO_MERGE is off.
    """
    if not settings.IDENTITY_AUTO_MERGE:
        return None
    with transaction.atomic():
        rows = merging.lock_pair(ids=[one.pk, other.pk])
        pair = [rows[one.pk], rows[other.pk]]
        if not _undisputed(pair, kind):
            return None
        first, second = (profile_of(customer=row, held=merging.held_by(customer_id=row.pk)) for row in pair)
        ages = {row.public_id: (row.created_at, row.pk) for row in pair}
        if objections(first, second, shared=kind, limits=settings.IDENTITY_LIMITS):
            return None
        survivor, absorbed = pair if stays_first(first, second, ages=ages) else reversed(pair)
        merge = _new(survivor, absorbed, MergeOrigin.SHARED_IDENTIFIER, by, now, identifier=kind)
        merging.perform(merge=merge, by=by, now=now)
    return Customer.objects.get(pk=survivor.pk)


def _undisputed(pair: Sequence[Customer], kind: str) -> bool:
    if any(row.status == Status.DELETED or row.merged_into_id for row in pair):
        return False
    either = Q(survivor=pair[0], absorbed=pair[1]) | Q(survivor=pair[1], absorbed=pair[0])
    parted = Q(state__in=[MergeState.UNDONE, MergeState.REFUSED]) & either
    waiting = Q(state=MergeState.REQUESTED) & (Q(survivor__in=pair) | Q(absorbed__in=pair))
    if Merge.objects.filter(parted | waiting).exists():
        return False
    if DuplicatePair.objects.filter(left__in=pair, right__in=pair, state=PairState.DIFFERENT).exists():
        return False
    identifiers = [(row.kind, row.value) for one in pair for row in one.identities.order_by("pk")]
    return not suppressed_among(identifiers=identifiers)


def forget_images(*, now: datetime) -> int:
    """Pre-images of merges that can no longer be undone are gone; how many rows of at most 500 merges."""
    past = Merge.objects.filter(undo_until__lte=now, moving=False, images__isnull=False).order_by("pk")
    ids = list(past.values_list("pk", flat=True).distinct()[:BATCH])
    return MergeImage.objects.filter(merge__in=ids).delete()[0]


def resume_moves(*, now: datetime) -> int:
    """Long histories that stopped moving for five minutes move on; how many."""
    stuck = Merge.objects.filter(moving=True, updated_at__lt=now - timedelta(minutes=5)).order_by("pk")
    ids = list(stuck.values_list("public_id", flat=True)[:BATCH])
    for public_id in ids:
        jobs.defer("customers.tasks.move_history", merge_id=public_id)
    return len(ids)
