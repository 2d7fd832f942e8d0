"""Lists that are brought as a file: their members gather in a version of their own, which then takes the place.

Nobody reads the list half brought, and a job that is stopped or fails leaves it as it was.
"""

from datetime import datetime
from typing import Any, Final

from django.db import connection

from core import audit, jobs
from core.actors import Actor
from core.errors import InvalidState
from customers.models import (
    ImportFile,
    RunKind,
    Segment,
    SegmentKind,
    SegmentMember,
    SegmentRun,
    SegmentState,
    SegmentVersion,
    VersionState,
)
from customers.services.segment_builds import swap_version
from customers.services.segment_members import hold_followers
from customers.services.segments import new_version

_KEEP: Final = """
INSERT INTO customers_segmentmember (version_id, customer_id, entered_at)
SELECT %s, customer_id, entered_at FROM customers_segmentmember WHERE version_id = %s ORDER BY customer_id
ON CONFLICT DO NOTHING
"""
_FOLLOW: Final = """
WITH gone AS (
    DELETE FROM customers_segmentmember m USING customers_customer c
    WHERE m.version_id = %(version)s AND c.id = m.customer_id AND (c.status = 'deleted' OR c.merged_into_id IS NOT NULL)
    RETURNING c.merged_into_id AS into_id
)
INSERT INTO customers_segmentmember (version_id, customer_id, entered_at)
SELECT DISTINCT %(version)s, c.id, %(now)s::timestamptz FROM gone JOIN customers_customer c ON c.id = gone.into_id
WHERE c.status <> 'deleted' AND c.merged_into_id IS NULL ON CONFLICT DO NOTHING
"""


def check_list(*, segment: Segment) -> None:
    """InvalidState unless members of this segment are put in by hand."""
    if segment.state == SegmentState.ARCHIVED:
        raise InvalidState("This segment is archived.")
    if segment.kind != SegmentKind.STATIC or segment.current_id is None:
        raise InvalidState("Only a static segment has members put in by hand.")


def new_gathering(*, file: ImportFile, by: Actor, now: datetime) -> SegmentVersion:
    """An empty version in which the members of this file gather; the one of an earlier attempt is forgotten."""
    segment = Segment.objects.select_for_update().get(pk=file.segment_id or 0)
    check_list(segment=segment)
    _forget(file.version_id)
    return new_version(segment=segment, by=by, now=now)


def _forget(version_id: int | None) -> None:
    waiting = SegmentVersion.objects.filter(pk=version_id or 0, state=VersionState.BUILDING)
    if version_id and waiting.update(state=VersionState.RETIRED):
        jobs.defer("customers.tasks.clear_segment_version", version_id=version_id)


def put_on_list(*, file: ImportFile, by: Actor, now: datetime) -> dict[str, Any]:
    """The list is what the file makes of it, and whoever came or left is told; how many, for the job's result.

    A rehearsal changes nothing. InvalidState when the list was archived meanwhile, and when a file that replaces the
    list names nobody at all: that is a wrong file more often than a wish. Inside the caller's transaction.
    """
    followed = hold_followers()
    segment = Segment.objects.select_for_update(of=("self",)).select_related("current").get(pk=file.segment_id or 0)
    check_list(segment=segment)
    version = SegmentVersion.objects.get(pk=file.version_id or 0)
    if file.dry_run:
        _forget(version.pk)
        return {"list": segment.public_id}
    before, old = segment.current.members if segment.current else 0, segment.current_id
    _complete(file, version, old, now)
    run = SegmentRun.objects.create(segment=segment, version=version, kind=RunKind.LIST, as_of=now, started_at=now)
    swap_version(segment=segment, version=version, started=run, followed=followed, now=now)
    jobs.defer("customers.tasks.clear_segment_version", version_id=old)
    changes = {"members": [before, run.rows], "replaces": [None, file.replaces], "file": ["", file.public_id]}
    audit.record(by=by, action="segment.members_uploaded", target=segment.public_id, changes=changes)
    return {"list": segment.public_id, "members": run.rows, "entered": run.entered, "exited": run.exited}


def _complete(file: ImportFile, version: SegmentVersion, old: int | None, now: datetime) -> None:
    """Who was deleted or absorbed since the row was read is not in the version; who stays on the list is."""
    with connection.cursor() as cursor:
        cursor.execute(_FOLLOW, {"version": version.pk, "now": now})
        if file.replaces and not SegmentMember.objects.filter(version=version).exists():
            raise InvalidState("No row of the file names a customer we know; the list stays as it was.")
        if not file.replaces:
            cursor.execute(_KEEP, [version.pk, old])
