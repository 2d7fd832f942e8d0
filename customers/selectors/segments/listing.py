"""Questions about stored segments: which there are, who is in them, what refers to them, how their runs went."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Exists, OuterRef, QuerySet

from core.errors import InvalidInput, NotFound
from core.ids import is_public_id
from customers.models import (
    Customer,
    CustomerQuerySet,
    Segment,
    SegmentKind,
    SegmentMember,
    SegmentRun,
    SegmentState,
    SegmentVersion,
)
from customers.selectors import direct
from customers.selectors.criteria import Choice, Criterion

STALE_AFTER: Final = timedelta(hours=24)


def list_segments(*, include_archived: bool = False) -> QuerySet[Segment]:
    """Every segment with its current version, archived ones on demand."""
    rows = Segment.objects.select_related("current")
    return rows if include_archived else rows.filter(state=SegmentState.ACTIVE)


def find_segment(reference: str) -> Segment:
    """The segment with this public id or slug, archived or not; NotFound otherwise."""
    named = {"public_id": reference} if is_public_id(reference, "seg") else {"slug": reference}
    segment = list_segments(include_archived=True).filter(**named).first()
    if segment is None:
        raise NotFound("There is no segment with this id.")
    return segment


def static_choices() -> list[tuple[str, str]]:
    """Slug and name of the lists kept by hand."""
    rows = list_segments().filter(kind=SegmentKind.STATIC).order_by("name")
    return list(rows.values_list("slug", "name"))


def failed_segments() -> list[Segment]:
    """Those whose last calculation failed."""
    return list(list_segments().exclude(failure="").order_by("name")[:20])


def count_active() -> int:
    """How many segments are in use."""
    return Segment.objects.filter(state=SegmentState.ACTIVE).count()


_SLUGS: Final = """
SELECT member.customer_id, segment.slug FROM customers_segmentmember AS member
JOIN customers_segment AS segment ON segment.current_id = member.version_id
WHERE member.customer_id = ANY(%s) AND segment.state = 'active' ORDER BY segment.slug
"""


def slugs_of(customer_ids: Sequence[int]) -> Mapping[int, list[str]]:
    """The slugs of the segments that each customer is in, sorted; one query, by the index of the customer."""
    slugs: dict[int, list[str]] = defaultdict(list)
    for pk, slug in direct.run(statement=_SLUGS, parameters=[list(customer_ids)]):
        slugs[pk].append(slug)
    return dict(slugs)


def members_of(segment: Segment) -> QuerySet[SegmentMember]:
    """Who is in the current version; order it by customer_id, which is the order of its key."""
    return SegmentMember.objects.filter(version_id=segment.current_id or 0)


def member_page(*, segment: Segment, after: int, limit: int) -> list[tuple[int, str, str | None, datetime]]:
    """At most `limit` members behind the customer `after`: (id, public id, external id, since when), by id."""
    rows = members_of(segment).filter(customer_id__gt=after).order_by("customer_id")
    columns = rows.values_list("customer_id", "customer__public_id", "customer__external_id", "entered_at")
    return list(columns[:limit])


def member_since(*, segment: Segment, customer: Customer) -> datetime | None:
    """Since when a customer is in the current version; None when she is not."""
    return members_of(segment).filter(customer=customer).values_list("entered_at", flat=True).first()


def segments_of(customer: Customer) -> list[tuple[Segment, datetime]]:
    """The segments a customer is in, by name, and since when."""
    rows = SegmentMember.objects.filter(customer=customer, version__current_of__state=SegmentState.ACTIVE)
    found = rows.select_related("version__current_of").order_by("version__current_of__name")
    return [(row.version.current_of, row.entered_at) for row in found]


def referred_slugs(rule: Any) -> set[str]:
    """Slugs of the segments that a stored rule asks about."""
    if isinstance(rule, list):
        return {slug for item in rule for slug in referred_slugs(item)}
    if not isinstance(rule, dict):
        return set()
    if rule.get("on") == "segment":
        return {str(rule.get("value"))}
    return {slug for value in rule.values() for slug in referred_slugs(value)}


def used_by(segment: Segment) -> list[Segment]:
    """Active segments whose rule asks about this one."""
    return users_by_slug([segment])[segment.slug]


def users_by_slug(segments: Collection[Segment]) -> dict[str, list[Segment]]:
    """Active segments whose rule asks about each of these, by its slug; one query."""
    users: dict[str, list[Segment]] = {segment.slug: [] for segment in segments}
    for other in list_segments().filter(kind=SegmentKind.DYNAMIC).order_by("name"):
        for slug in referred_slugs(other.rule) & users.keys():
            users[slug].append(other)
    return users


def reaches(*, slugs: Collection[str], target: str) -> list[str] | None:
    """A chain of slugs from one of `slugs` to `target`, each asking about the next; None when there is none."""
    rules = {slug: referred_slugs(rule) for slug, rule in Segment.objects.values_list("slug", "rule")}
    paths = [[slug] for slug in sorted(slugs)]
    seen = set(slugs)
    while paths:
        path = paths.pop()
        if path[-1] == target:
            return path
        for slug in sorted(rules.get(path[-1], set()) - seen):
            seen.add(slug)
            paths.append([*path, slug])
    return None


def list_runs(segment: Segment) -> QuerySet[SegmentRun]:
    """Every calculation, newest first."""
    return SegmentRun.objects.filter(segment=segment).order_by("-started_at", "-id")


def list_versions(segment: Segment) -> QuerySet[SegmentVersion]:
    """Every version, newest first."""
    return SegmentVersion.objects.filter(segment=segment).order_by("-number")


def _choices() -> Sequence[Choice]:
    return list(list_segments().order_by("name").values_list("slug", "name"))


def _narrow(customers: CustomerQuerySet, slug: str) -> CustomerQuerySet:
    version = list_segments().filter(slug=slug).values_list("current_id", flat=True)
    if not version:
        raise InvalidInput("Invalid 'segment': there is no segment with this slug.", param="segment")
    return customers.filter(Exists(SegmentMember.objects.filter(version_id=version[0] or 0, customer=OuterRef("pk"))))


SEGMENT: Final = Criterion(name="segment", label="Segment", choices=_choices, narrow=_narrow)
"""The customer list narrowed to the members of a segment as last calculated."""


def health(segment: Segment, now: datetime) -> str:
    """`failed` when the last calculation did; `building` before the first; `stale` when a dynamic one is a day old."""
    if segment.failure:
        return "failed"
    if segment.current is None:
        return "building"
    is_old = segment.kind == SegmentKind.DYNAMIC and now - segment.current.as_of > STALE_AFTER
    return "stale" if is_old else "fresh"
