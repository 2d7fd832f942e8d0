"""Making two profiles one, and parting them again from what was kept: the mechanics, inside a caller's transaction.

What grows with a history does not move at all (events, entries of the ledger: readers ask for a customer and
everything it absorbed), or moves in pieces: purchases, PIECE at a time, each piece with its own pre-image, two pieces
with the merge and the others one transaction each behind it.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Count

from core import audit, jobs, outbox
from core.actors import Actor
from core.errors import Conflict, InvalidState
from customers.models import Customer, CustomerTag, Identity, Merge, MergeImage, MergeState, Purchase, Status
from customers.rules.merging import over_limit
from customers.services import guards
from customers.services.guards import Pair
from customers.services.merge_fields import give_back_fields, take_fields, taken_fields
from customers.services.purchases import refresh_order_figures

PIECE: Final = 5_000
AT_ONCE: Final = 2
PURCHASES: Final = "purchases"
_TAG: Final = ("tag_id", "origin", "created_at", "expires_at", "given_by_id")


def lock_pair(*, ids: Collection[int]) -> dict[int, Customer]:
    """The rows, locked in order of id, by id."""
    return {row.pk: row for row in Customer.objects.select_for_update().filter(pk__in=ids).order_by("pk")}


def held_by(*, customer_id: int) -> dict[str, int]:
    """How many identifiers of each kind the customer has."""
    rows = Identity.objects.filter(customer_id=customer_id).values("kind").annotate(count=Count("id")).order_by("kind")
    return {row["kind"]: row["count"] for row in rows}


def refuse_over_limit(*, held: Collection[Mapping[str, int]]) -> None:
    """409 `identifier_limit` when identifiers held together are more than one customer may have."""
    sentence = over_limit(held, settings.IDENTITY_LIMITS)
    if sentence:
        raise Conflict(sentence, code="identifier_limit", param="value")


@transaction.atomic
def perform(*, merge: Merge, by: Actor, now: datetime) -> Merge:
    """The absorbed profile is part of the survivor; everything that parts them again is kept until `undo_until`.

    Refuses (409) when one of them is gone or part of another by now, and when the result holds too many identifiers.
    """
    rows = lock_pair(ids=[merge.absorbed_id, merge.survivor_id])
    gone, stays = rows[merge.absorbed_id], rows[merge.survivor_id]
    if Status.DELETED in (gone.status, stays.status) or gone.merged_into_id or stays.merged_into_id:
        raise Conflict("One of these two changed at the same time; read them again.")
    refuse_over_limit(held=[held_by(customer_id=gone.pk), held_by(customer_id=stays.pk)])
    pair = Pair(merge.public_id, gone.pk, stays.pk, not gone.is_known, now)
    images: dict[str, Any] = {"profile": take_fields(survivor=stays, absorbed=gone, now=now)}
    images |= {part.name: part.absorb(pair, by, now) for part in guards.merge_parts()}
    images |= {
        "identities": _move_identities(gone, stays),
        "tags": _move_tags(gone, stays),
        "visitors": _repoint(gone, stays, now),
    }
    Customer.objects.filter(pk=gone.pk).update(merged_into=stays, updated_at=now)
    MergeImage.objects.bulk_create([MergeImage(merge=merge, part=name, data=data) for name, data in images.items()])
    merge.state, merge.merged_at, merge.fields = MergeState.DONE, now, taken_fields(image=images["profile"])
    merge.undo_until = now + timedelta(days=settings.MERGE_UNDO_DAYS)
    merge.moving, merge.updated_at = _move_on(merge, now), now
    merge.save()
    guards.project_places(
        customer_ids=[stays.pk] if {"country", "region", "birth_date"} & {*merge.fields} else [], now=now
    )
    _tell_merged(merge, gone, stays, by)
    return merge


def _move_identities(gone: Customer, stays: Customer) -> list[int]:
    ids = list(Identity.objects.filter(customer=gone).order_by("pk").values_list("pk", flat=True))
    Identity.objects.filter(pk__in=ids).update(customer=stays)
    return ids


def _move_tags(gone: Customer, stays: Customer) -> dict[str, Any]:
    kept = CustomerTag.objects.filter(customer=stays).values("tag_id")
    both = CustomerTag.objects.filter(customer=gone, tag_id__in=kept)
    image = {"both": [_tag_image(tag) for tag in both.order_by("pk")]}
    both.delete()
    moved = list(CustomerTag.objects.filter(customer=gone).order_by("pk").values_list("pk", flat=True))
    CustomerTag.objects.filter(pk__in=moved).update(customer=stays)
    return image | {"moved": moved}


def _tag_image(tag: CustomerTag) -> dict[str, Any]:
    instants = {"created_at": tag.created_at.isoformat(), "expires_at": tag.expires_at and tag.expires_at.isoformat()}
    return {name: getattr(tag, name) for name in _TAG} | instants


def _repoint(gone: Customer, stays: Customer, now: datetime) -> list[int]:
    """Visitors that the absorbed profile absorbed belong to the survivor now; their ids."""
    visitors = list(Customer.objects.filter(merged_into=gone).order_by("pk").values_list("pk", flat=True))
    Customer.objects.filter(pk__in=visitors).update(merged_into=stays, updated_at=now)
    return visitors


def _move_on(merge: Merge, now: datetime) -> bool:
    """Move the next pieces of purchases the way the merge goes; whether more are left, which a task then moves."""
    step = _piece_over if merge.state == MergeState.DONE else _piece_back
    moved = [step(merge) for _ in range(AT_ONCE)]
    if any(moved):
        refresh_order_figures(customer_ids=[merge.survivor_id, merge.absorbed_id], now=now)
    if not all(moved):
        return False
    jobs.defer("customers.tasks.move_history", merge_id=merge.public_id)
    return True


def _piece_over(merge: Merge) -> int:
    """How many purchases went to the survivor; 0 when there are no more."""
    mine = Purchase.objects.filter(customer=merge.absorbed_id).order_by("pk")
    ids = list(mine.values_list("pk", flat=True)[:PIECE])
    if ids:
        Purchase.objects.filter(pk__in=ids).update(customer=merge.survivor_id)
        number = MergeImage.objects.filter(merge=merge, part=PURCHASES).count()
        MergeImage.objects.create(merge=merge, part=PURCHASES, number=number, data=ids)
    return len(ids)


def _piece_back(merge: Merge) -> int:
    """How many purchases of one pre-image belong to the absorbed profile again; 0 when there is no more."""
    piece = MergeImage.objects.filter(merge=merge, part=PURCHASES).order_by("-number").first()
    if piece is None:
        return 0
    Purchase.objects.filter(pk__in=piece.data, customer=merge.survivor_id).update(customer=merge.absorbed_id)
    piece.delete()
    return len(piece.data)


@transaction.atomic
def move_history(*, merge_id: str, now: datetime) -> bool:
    """The next pieces of a long history are moved; whether more are left, for which the task is sent again."""
    merge = Merge.objects.select_for_update().filter(public_id=merge_id, moving=True).first()
    if merge is None:
        return False
    lock_pair(ids=[merge.absorbed_id, merge.survivor_id])
    merge.moving = _move_on(merge, now)
    merge.updated_at = now
    merge.save(update_fields=["moving", "updated_at"])
    return merge.moving


@transaction.atomic
def take_back(*, merge: Merge, by: Actor, now: datetime) -> Merge:
    """Both profiles are as they were before the merge; what happened since stays with the survivor unless told apart.

    See docs/merging.md for what is told apart. Refuses (409) when the survivor is itself part of another profile.
    """
    rows = lock_pair(ids=[merge.absorbed_id, merge.survivor_id])
    gone, stays = rows[merge.absorbed_id], rows[merge.survivor_id]
    if gone.merged_into_id != stays.pk or Status.DELETED in (gone.status, stays.status) or stays.merged_into_id:
        raise InvalidState("These two are not directly merged any more; undo later merges first.")
    images = {image.part: image.data for image in merge.images.exclude(part=PURCHASES)}
    Identity.objects.filter(pk__in=images["identities"], customer=stays).update(customer=gone)
    _give_back_tags(images["tags"], gone, stays)
    Customer.objects.filter(pk__in=images["visitors"], merged_into=stays).update(merged_into=gone, updated_at=now)
    back = give_back_fields(survivor=stays, absorbed=gone, image=images["profile"], now=now)
    pair = Pair(merge.public_id, gone.pk, stays.pk, not gone.is_known, merge.merged_at or now)
    for part in guards.merge_parts():
        if part.name in images:
            part.restore(pair, images[part.name], by, now)
    guards.project_places(customer_ids=[gone.pk, stays.pk], now=now)
    merge.state, merge.undone_at, merge.undone_by, merge.updated_at = MergeState.UNDONE, now, str(by), now
    merge.moving = _move_on(merge, now)
    merge.save(update_fields=["state", "undone_at", "undone_by", "updated_at", "moving"])
    merge.images.exclude(part=PURCHASES).delete()
    _tell_parted(merge, gone, stays, back, by)
    return merge


def _give_back_tags(image: Mapping[str, Any], gone: Customer, stays: Customer) -> None:
    """A tag taken off since stays off for both; one put on since stays with the survivor."""
    CustomerTag.objects.filter(pk__in=image["moved"], customer=stays).update(customer=gone)
    still = set(CustomerTag.objects.filter(customer=stays).values_list("tag_id", flat=True))
    again = [CustomerTag(customer=gone, **row) for row in image["both"] if row["tag_id"] in still]
    CustomerTag.objects.bulk_create(again, ignore_conflicts=True)


def _tell_merged(merge: Merge, gone: Customer, stays: Customer, by: Actor) -> None:
    payload = {"merged_into": stays.public_id, "merge": merge.public_id}
    outbox.publish(topic="customer.merged", subject=gone.public_id, payload=payload)
    changed = sorted({*merge.fields, "identities"})
    if stays.is_known or gone.is_known:
        outbox.publish(topic="customer.updated", subject=stays.public_id, payload={"changed": changed})
    changes = {"merged_into": ["", stays.public_id], "merge": ["", merge.public_id]}
    audit.record(by=by, action="customer.merged", target=gone.public_id, changes=changes, reason=merge.reason)
    audit.record(by=by, action="customer.updated", target=stays.public_id, changes={name: [] for name in changed})


def _tell_parted(merge: Merge, gone: Customer, stays: Customer, back: list[str], by: Actor) -> None:
    payload = {"unmerged_from": stays.public_id, "merge": merge.public_id}
    outbox.publish(topic="customer.unmerged", subject=gone.public_id, payload=payload)
    changed = sorted({*back, "identities"})
    if stays.is_known:
        outbox.publish(topic="customer.updated", subject=stays.public_id, payload={"changed": changed})
    changes = {"merged_into": [stays.public_id, ""], "merge": [merge.public_id, ""]}
    audit.record(by=by, action="customer.unmerged", target=gone.public_id, changes=changes)
    audit.record(by=by, action="customer.updated", target=stays.public_id, changes={name: [] for name in changed})
