"""Auditing the quality of customer data: one pass over everybody, every night and on demand."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction

from core import audit as audit_log
from core import jobs
from core.actors import Actor
from core.errors import Conflict
from core.models import Job
from core.models.jobs import OPEN_STATES
from customers.models import QualityAudit, QualityExample, QualityFinding
from customers.rules.quality import Audit, Result
from customers.selectors.quality import KIND, count_duplicates, count_known, measured, next_profiles

TASK: Final = "customers.tasks.audit_quality"
BATCH: Final = 2_000
Clock = Callable[[], datetime]


@transaction.atomic
def start_audit(*, by: Actor, now: datetime, run_here: bool = False) -> Job:
    """A job that looks at everybody; 409 while one is on its way."""
    if Job.objects.filter(kind=KIND, state__in=OPEN_STATES).exists():
        raise Conflict("An audit of data quality is at work already.")
    job = jobs.start_job(
        kind=KIND, title="Audit data quality", task=TASK, parameters={}, by=by, now=now, run_here=run_here
    )
    audit_log.record(by=by, action="quality.audit_started", target=job.public_id)
    return job


def run_audit(*, job_id: str, clock: Clock) -> QualityAudit | None:
    """Look at everybody in the order of row ids and store what was found; None when the job was paused or stopped.

    Reads one chunk after the other, so that memory does not grow with the number of customers, and begins anew when
    it is run again: nothing is stored before the end. Who comes or changes meanwhile is seen as they are then.
    """
    job = jobs.claim_job(job_id=job_id, now=clock())
    if job is None:
        return None
    begun = clock()
    policies, free = measured()
    looking = Audit(policies, free, begun - timedelta(days=settings.QUALITY_STALE_DAYS))
    going = jobs.advance_job(job=job, done=0, total=count_known(), now=clock())
    after = 0
    while going and (profiles := next_profiles(after)):
        for profile in profiles:
            looking.look(profile)
        after = profiles[-1].pk
        going = jobs.advance_job(job=job, done=looking.people, now=clock())
    return _store(job, looking.result(duplicates=count_duplicates()), begun, clock()) if going else None


@transaction.atomic
def _store(job: Job, result: Result, begun: datetime, now: datetime) -> QualityAudit:
    """The audit with its findings; only the newest names customers."""
    measures = {
        str(one.dimension): {"score": one.score, "defects": one.defects, "of": one.of} for one in result.measures
    }
    stored = QualityAudit(public_id=QualityAudit.new_public_id(), started_at=begun, finished_at=now)
    stored.people, stored.score, stored.measures = result.people, result.score, measures
    stored.save(force_insert=True)
    findings = QualityFinding.objects.bulk_create(_rows(stored, result), batch_size=BATCH)
    QualityExample.objects.exclude(finding__audit=stored).delete()
    QualityExample.objects.bulk_create(
        [
            QualityExample(finding=row, customer_id=pk)
            for row, found in zip(findings, result.findings, strict=True)
            for pk in found.people
        ],
        batch_size=BATCH,
    )
    counts = {"audit": stored.public_id, "people": result.people, "findings": len(findings), "score": result.score}
    jobs.finish_job(job=job, result=counts, now=now)
    return stored


def _rows(stored: QualityAudit, result: Result) -> Sequence[QualityFinding]:
    return [
        QualityFinding(
            public_id=QualityFinding.new_public_id(),
            audit=stored,
            rank=rank,
            check_name=found.check,
            field=found.field,
            count=found.count,
            of=found.of,
            parts=dict(found.parts),
        )
        for rank, found in enumerate(result.findings, 1)
    ]


def forget_audits(*, before: datetime) -> int:
    """Audits that ended before are gone, with their findings; how many were."""
    return QualityAudit.objects.filter(finished_at__lt=before).delete()[1].get("customers.QualityAudit", 0)
