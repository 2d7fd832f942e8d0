"""Erasing what this app holds about people: registered in core.privacy, called inside the caller's transaction."""

from collections import Counter
from collections.abc import Sequence

from django.db import transaction
from django.db.models import F, Q
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
from customers.selectors.personal import merges_about, refused_rows_of
from customers.services.exports import erase_exports as take_out_of_exports
from customers.services.segment_changes import Change, tell
from customers.services.segment_members import hold_followers


def erase_profiles(customer_ids: Sequence[int], /) -> int:
    """The rows are tombstones without any personal column; the caller adds its reason and its clock."""
    return Customer.objects.filter(pk__in=customer_ids).update(
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


def erase_identities(customer_ids: Sequence[int], /) -> int:
    """Nobody is recognised as one of these customers any more."""
    return Identity.objects.filter(customer_id__in=customer_ids).delete()[0]


def erase_tags(customer_ids: Sequence[int], /) -> int:
    """No tag says anything about these customers."""
    return CustomerTag.objects.filter(customer_id__in=customer_ids).delete()[0]


@transaction.atomic
def erase_memberships(customer_ids: Sequence[int], /) -> int:
    """These customers are in no segment, current or not; that they left the current ones is told, not kept."""
    hold_followers()
    held = SegmentMember.objects.filter(customer_id__in=customer_ids)
    rows = held.filter(version__current_of__isnull=False).order_by("version_id", "customer_id")
    left = list(rows.values_list("version_id", "version__segment_id", "customer_id"))
    gone = held.delete()[0]
    for version, people in Counter(version for version, _, _ in left).items():
        SegmentVersion.objects.filter(pk=version).update(members=F("members") - people)
    changes = [Change(segment, customer, entered=False, reason=ChangeReason.ERASED) for _, segment, customer in left]
    tell(changes=changes, now=timezone.now(), kept=False)
    return gone


def erase_segment_changes(customer_ids: Sequence[int], /) -> int:
    """Nothing tells which segments these customers came into or left."""
    return SegmentChange.objects.filter(customer_id__in=customer_ids).delete()[0]


def erase_touches(customer_ids: Sequence[int], /) -> int:
    """What changed about these customers is no longer on record; that they are deleted will be, for a day."""
    return Touch.objects.filter(customer_id__in=customer_ids).delete()[0]


def erase_scores(customer_ids: Sequence[int], /) -> int:
    """These customers have no score."""
    return CustomerScore.objects.filter(customer_id__in=customer_ids).delete()[0]


def erase_score_changes(customer_ids: Sequence[int], /) -> int:
    """Nothing tells which scores they had."""
    return ScoreChange.objects.filter(customer_id__in=customer_ids).delete()[0]


def erase_changes(customer_ids: Sequence[int], /) -> int:
    """Nothing tells what their profiles said before."""
    return ProfileChange.objects.filter(customer_id__in=customer_ids).delete()[0]


def anonymise_purchases(customer_ids: Sequence[int], /) -> int:
    """Amounts and dates stay for the books; the shop's order number, which leads back to a person, is replaced."""
    return Purchase.objects.filter(customer_id__in=customer_ids).update(order_id=F("public_id"))


def erase_exports(customer_ids: Sequence[int], /) -> int:
    """No exported file that is kept names one of these customers."""
    return take_out_of_exports(customer_ids=customer_ids, now=timezone.now())


def erase_refused_rows(customer_ids: Sequence[int], /) -> int:
    """Rows of import files that named one of these customers are gone."""
    return RefusedRow.objects.filter(subject__in=refused_rows_of(customer_ids)).exclude(subject="").delete()[0]


def erase_import_changes(customer_ids: Sequence[int], /) -> int:
    """No import that touched these customers can be undone for them any more."""
    return ImportChange.objects.filter(customer_id__in=customer_ids).delete()[0]


def erase_merge_images(customer_ids: Sequence[int], /) -> int:
    """Nothing of how these customers were before a merge is kept; the merge can then not be undone."""
    return MergeImage.objects.filter(merge__in=merges_about(customer_ids)).delete()[0]


def erase_merges(customer_ids: Sequence[int], /) -> int:
    """What people wrote about merges of these customers is gone, and no wish about them waits.

    Who was merged with whom stays, by public id: references to absorbed profiles keep leading to the tombstone.
    """
    merges = Merge.objects.filter(pk__in=merges_about(customer_ids))
    merges.filter(state=MergeState.REQUESTED).update(state=MergeState.EXPIRED)
    return merges.update(reason="", fields=[])


def erase_duplicates(customer_ids: Sequence[int], /) -> int:
    """No pair names one of these customers."""
    return DuplicatePair.objects.filter(Q(left__in=customer_ids) | Q(right__in=customer_ids)).delete()[0]


def erase_field_origins(customer_ids: Sequence[int], /) -> int:
    """Nothing tells which system wrote their values."""
    return FieldOrigin.objects.filter(customer_id__in=customer_ids).delete()[0]


def erase_quality_examples(customer_ids: Sequence[int], /) -> int:
    """No finding of an audit names one of these customers."""
    return QualityExample.objects.filter(customer_id__in=customer_ids).delete()[0]


def erase_match_keys(customer_ids: Sequence[int], /) -> int:
    """Nobody is found to be like one of these customers."""
    return MatchKey.objects.filter(customer_id__in=customer_ids).delete()[0]
