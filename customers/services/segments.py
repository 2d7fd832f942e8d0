"""Defining segments, changing them, taking snapshots, putting people on lists; membership is built elsewhere."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils.text import slugify

from core import audit, jobs
from core.actors import Actor
from core.errors import Conflict, InvalidInput, InvalidState, Problem
from customers.models import ChangeReason, Segment, SegmentKind, SegmentState, SegmentVersion, VersionState
from customers.rules.segments.grammar import Grammar
from customers.rules.segments.tree import Node, RuleError, to_json
from customers.selectors.segments.listing import health, reaches, referred_slugs, used_by
from customers.selectors.segments.registry import grammar
from customers.selectors.segments.uses import uses_of
from customers.services.definitions import TEXT_LIMITS, one_at_a_time, text_of
from customers.services.segment_changes import Change, add_to_day, tell

MAX_SEGMENTS: Final = 1_000
MAX_MEMBERS_A_CALL: Final = 1_000
RESERVED: Final = frozenset({"schema", "preview", "new", "new-list"})
"""Slugs that would be the addresses of something else."""


def checked_rule(*, raw: Any, using: Grammar, at: str = "/rule") -> Node:
    """The tree of a rule; InvalidInput names every problem by a JSON Pointer (RFC 6901) from `at`."""
    try:
        return using.read(raw)
    except RuleError as refusal:
        raise refused_rule(refusal=refusal, at=at) from refusal


def refused_rule(*, refusal: RuleError, at: str = "/rule") -> InvalidInput:
    """The refusal of a rule as callers see it."""
    details = [Problem(at + problem.pointer, problem.code, problem.message) for problem in refusal.problems]
    return InvalidInput(details[0].message, code="invalid_rule", param=details[0].param, details=details)


@transaction.atomic
def define_segment(
    *,
    name: str,
    rule: Any = None,
    kind: str = SegmentKind.DYNAMIC,
    slug: str = "",
    description: str = "",
    by: Actor,
    now: datetime,
) -> Segment:
    """A new segment: a dynamic one is calculated at once, a static one is an empty list.

    Refuses a rule that cannot be used, a list with a rule, a circle of segments (400), a slug that is taken (409).
    """
    if kind not in (SegmentKind.DYNAMIC, SegmentKind.STATIC):
        raise InvalidInput("Invalid 'kind': choose dynamic or static; a snapshot is taken of a segment.", param="kind")
    if kind == SegmentKind.STATIC and rule is not None:
        raise InvalidInput("Invalid 'rule': a static segment has members put in by hand and no rule.", param="rule")
    one_at_a_time()
    segment = _new(name=name, description=description, slug=slug, kind=kind, by=by, now=now)
    if kind == SegmentKind.DYNAMIC:
        segment.rule = to_json(checked_rule(raw=rule, using=grammar()))
        _refuse_circle(segment.slug, segment.rule)
    _store(segment)
    audit.record(by=by, action="segment.created", target=segment.public_id, changes={"kind": ["", kind]})
    if kind == SegmentKind.DYNAMIC:
        start_build(segment=segment, by=by, now=now)
    else:
        _put_in_place(segment, new_version(segment=segment, by=by, now=now))
    return segment


@transaction.atomic
def change_segment(*, segment: Segment, values: Mapping[str, Any], by: Actor, now: datetime) -> Segment:
    """The segment with another name, description or rule; a changed rule is calculated at once.

    Until then the members are those of the old rule. Refuses what `define_segment` refuses, an unknown member, a
    rule for anything but a dynamic segment, and any change of an archived one.
    """
    one_at_a_time()
    segment = _locked(segment)
    before = {name: getattr(segment, name) for name in ("name", "description", "rule")}
    for name, value in values.items():
        if name in TEXT_LIMITS:
            setattr(segment, name, text_of(name=name, value=value))
        elif name != "rule":
            raise InvalidInput(f"Unknown parameter '{name}'", code="unknown_parameter", param=name)
    if "rule" in values:
        _change_rule(segment, values["rule"])
    changes = {name: [old, getattr(segment, name)] for name, old in before.items() if old != getattr(segment, name)}
    if not changes:
        return segment
    segment.updated_at = now
    segment.definition += "rule" in changes
    segment.save(update_fields=["name", "description", "rule", "definition", "updated_at"])
    audit.record(by=by, action="segment.changed", target=segment.public_id, changes=changes)
    if "rule" in changes:
        start_build(segment=segment, by=by, now=now)
    return segment


@transaction.atomic
def refresh_segment(*, segment: Segment, by: Actor, now: datetime) -> Segment:
    """A dynamic segment is calculated anew as soon as a worker is free; refused for lists and snapshots."""
    segment = _locked(segment)
    if segment.kind != SegmentKind.DYNAMIC:
        raise InvalidState("Only a dynamic segment is calculated again.")
    start_build(segment=segment, by=by, now=now)
    audit.record(by=by, action="segment.refreshed", target=segment.public_id)
    return segment


@transaction.atomic
def archive_segment(*, segment: Segment, by: Actor, now: datetime) -> Segment:
    """Nobody is in the segment any more and no rule may ask about it; its history stays.

    Refused while a rule does, and while a campaign, an experiment or an automation uses it that is not over.
    """
    one_at_a_time()
    segment = _locked(segment)
    users = used_by(segment)
    if users:
        names = ", ".join(f"'{other.slug}'" for other in users)
        raise Conflict(f"The rules of {names} ask about this segment; change them first.", code="segment_in_use")
    if holding := [f"the {use.what} “{use.name}”" for use in uses_of(segment) if use.holds]:
        raise Conflict(f"This segment is used by {', '.join(holding[:5])}; end that first.", code="segment_in_use")
    current = segment.current_id
    segment.state, segment.current, segment.archived_at, segment.updated_at = SegmentState.ARCHIVED, None, now, now
    segment.save(update_fields=["state", "current", "archived_at", "updated_at"])
    SegmentVersion.objects.filter(pk=current or 0).update(state=VersionState.RETIRED)
    audit.record(by=by, action="segment.archived", target=segment.public_id)
    if current:
        jobs.defer("customers.tasks.clear_segment_version", version_id=current)
    return segment


@transaction.atomic
def take_snapshot(*, segment: Segment, name: str = "", by: Actor, now: datetime) -> Segment:
    """A new segment with the members of this moment, which never change again.

    Refused before the first calculation and after a failed one: what is frozen must be what was meant.
    """
    source = _locked(segment)
    if source.current is None or health(source, now) == "failed":
        raise InvalidState("This segment was not calculated as it stands; refresh it before taking a snapshot.")
    title = name or f"{source.name[:98]}, {now:%Y-%m-%d %H:%M}"
    frozen = _new(
        name=title, description=f"Snapshot of {source.slug}.", slug="", kind=SegmentKind.SNAPSHOT, by=by, now=now
    )
    frozen.rule = source.rule
    _store(frozen)
    version = new_version(segment=frozen, by=by, now=now)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO customers_segmentmember (version_id, customer_id, entered_at)"
            " SELECT %s, customer_id, entered_at FROM customers_segmentmember WHERE version_id = %s"
            " ORDER BY customer_id",
            [version.pk, source.current_id],
        )
        version.members = cursor.rowcount
    version.as_of = source.current.as_of
    _put_in_place(frozen, version)
    add_to_day(counts={frozen.pk: (version.members, 0)}, now=now)
    jobs.defer("customers.tasks.measure_segment_reach", segment_id=frozen.pk)
    origin = {"of": ["", source.public_id], "members": [0, version.members]}
    audit.record(by=by, action="segment.snapshot_taken", target=frozen.public_id, changes=origin)
    return frozen


@transaction.atomic
def change_members(
    *, segment: Segment, add: Collection[int] = (), remove: Collection[int] = (), by: Actor, now: datetime
) -> Segment:
    """These customers (database ids) are on the list, those are not; refused for anything but a static segment.

    Whoever came or left is in the history and told to followers, as of any other segment. Somebody in both is not on
    it; nobody who was deleted or absorbed meanwhile comes onto it.
    """
    segment = _locked(segment)
    if segment.kind != SegmentKind.STATIC or segment.current is None:
        raise InvalidState("Only a static segment has members put in by hand.")
    if len(add) + len(remove) > MAX_MEMBERS_A_CALL:
        raise InvalidInput(f"A call changes at most {MAX_MEMBERS_A_CALL} members.", code="batch_too_large")
    version = segment.current
    came, left = _put_on(version.pk, set(add) - set(remove), now), _taken_off(version.pk, remove)
    SegmentVersion.objects.filter(pk=version.pk).update(members=F("members") + len(came) - len(left), as_of=now)
    changes = [Change(segment.pk, pk, entered=True, reason=ChangeReason.LIST) for pk in came]
    changes += [Change(segment.pk, pk, entered=False, reason=ChangeReason.LIST) for pk in left]
    tell(changes=changes, now=now)
    version.refresh_from_db(fields=["members", "as_of"])
    counts = {"added": [0, len(came)], "removed": [0, len(left)]}
    audit.record(by=by, action="segment.members_changed", target=segment.public_id, changes=counts)
    return segment


def _put_on(version_id: int, customer_ids: Collection[int], now: datetime) -> list[int]:
    """Who was not in the version and now is."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO customers_segmentmember (version_id, customer_id, entered_at)"
            " SELECT %s, id, %s FROM customers_customer"
            " WHERE id = ANY(%s::bigint[]) AND status <> 'deleted' AND merged_into_id IS NULL ORDER BY id"
            " ON CONFLICT DO NOTHING RETURNING customer_id",
            [version_id, now, list(customer_ids)],
        )
        return [pk for (pk,) in cursor.fetchall()]


def _taken_off(version_id: int, customer_ids: Collection[int]) -> list[int]:
    """Who was in the version and now is not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM customers_segmentmember WHERE version_id = %s AND customer_id = ANY(%s::bigint[])"
            " RETURNING customer_id",
            [version_id, list(customer_ids)],
        )
        return sorted(pk for (pk,) in cursor.fetchall())


def start_build(*, segment: Segment, by: Actor, now: datetime) -> SegmentVersion:
    """A version that a worker fills after commit and then puts in the place of the current one."""
    version = new_version(segment=segment, by=by, now=now)
    jobs.defer("customers.tasks.build_segment", version_id=version.pk)
    return version


def new_version(*, segment: Segment, by: Actor, now: datetime) -> SegmentVersion:
    """An empty version of the segment's present definition; the caller holds the segment's row."""
    last = segment.versions.order_by("-number").values_list("number", flat=True).first()
    return SegmentVersion.objects.create(
        segment=segment,
        number=(last or 0) + 1,
        definition=segment.definition,
        rule=segment.rule,
        as_of=now,
        created_by=str(by),
        created_at=now,
    )


def _new(*, name: str, description: str, slug: str, kind: str, by: Actor, now: datetime) -> Segment:
    if Segment.objects.filter(state=SegmentState.ACTIVE).count() >= MAX_SEGMENTS:
        raise InvalidInput(f"There may be at most {MAX_SEGMENTS} segments; archive one first.", code="business_rule")
    segment = Segment(public_id=Segment.new_public_id(), kind=kind, owner=str(by), created_at=now, updated_at=now)
    segment.name, segment.description = text_of(name="name", value=name), text_of(name="description", value=description)
    segment.slug = _slug(slug, segment.name)
    return segment


def _slug(given: str, name: str) -> str:
    """The slug as given, or one made of the name that nobody has."""
    if given:
        if slugify(given) != given or "_" in given or len(given) > 60 or given in RESERVED:
            message = "Invalid 'slug': use lower-case words, digits and hyphens, at most 60 characters."
            raise InvalidInput(message, param="slug")
        return given
    base = slugify(name).replace("_", "-")[:54].strip("-") or "segment"
    taken = RESERVED.union(Segment.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(slug for slug in (base, *(f"{base}-{n}" for n in range(2, 100_000))) if slug not in taken)


def _store(segment: Segment) -> None:
    try:
        with transaction.atomic():
            segment.save(force_insert=True)
    except IntegrityError as taken:
        raise Conflict("There is a segment with this slug.", code="state_conflict", param="slug") from taken


def _put_in_place(segment: Segment, version: SegmentVersion) -> None:
    version.state = VersionState.CURRENT
    version.save(update_fields=["state", "members", "as_of"])
    segment.current = version
    segment.save(update_fields=["current"])


def _change_rule(segment: Segment, raw: Any) -> None:
    if segment.kind != SegmentKind.DYNAMIC:
        raise InvalidInput("Invalid 'rule': only a dynamic segment has a rule that can change.", param="rule")
    segment.rule = to_json(checked_rule(raw=raw, using=grammar()))
    _refuse_circle(segment.slug, segment.rule)


def _refuse_circle(slug: str, rule: Any) -> None:
    chain = reaches(slugs=referred_slugs(rule), target=slug)
    if chain:
        message = f"A segment may not ask about itself: {' -> '.join([slug, *chain])}."
        raise InvalidInput(message[:300], code="segment_cycle", param="/rule")


def _locked(segment: Segment) -> Segment:
    locked = Segment.objects.select_for_update(of=("self",)).select_related("current").get(pk=segment.pk)
    if locked.state == SegmentState.ARCHIVED:
        raise InvalidState("This segment is archived.")
    return locked
