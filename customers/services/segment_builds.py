"""Calculating who is in a segment: into a version of its own that nobody reads before it is whole."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import DatabaseError, connection, transaction

from core import outbox
from core.actors import SYSTEM
from core.crypto import digest
from core.errors import DomainError
from customers.models import (
    ProfileChange,
    RunState,
    Segment,
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
from customers.services.segments import start_build

BATCH: Final = 10_000
Clock = Callable[[], datetime]
_BOTH: Final = """
SELECT count(*) FROM customers_segmentmember n JOIN customers_segmentmember o ON o.customer_id = n.customer_id
WHERE n.version_id = %s AND o.version_id = %s
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
    """Fill the version and put it in place; answers the version to be emptied."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('customers.build'), %s)", [version.segment_id])
        if not cursor.fetchone()[0]:
            SegmentRun.objects.filter(pk=started.pk).delete()
            return None
    started.hash = _fill(version, started.as_of)
    segment = Segment.objects.select_for_update(of=("self",)).get(pk=version.segment_id)
    if segment.state == SegmentState.ARCHIVED or segment.definition != version.definition:
        return _set_aside(version, started, clock())
    return _swap(segment, version, started, clock())


def _fill(version: SegmentVersion, now: datetime) -> str:
    """Insert the members, each with the instant since when she was in the segment without a break."""
    using = grammar()
    statement = compile_rule(node=using.read(version.rule), grammar=using, now=now)
    chosen = statement.select("c.id")
    sql = (
        "INSERT INTO customers_segmentmember (version_id, customer_id, entered_at)"  # noqa: S608
        f" SELECT %(new_version)s, r.id, coalesce(o.entered_at, %(entered)s) FROM ({chosen}) r"
        " LEFT JOIN customers_segmentmember o ON o.version_id = %(old_version)s AND o.customer_id = r.id ORDER BY r.id"
    )
    old = Segment.objects.values_list("current_id", flat=True).get(pk=version.segment_id)
    names = {"new_version": version.pk, "old_version": old or 0, "entered": now}
    run(sql, statement.parameters | names, seconds=settings.SEGMENT_BUILD_SECONDS)
    return digest(f"{statement.hash} {version.rule}")


def _swap(segment: Segment, version: SegmentVersion, started: SegmentRun, now: datetime) -> int | None:
    old, members = segment.current, SegmentMember.objects.filter(version=version).count()
    both = _in_both(version.pk, old.pk) if old else 0
    before = old.members if old else 0
    version.state, version.members, version.as_of = VersionState.CURRENT, members, started.as_of
    version.save(update_fields=["state", "members", "as_of"])
    segment.current, segment.failure, segment.failed_at = version, "", None
    segment.save(update_fields=["current", "failure", "failed_at"])
    if old:
        SegmentVersion.objects.filter(pk=old.pk).update(state=VersionState.RETIRED)
    started.rows, started.entered, started.exited = members, members - both, before - both
    _end(started, RunState.SUCCEEDED, "", now)
    outbox.publish(
        topic="segment.rebuilt",
        subject=segment.public_id,
        payload={
            "segment": segment.slug,
            "version": version.number,
            "members": members,
            "entered": started.entered,
            "exited": started.exited,
            "as_of": started.as_of.isoformat(),
        },
    )
    return old.pk if old else None


def _in_both(new: int, old: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_BOTH, [new, old])
        return int(cursor.fetchone()[0])


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
    started.save(update_fields=["state", "error", "finished_at", "rows", "entered", "exited", "hash"])


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


@transaction.atomic
def _restart(segment: Segment, now: datetime) -> int:
    locked = Segment.objects.select_for_update().filter(pk=segment.pk, state=SegmentState.ACTIVE).first()
    if locked is None:
        return 0
    abandoned = SegmentVersion.objects.filter(segment=locked, state=VersionState.BUILDING)
    abandoned.update(state=VersionState.FAILED)
    start_build(segment=locked, by=SYSTEM, now=now)
    return 1


def forget_history(*, runs_before: datetime, changes_before: datetime) -> int:
    """Runs and emptied versions older than `runs_before`, and profile changes older than `changes_before`, are gone."""
    gone, _ = SegmentRun.objects.filter(started_at__lt=runs_before).delete()
    old = SegmentVersion.objects.filter(created_at__lt=runs_before).exclude(state=VersionState.CURRENT)
    for pk in old.values_list("pk", flat=True):
        clear_version(version_id=pk)
    gone += old.delete()[0]
    while True:
        batch = ProfileChange.objects.filter(at__lt=changes_before).values("pk")[:BATCH]
        deleted, _ = ProfileChange.objects.filter(pk__in=batch).delete()
        gone += deleted
        if deleted < BATCH:
            return gone
