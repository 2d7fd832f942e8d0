"""Background work of customers."""

from datetime import timedelta
from typing import Any

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from core.actors import SYSTEM
from core.errors import Conflict
from customers.services import (
    bulk,
    duplicates,
    export_files,
    exports,
    governance,
    membership,
    merges,
    merging,
    quality,
    score_runs,
    segment_builds,
    segment_reach,
    tag_rules,
    tags,
)
from customers.services.import_runs import run_import as run_import_now
from customers.services.import_undo import undo_import as undo_import_now
from customers.services.imports import clean_up_imports as clean_up_imports_now
from customers.services.resealing import reseal_attributes as reseal_attributes_now


@shared_task
def run_import(job_id: str, **_: Any) -> None:
    """Work on an import from its checkpoint."""
    run_import_now(job_id=job_id, clock=timezone.now)


@shared_task
def undo_import(job_id: str, **_: Any) -> None:
    """Work on taking an import back."""
    undo_import_now(job_id=job_id, clock=timezone.now)


@shared_task
def move_history(merge_id: str, **_: Any) -> None:
    """Move the next pieces of a long history after a merge or its undoing."""
    merging.move_history(merge_id=merge_id, now=timezone.now())


@shared_task
def scan_duplicates(job_id: str, **_: Any) -> None:
    """Compare customers changed since the last scan."""
    duplicates.scan(job_id=job_id, clock=timezone.now)


@shared_task
def find_duplicates(**_: Any) -> None:
    """Begin a scan, unless one is on its way."""
    try:
        duplicates.start_scan(by=SYSTEM, now=timezone.now())
    except Conflict:
        return


@shared_task
def expire_tags(**_: Any) -> None:
    """Take off the tags whose time has come."""
    while tags.expire_tags(by=SYSTEM, now=timezone.now()) == tags.EXPIRED_AT_ONCE:
        continue


@shared_task
def follow_tag_rules(**_: Any) -> int:
    """Let tags of rules follow who came into their segments and who left."""
    return tag_rules.follow_tag_rules(now=timezone.now())


@shared_task
def check_tag_rules(**_: Any) -> int:
    """Let rules of tags look at everybody again."""
    return tag_rules.check_tag_rules()


@shared_task
def keep_merges(**_: Any) -> None:
    """Let wishes run out that nobody approved, forget what can no longer be undone, move on what got stuck."""
    now = timezone.now()
    merges.resume_moves(now=now)
    merges.expire_merges(by=SYSTEM, now=now)
    merges.forget_images(now=now)


@shared_task
def clean_up_imports(**_: Any) -> None:
    """Forget uploaded files and refused rows that are past their retention."""
    now = timezone.now()
    clean_up_imports_now(
        files_before=now - timedelta(days=settings.IMPORT_FILE_RETENTION_DAYS),
        changes_before=now - timedelta(days=settings.IMPORT_UNDO_DAYS),
        refused_before=now - timedelta(days=settings.REFUSED_ROW_RETENTION_DAYS),
    )


@shared_task
def run_bulk(job_id: str, **_: Any) -> None:
    """Work on something that is done to many customers."""
    bulk.run_bulk(job_id=job_id, clock=timezone.now)


@shared_task
def write_export(job_id: str, **_: Any) -> None:
    """Write the members of a segment to a file."""
    export_files.write_export(job_id=job_id, clock=timezone.now)


@shared_task
def clean_up_exports(**_: Any) -> None:
    """Take away exported files whose time is over, and forget old exports."""
    now = timezone.now()
    exports.remove_exports(now=now)
    exports.forget_exports(before=now - timedelta(days=settings.SEGMENT_RUN_DAYS))


@shared_task
def build_segment(version_id: int, **_: Any) -> None:
    """Calculate a version of a segment and put it in place."""
    segment_builds.build_segment(version_id=version_id, clock=timezone.now)


@shared_task
def measure_segment_reach(segment_id: int, **_: Any) -> bool:
    """Count how many members of a segment each channel reaches."""
    return segment_reach.measure_reach(segment_id=segment_id, now=timezone.now())


@shared_task
def follow_segments(**_: Any) -> int:
    """Let segments follow what changed about customers, and time."""
    return membership.follow_segments(now=timezone.now())


@shared_task
def clear_segment_version(version_id: int, **_: Any) -> int:
    """Empty a version that nobody reads any more."""
    return segment_builds.clear_version(version_id=version_id)


@shared_task
def refresh_segments(**_: Any) -> int:
    """Calculate every dynamic segment that is due again."""
    return segment_builds.refresh_due_segments(now=timezone.now())


@shared_task
def reconcile_segments(**_: Any) -> int:
    """Calculate every dynamic segment and report how it differs from what was followed."""
    return segment_builds.reconcile_segments(now=timezone.now())


@shared_task
def forget_segment_history(**_: Any) -> int:
    """Forget runs, emptied versions and profile changes that are past their retention."""
    now = timezone.now()
    return segment_builds.forget_history(
        runs_before=now - timedelta(days=settings.SEGMENT_RUN_DAYS),
        profiles_before=now - timedelta(days=settings.PROFILE_CHANGE_DAYS),
        changes_before=now - timedelta(days=settings.SEGMENT_CHANGE_DAYS),
    )


@shared_task
def reseal_attributes(job_id: str, **_: Any) -> None:
    """Work on bringing sensitive attributes under the newest key."""
    reseal_attributes_now(job_id=job_id, clock=timezone.now)


@shared_task
def compute_scores(job_id: str, **_: Any) -> None:
    """Work on a calculation of a score for everybody."""
    score_runs.compute_scores(job_id=job_id, clock=timezone.now)


@shared_task
def follow_scores(**_: Any) -> int:
    """Let scores follow what changed about customers."""
    return score_runs.follow_changes(now=timezone.now())


@shared_task
def recompute_scores(**_: Any) -> int:
    """Begin to calculate every score in force anew."""
    return score_runs.recompute_due_scores(now=timezone.now())


@shared_task
def clear_scores(version_id: int, **_: Any) -> int:
    """Empty a version of a score that nobody reads any more."""
    return score_runs.clear_scores(version_id=version_id)


@shared_task
def forget_score_history(**_: Any) -> int:
    """Forget changes of scores that are past their retention."""
    return score_runs.forget_history(before=timezone.now() - timedelta(days=settings.SCORE_CHANGE_DAYS))


@shared_task
def audit_quality(job_id: str, **_: Any) -> None:
    """Work on an audit of data quality."""
    quality.run_audit(job_id=job_id, clock=timezone.now)


@shared_task
def begin_quality_audit(**_: Any) -> None:
    """Begin an audit of data quality, unless one is on its way."""
    try:
        quality.start_audit(by=SYSTEM, now=timezone.now())
    except Conflict:
        return


@shared_task
def forget_quality_history(**_: Any) -> int:
    """Forget audits past their retention, and where values come from of fields that no longer rank systems."""
    before = timezone.now() - timedelta(days=settings.QUALITY_AUDIT_DAYS)
    return quality.forget_audits(before=before) + governance.forget_origins()
