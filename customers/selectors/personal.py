"""What this app knows about people, as plain rows for an access package (GDPR Art. 15(3), CCPA 1798.130)."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from django.db.models import Q

from core.crypto import keyed_hash
from customers.models import (
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
    ProfileChange,
    Purchase,
    QualityExample,
    RefusedRow,
    ScoreChange,
    SegmentChange,
    SegmentMember,
    Touch,
)
from customers.rules.sealed import opened, opened_cells

Rows = Iterator[dict[str, Any]]
_PROFILE = (
    "public_id",
    "external_id",
    "email",
    "phone",
    "first_name",
    "last_name",
    "country",
    "region",
    "language",
    "time_zone",
    "birth_date",
    "status",
    "attributes",
    "created_at",
    "updated_at",
    "created_via",
    "last_seen_at",
)


def subject_hash(value: str) -> str:
    """The keyed hash under which a refused row remembers whose identifier it held."""
    return keyed_hash("refused-row", value)


def collect_profiles(customer_ids: Sequence[int]) -> Rows:
    """One row a customer, sealed attributes opened."""
    for row in Customer.objects.filter(pk__in=customer_ids).order_by("pk").values(*_PROFILE):
        yield {**row, "attributes": opened(row["attributes"])}


def collect_identities(customer_ids: Sequence[int]) -> Rows:
    """Every identifier, where it came from and when."""
    rows = Identity.objects.filter(customer_id__in=customer_ids).order_by("pk")
    return cast(Rows, rows.values("kind", "value", "source", "created_at").iterator(chunk_size=2_000))


def collect_tags(customer_ids: Sequence[int]) -> Rows:
    """Every tag and who put it there."""
    rows = CustomerTag.objects.filter(customer_id__in=customer_ids).order_by("pk")
    for name, origin, at in rows.values_list("tag__name", "origin", "created_at").iterator(chunk_size=2_000):
        yield {"tag": name, "origin": origin, "created_at": at}


def collect_segments(customer_ids: Sequence[int]) -> Rows:
    """Every segment these customers are in as last calculated, and since when."""
    rows = SegmentMember.objects.filter(customer_id__in=customer_ids, version__current_of__isnull=False)
    columns = rows.order_by("version_id", "customer_id").values_list("version__segment__slug", "entered_at")
    for slug, entered_at in columns.iterator(chunk_size=2_000):
        yield {"segment": slug, "entered_at": entered_at}


def collect_scores(customer_ids: Sequence[int]) -> Rows:
    """Every score in force, and the points of each rule."""
    rows = CustomerScore.objects.filter(customer_id__in=customer_ids, version__current_of__isnull=False)
    for row in rows.select_related("version__model").order_by("version_id", "customer_id").iterator(chunk_size=2_000):
        yield {"score": row.version.model.name, "points": row.score, "since": row.since, "rules": _given(row)}


def collect_score_changes(customer_ids: Sequence[int]) -> Rows:
    """Every change of a score that is still kept, and the points of each rule from then on."""
    rows = ScoreChange.objects.filter(customer_id__in=customer_ids).select_related("version__model").order_by("pk")
    for row in rows.iterator(chunk_size=2_000):
        told = {"score": row.version.model.name, "at": row.at, "before": row.before, "after": row.after}
        yield told | {"why": row.get_cause_display(), "rules": _given(row)}


def _given(row: CustomerScore | ScoreChange) -> dict[str, int]:
    rules = row.version.definition["rules"]
    return {rule["name"]: given for rule, given in zip(rules, row.points, strict=False) if given}


def collect_segment_changes(customer_ids: Sequence[int]) -> Rows:
    """Every segment these customers came into or left, and why, as far as that is kept."""
    rows = SegmentChange.objects.filter(customer_id__in=customer_ids).order_by("pk")
    columns = rows.values_list("segment__slug", "entered", "reason", "at")
    for slug, entered, reason, at in columns.iterator(chunk_size=2_000):
        yield {"segment": slug, "change": "entered" if entered else "left", "reason": reason, "at": at}


def collect_touches(customer_ids: Sequence[int]) -> Rows:
    """Which parts of these profiles changed within a day, without values."""
    rows = Touch.objects.filter(customer_id__in=customer_ids).order_by("pk")
    return cast(Rows, rows.values("topics", "at").iterator(chunk_size=2_000))


def collect_changes(customer_ids: Sequence[int]) -> Rows:
    """Every change of a profile that is still kept."""
    rows = ProfileChange.objects.filter(customer_id__in=customer_ids).order_by("pk")
    return cast(Rows, rows.values("field", "before", "after", "at").iterator(chunk_size=2_000))


def collect_purchases(customer_ids: Sequence[int]) -> Rows:
    """Every order and refund."""
    rows = Purchase.objects.filter(customer_id__in=customer_ids).order_by("purchased_at", "pk")
    columns = ("public_id", "order_id", "amount", "currency", "lines", "quantity", "purchased_at", "source")
    return cast(Rows, rows.values(*columns).iterator(chunk_size=2_000))


def subjects_of(customer_ids: Sequence[int]) -> dict[str, int]:
    """The subjects under which refused rows of these customers are kept, and whose each is."""
    values = Identity.objects.filter(customer_id__in=customer_ids).values_list("value", "customer_id")
    return {subject_hash(value): owner for value, owner in values}


def collect_refused_rows(customer_ids: Sequence[int]) -> Rows:
    """Rows of import files that named these customers and were not stored."""
    rows = RefusedRow.objects.filter(subject__in=list(subjects_of(customer_ids))).exclude(subject="").order_by("pk")
    for row in rows.values("row", "code", "values").iterator(chunk_size=2_000):
        yield {**row, "values": opened_cells(row["values"])}


def collect_import_changes(customer_ids: Sequence[int]) -> Rows:
    """What imports of the last days changed about these customers."""
    rows = ImportChange.objects.filter(customer_id__in=customer_ids).order_by("pk")
    columns = ("file__public_id", "created", "before", "after", "tags")
    return cast(Rows, rows.values(*columns).iterator(chunk_size=2_000))


def merges_about(customer_ids: Sequence[int]) -> list[int]:
    """The merges that these customers were part of, on either side."""
    either = Q(survivor__in=customer_ids) | Q(absorbed__in=customer_ids)
    return list(Merge.objects.filter(either).order_by("pk").values_list("pk", flat=True))


def collect_merges(customer_ids: Sequence[int]) -> Rows:
    """Each merge and each wish for one."""
    rows = Merge.objects.filter(pk__in=merges_about(customer_ids)).order_by("pk")
    columns = ("public_id", "survivor__public_id", "absorbed__public_id", "origin", "state", "reason", "created_at")
    return cast(Rows, rows.values(*columns, "merged_at", "undone_at").iterator(chunk_size=2_000))


def collect_merge_images(customer_ids: Sequence[int]) -> Rows:
    """What the profiles held before they were merged, as far as it is still kept; numbers of rows stay inside."""
    rows = MergeImage.objects.filter(merge__in=merges_about(customer_ids), part="profile").order_by("pk")
    for merge, data in rows.values_list("merge__public_id", "data").iterator(chunk_size=2_000):
        yield {"merge": merge, "fields": data["columns"], "attributes": opened(data["attributes"])}


def collect_duplicates(customer_ids: Sequence[int]) -> Rows:
    """With which other profiles these were compared and found alike."""
    rows = DuplicatePair.objects.filter(Q(left__in=customer_ids) | Q(right__in=customer_ids)).order_by("pk")
    columns = ("public_id", "left__public_id", "right__public_id", "score", "state", "created_at")
    return cast(Rows, rows.values(*columns).iterator(chunk_size=2_000))


def collect_match_keys(customer_ids: Sequence[int]) -> Rows:
    """The keyed hashes, which say nothing by themselves."""
    rows = MatchKey.objects.filter(customer_id__in=customer_ids).order_by("pk")
    return cast(Rows, rows.values("key").iterator(chunk_size=2_000))


def collect_field_origins(customer_ids: Sequence[int]) -> Rows:
    """Which system wrote which field."""
    rows = FieldOrigin.objects.filter(customer_id__in=customer_ids).order_by("customer_id", "field")
    return cast(Rows, rows.values("customer__public_id", "field", "source", "at").iterator(chunk_size=2_000))


def collect_quality_examples(customer_ids: Sequence[int]) -> Rows:
    """What the newest audit found about these profiles."""
    rows = QualityExample.objects.filter(customer_id__in=customer_ids).order_by("customer_id", "finding_id")
    columns = ("customer__public_id", "finding__check_name", "finding__field")
    return cast(Rows, rows.values(*columns).iterator(chunk_size=2_000))
