"""Erasing what this app holds about people: registered in core.privacy, called inside the caller's transaction."""

from collections import Counter
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Count, F, Q
from django.db.models.functions import Now
from django.utils import timezone

from customers.models import (
    ChangeReason,
    Customer,
    CustomerScore,
    CustomerTag,
    DuplicatePair,
    FieldOrigin,
    Identity,
    ImportChange,
    MatchKey,
    Merge,
    MergeImage,
    MergeState,
    ProfileChange,
    Purchase,
    QualityExample,
    RefusedRow,
    ScoreChange,
    SegmentChange,
    SegmentMember,
    SegmentVersion,
    Status,
    Touch,
)
from customers.selectors.personal import merges_about, subjects_of
from customers.services.erasing import Rows, delete_rows, update_rows
from customers.services.exports import erase_exports as take_out_of_exports
from customers.services.segment_changes import Change, tell
from customers.services.segment_members import hold_followers


def erase_profiles(customer_ids: Sequence[int], /) -> Rows:
    """The rows are tombstones without any personal column; the caller adds its reason and its clock."""
    return update_rows(
        Customer.objects.filter(pk__in=customer_ids),
        customer_ids,
        by=("pk",),
        status=Status.DELETED,
        deleted_at=Now(),
        external_id=None,
        email=None,
        phone=None,
        first_name="",
        last_name="",
        country="",
        region="",
        language="",
        time_zone="",
        birth_date=None,
        attributes={},
        last_order_id=None,
        last_order_amount=None,
        last_order_currency="",
        last_order_at=None,
        last_seen_at=None,
        orders_count=0,
        orders_total=0,
        orders_currency="",
    )


def erase_identities(customer_ids: Sequence[int], /) -> Rows:
    """Nobody is recognised as one of these customers any more."""
    return delete_rows(Identity.objects.filter(customer_id__in=customer_ids), customer_ids)


def erase_tags(customer_ids: Sequence[int], /) -> Rows:
    """No tag says anything about these customers."""
    return delete_rows(CustomerTag.objects.filter(customer_id__in=customer_ids), customer_ids)


@transaction.atomic
def erase_memberships(customer_ids: Sequence[int], /) -> Rows:
    """These customers are in no segment, current or not; that they left the current ones is told, not kept."""
    hold_followers()
    held = SegmentMember.objects.filter(customer_id__in=customer_ids)
    rows = held.filter(version__current_of__isnull=False).order_by("version_id", "customer_id")
    left = list(rows.values_list("version_id", "version__segment_id", "customer_id"))
    gone = delete_rows(held, customer_ids)
    for version, people in Counter(version for version, _, _ in left).items():
        SegmentVersion.objects.filter(pk=version).update(members=F("members") - people)
    changes = [Change(segment, customer, entered=False, reason=ChangeReason.ERASED) for _, segment, customer in left]
    tell(changes=changes, now=timezone.now(), kept=False)
    return gone


def erase_segment_changes(customer_ids: Sequence[int], /) -> Rows:
    """Nothing tells which segments these customers came into or left."""
    return delete_rows(SegmentChange.objects.filter(customer_id__in=customer_ids), customer_ids)


def erase_touches(customer_ids: Sequence[int], /) -> Rows:
    """What changed about these customers is no longer on record; that they are deleted will be, for a day."""
    return delete_rows(Touch.objects.filter(customer_id__in=customer_ids), customer_ids)


def erase_scores(customer_ids: Sequence[int], /) -> Rows:
    """These customers have no score."""
    return delete_rows(CustomerScore.objects.filter(customer_id__in=customer_ids), customer_ids)


def erase_score_changes(customer_ids: Sequence[int], /) -> Rows:
    """Nothing tells which scores they had."""
    return delete_rows(ScoreChange.objects.filter(customer_id__in=customer_ids), customer_ids)


def erase_changes(customer_ids: Sequence[int], /) -> Rows:
    """Nothing tells what their profiles said before."""
    return delete_rows(ProfileChange.objects.filter(customer_id__in=customer_ids), customer_ids)


def anonymise_purchases(customer_ids: Sequence[int], /) -> Rows:
    """Amounts and dates stay for the books; the shop's order number, which leads back to a person, is replaced."""
    return update_rows(Purchase.objects.filter(customer_id__in=customer_ids), customer_ids, order_id=F("public_id"))


def erase_exports(customer_ids: Sequence[int], /) -> Rows:
    """No exported file that is kept names one of these customers."""
    return take_out_of_exports(customer_ids=customer_ids, now=timezone.now())


def erase_refused_rows(customer_ids: Sequence[int], /) -> Rows:
    """Rows of import files that named one of these customers are gone."""
    owners = subjects_of(customer_ids)
    rows = RefusedRow.objects.filter(subject__in=list(owners)).exclude(subject="")
    counted = Rows()
    for subject, number in rows.order_by().values_list("subject").annotate(number=Count("*")):
        counted[owners[subject]] += number
    rows.delete()
    return counted


def erase_import_changes(customer_ids: Sequence[int], /) -> Rows:
    """No import that touched these customers can be undone for them any more."""
    return delete_rows(ImportChange.objects.filter(customer_id__in=customer_ids), customer_ids)


def erase_merge_images(customer_ids: Sequence[int], /) -> Rows:
    """Nothing of how these customers were before a merge is kept; the merge can then not be undone."""
    images = MergeImage.objects.filter(merge__in=merges_about(customer_ids))
    return delete_rows(images, customer_ids, by=("merge__survivor_id", "merge__absorbed_id"))


def erase_merges(customer_ids: Sequence[int], /) -> Rows:
    """What people wrote about merges of these customers is gone, and no wish about them waits.

    Who was merged with whom stays, by public id: references to absorbed profiles keep leading to the tombstone.
    """
    merges = Merge.objects.filter(pk__in=merges_about(customer_ids))
    merges.filter(state=MergeState.REQUESTED).update(state=MergeState.EXPIRED)
    return update_rows(merges, customer_ids, by=("survivor_id", "absorbed_id"), reason="", fields=[])


def erase_duplicates(customer_ids: Sequence[int], /) -> Rows:
    """No pair names one of these customers."""
    pairs = DuplicatePair.objects.filter(Q(left__in=customer_ids) | Q(right__in=customer_ids))
    return delete_rows(pairs, customer_ids, by=("left_id", "right_id"))


def erase_field_origins(customer_ids: Sequence[int], /) -> Rows:
    """Nothing tells which system wrote their values."""
    return delete_rows(FieldOrigin.objects.filter(customer_id__in=customer_ids), customer_ids)


def erase_quality_examples(customer_ids: Sequence[int], /) -> Rows:
    """No finding of an audit names one of these customers."""
    return delete_rows(QualityExample.objects.filter(customer_id__in=customer_ids), customer_ids)


def erase_match_keys(customer_ids: Sequence[int], /) -> Rows:
    """Nobody is found to be like one of these customers."""
    return delete_rows(MatchKey.objects.filter(customer_id__in=customer_ids), customer_ids)
