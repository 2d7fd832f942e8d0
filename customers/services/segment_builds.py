"""Calculating who is in a segment: into a version of its own that nobody reads before it is whole."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import QuerySet

from core import jobs, outbox
from core.actors import SYSTEM, Actor
from core.crypto import digest
from core.errors import DomainError, InvalidState
from core.models import Cursor
from customers.models import (
    ProfileChange,
    RunState,
    Segment,
    SegmentChange,
    SegmentDay,
    SegmentKind,
    SegmentMember,
    SegmentRun,
    SegmentState,
    SegmentVersion,
    VersionState,
)
from customers.rules.segments.tree import RuleError
from customers.selectors.segments.registry import grammar
from customers.selectors.segments.running import run
from customers.selectors.segments.statement import compile_rule
from customers.services.segment_catching_up import Stretch, catch_up
from customers.services.segment_members import hold_followers
from customers.services.segment_rebuilt import tell_rebuilt
from customers.services.segments import new_version, start_build

BATCH: Final = 10_000
Clock = Callable[[], datetime]
_INSERT: Final = """
INSERT INTO customers_segmentmember (version_id, customer_id, entered_at)
SELECT %(new_version)s, r.id, coalesce(o.entered_at, %(entered)s) FROM segment_chosen r
LEFT JOIN customers_segmentmember o ON o.version_id = %(old_version)s AND o.customer_id = r.id ORDER BY r.id
"""


def build_segment(*, version_id: int, clock: Clock) -> None:
    """The version holds who matches its rule now and is the current one; the one before is emptied.

    Safe to repeat. When it fails, the members stay those of the last calculation that did not; run and segment say
    why. A version whose definition was replaced meanwhile is left aside.
    """
    version = SegmentVersion.objects.select_related("segment").get(pk=version_id)
    if version.state != VersionState.BUILDING:
        return
    now = clock()
    started = SegmentRun.objects.create(segment=version.segment, version=version, as_of=now, started_at=now)
    try:
        retired = _build(version, started, clock)
    except (RuleError, DomainError) as refusal:
        _fail(version, started, str(refusal), clock())
    except DatabaseError as error:
        _fail(version, started, f"The database refused the calculation ({type(error).__name__}).", clock())
        raise
    else:
        if retired:
            clear_version(version_id=retired)


@transaction.atomic
def _build(version: SegmentVersion, started: SegmentRun, clock: Clock) -> int | None:
    """Fill the version and put it in place; answers the version to be emptied.

    Calculations of a segment wait for each other. What changes while this one runs is looked at before the swap: the
    follower, which is held for that, has looked at it with the members that are about to be replaced.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('customers.build'), %s)", [version.segment_id])
    version.refresh_from_db()
    if version.state != VersionState.BUILDING:
        SegmentRun.objects.filter(pk=started.pk).delete()
        return None
    begun = outbox.horizon()
    started.hash = _fill(version, started.as_of)
    cursor_row = hold_followers()
    segment = Segment.objects.select_for_update(of=("self",)).select_related("current").get(pk=version.segment_id)
    if segment.state == SegmentState.ARCHIVED or segment.definition != version.definition:
        return _set_aside(version, started, clock())
    now = max(clock(), started.as_of, cursor_row.at or started.as_of)
    missed = Stretch(after=begun - 1, upto=cursor_row.xid, since=started.as_of, until=cursor_row.at)
    catch_up(version=version, missed=missed, former=segment.current_id or 0, now=now)
    return swap_version(segment=segment, version=version, started=started, followed=cursor_row, now=now)


def _fill(version: SegmentVersion, now: datetime) -> str:
    """Insert the members, each with the instant since when she was in the segment without a break.

    They are chosen into a table of this transaction first: several workers may work for that, while PostgreSQL leaves
    a query whose rows are inserted right away to one.
    """
    using = grammar()
    statement = compile_rule(node=using.read(version.rule), grammar=using, now=now, in_order=True)
    chosen = f"CREATE TEMPORARY TABLE segment_chosen ON COMMIT DROP AS {statement.select('c.id')}"
    old = Segment.objects.values_list("current_id", flat=True).get(pk=version.segment_id)
    names = {"new_version": version.pk, "old_version": old or 0, "entered": now}
    seconds = settings.SEGMENT_BUILD_SECONDS
    run(chosen, statement.parameters, seconds=seconds, in_order=statement.in_order)
    run(_INSERT, names, seconds=seconds)
    run("DROP TABLE segment_chosen", {}, seconds=seconds)
    return digest(f"{statement.hash} {version.rule}")


def swap_version(
    *, segment: Segment, version: SegmentVersion, started: SegmentRun, followed: Cursor, now: datetime
) -> int | None:
    """The version is the current one; who came and went by that is told, except when there was none before.

    Answers the version before, which is to be emptied. The caller holds the segment and the followers.
    """
    old, members = segment.current, SegmentMember.objects.filter(version=version).count()
    version.state, version.members, version.as_of = VersionState.CURRENT, members, started.as_of
    version.save(update_fields=["state", "members", "as_of"])
    segment.current, segment.failure, segment.failed_at = version, "", None
    segment.save(update_fields=["current", "failure", "failed_at"])
    if old:
        SegmentVersion.objects.filter(pk=old.pk).update(state=VersionState.RETIRED)
    counts = tell_rebuilt(segment=segment, run=started, old=old, new=version, followed=followed, now=now)
    started.rows, started.entered, started.exited = members, counts.entered, counts.exited
    _end(started, RunState.SUCCEEDED, "", now)
    outbox.publish(
        topic="segment.rebuilt",
        subject=segment.public_id,
        payload={
            "segment": segment.slug,
            "version": version.number,
            "members": members,
            "entered": counts.entered,
            "exited": counts.exited,
            "told_singly": counts.told_singly,
            "as_of": started.as_of.isoformat(),
        },
    )
    jobs.defer("customers.tasks.measure_segment_reach", segment_id=segment.pk)
    return old.pk if old else None


def _set_aside(version: SegmentVersion, started: SegmentRun, now: datetime) -> int:
    SegmentVersion.objects.filter(pk=version.pk).update(state=VersionState.RETIRED)
    started.rows = 0
    _end(started, RunState.SUCCEEDED, "The definition was replaced while this was calculated.", now)
    return version.pk


@transaction.atomic
def _fail(version: SegmentVersion, started: SegmentRun, why: str, now: datetime) -> None:
    """The last good members stay; everybody who looks is told."""
    SegmentVersion.objects.filter(pk=version.pk).update(state=VersionState.FAILED)
    current = Segment.objects.filter(pk=version.segment_id, definition=version.definition)
    current.update(failure=why[:300], failed_at=now)
    _end(started, RunState.FAILED, why, now)


def _end(started: SegmentRun, state: RunState, error: str, now: datetime) -> None:
    started.state, started.error, started.finished_at = state, error[:300], now
    started.save(
        update_fields=["state", "error", "finished_at", "rows", "entered", "exited", "hash", "kind", "differences"]
    )


def clear_version(*, version_id: int) -> int:
    """Nobody is in this version, which is not a current one; in batches, returns how many were."""
    if SegmentVersion.objects.filter(pk=version_id, state=VersionState.CURRENT).exists():
        return 0
    cleared = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM customers_segmentmember WHERE version_id = %s AND customer_id = ANY(ARRAY("
                "SELECT customer_id FROM customers_segmentmember WHERE version_id = %s LIMIT %s))",
                [version_id, version_id, BATCH],
            )
            cleared += int(cursor.rowcount)
            if cursor.rowcount < BATCH:
                return cleared


def refresh_due_segments(*, now: datetime) -> int:
    """Every dynamic segment calculated too long ago, or left behind by a dead worker, is calculated again."""
    due = now - timedelta(hours=settings.SEGMENT_REFRESH_HOURS)
    waiting = SegmentVersion.objects.filter(state=VersionState.BUILDING, created_at__gte=now - timedelta(hours=1))
    rows = Segment.objects.filter(state=SegmentState.ACTIVE, kind=SegmentKind.DYNAMIC).exclude(versions__in=waiting)
    started = 0
    for segment in rows.select_related("current").order_by("id"):
        tried = [segment.current.as_of if segment.current else None, segment.failed_at]
        last = max((at for at in tried if at is not None), default=None)
        if last is None or last < due:
            started += _restart(segment, now)
    return started


def reconcile_segments(*, now: datetime) -> int:
    """Every dynamic segment is calculated anew, with a report of how it differs from what was followed; how many.

    Lists stay as they are; whom they reach is counted again, as it is of those calculated.
    """
    rows = Segment.objects.filter(state=SegmentState.ACTIVE).order_by("id")
    for pk in rows.exclude(kind=SegmentKind.DYNAMIC).values_list("pk", flat=True):
        jobs.defer("customers.tasks.measure_segment_reach", segment_id=pk)
    return sum(_restart(segment, now) for segment in rows.filter(kind=SegmentKind.DYNAMIC))


def reconcile_segment(*, segment: Segment, by: Actor, clock: Clock) -> SegmentRun:
    """The segment is calculated in this process; its run says how it differs from what was followed, or why it failed.

    InvalidState for an archived segment and for lists.
    """
    with transaction.atomic():
        locked = Segment.objects.select_for_update().get(pk=segment.pk)
        if locked.state == SegmentState.ARCHIVED or locked.kind != SegmentKind.DYNAMIC:
            raise InvalidState("Only a dynamic segment in use is calculated again.")
        version = new_version(segment=locked, by=by, now=clock())
    build_segment(version_id=version.pk, clock=clock)
    return SegmentRun.objects.filter(version=version).latest("pk")


@transaction.atomic
def _restart(segment: Segment, now: datetime) -> int:
    locked = Segment.objects.select_for_update().filter(pk=segment.pk, state=SegmentState.ACTIVE).first()
    if locked is None:
        return 0
    abandoned = SegmentVersion.objects.filter(segment=locked, state=VersionState.BUILDING)
    abandoned.update(state=VersionState.FAILED)
    start_build(segment=locked, by=SYSTEM, now=now)
    return 1


def forget_history(*, runs_before: datetime, profiles_before: datetime, changes_before: datetime) -> int:
    """Runs and emptied versions, profile changes, comings and goings with their daily counts are gone where older."""
    gone, _ = SegmentRun.objects.filter(started_at__lt=runs_before).delete()
    old = SegmentVersion.objects.filter(created_at__lt=runs_before).exclude(state=VersionState.CURRENT)
    for pk in old.values_list("pk", flat=True):
        clear_version(version_id=pk)
    gone += old.delete()[0] + SegmentDay.objects.filter(day__lt=changes_before.date()).delete()[0]
    gone += _delete_in_batches(ProfileChange.objects.filter(at__lt=profiles_before))
    return gone + _delete_in_batches(SegmentChange.objects.filter(at__lt=changes_before))


def _delete_in_batches(rows: QuerySet[Any]) -> int:
    gone = 0
    while True:
        deleted: int = rows.model._default_manager.filter(pk__in=rows.values("pk")[:BATCH]).delete()[0]
        gone += deleted
        if deleted < BATCH:
            return gone
