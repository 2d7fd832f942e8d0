"""Counting what happened in a period, for all who ask the same: a job, whose answer is kept with its question."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from core import jobs
from core.actors import Actor
from core.errors import Conflict
from core.models import Job, JobState
from customers.services.answering import answering
from engagement.models import CountedReport
from engagement.selectors import campaign_reports
from engagement.selectors.attribution import STEPS, attribute, check_period
from engagement.selectors.counted import (
    ATTRIBUTION,
    CAMPAIGNS,
    JOB_KINDS,
    count_at_work,
    has_answer,
    is_counting,
    to_answer,
)

TASKS: Final = {ATTRIBUTION: "engagement.tasks.count_attribution", CAMPAIGNS: "engagement.tasks.count_campaigns"}
TITLES: Final = {ATTRIBUTION: "Attribution of", CAMPAIGNS: "Campaigns of"}
MOST_AT_WORK: Final = 20
_TOLD: Final = ("orders", "touched", "launched")
"""Of the answer, by the job."""
Clock = Callable[[], datetime]


@transaction.atomic
def ask_report(
    *,
    kind: str,
    begins: datetime,
    ends: datetime,
    currency: str,
    anew: bool,
    needs: str = "",
    by: Actor,
    now: datetime,
) -> CountedReport:
    """The question, with a job that counts it when it was never counted, or with `anew`; one job a question at a time.

    An answer that was kept without the member it `needs` counts as none.
    Refuses a period that is none or too long (400), and a new count while 20 others are on their way (409).
    """
    check_period(begins=begins, ends=ends)
    row = _locked(kind, begins, ends, currency, now)
    if is_counting(row) or (_was_counted(row, needs) and not anew):
        return row
    if count_at_work() >= MOST_AT_WORK:
        raise Conflict(f"{MOST_AT_WORK} of these results are being counted; ask again in a minute.")
    question = {"begins": begins.isoformat(), "ends": ends.isoformat(), "currency": currency}
    title = f"{TITLES[kind]} {begins:%Y-%m-%d %H:%M} to {ends:%Y-%m-%d %H:%M}, {currency}"
    row.job = jobs.start_job(kind=JOB_KINDS[kind], title=title, task=TASKS[kind], parameters=question, by=by, now=now)
    row.job.unit, row.job.total = ("steps", STEPS) if kind == ATTRIBUTION else ("campaigns", None)
    row.job.save(update_fields=["unit", "total"])
    row.asked_at = now
    row.save(update_fields=["job", "asked_at"])
    return row


def _was_counted(row: CountedReport, needs: str) -> bool:
    """Whether there is an answer with what it needs, or a job that found none."""
    failed = row.job is not None and row.job.state != JobState.SUCCEEDED
    return failed or (has_answer(row, needs) if row.counted_at else row.job is not None)


def _locked(kind: str, begins: datetime, ends: datetime, currency: str, now: datetime) -> CountedReport:
    question = {"kind": kind, "begins": begins, "ends": ends, "currency": currency}
    CountedReport.objects.bulk_create([CountedReport(**question, asked_at=now)], ignore_conflicts=True)
    rows = CountedReport.objects.select_for_update(of=("self",)).select_related("job")
    return rows.get(**question)


def count_report(*, job_id: str, clock: Clock) -> None:
    """Work on the job: its answer takes the place of the one before. Run again it begins anew; a refusal ends it."""
    job = jobs.claim_job(job_id=job_id, now=clock())
    if job is None:
        return
    with answering(job=job, clock=clock) as further:
        _store(job, _counted(job, clock(), further), clock())


def _counted(job: Job, now: datetime, further: Callable[[], None]) -> dict[str, Any]:
    begins, ends = (datetime.fromisoformat(job.parameters[name]) for name in ("begins", "ends"))
    question = {"begins": begins, "ends": ends, "currency": job.parameters["currency"]}
    if job.kind == JOB_KINDS[ATTRIBUTION]:
        return to_answer(attribute(**question, now=now, further=further))
    return campaign_reports.campaigns_answer(**question, now=now, further=further)


@transaction.atomic
def _store(job: Job, answer: dict[str, Any], now: datetime) -> None:
    CountedReport.objects.filter(job=job).update(answer=answer, counted_at=now)
    jobs.finish_job(job=job, result={name: answer[name] for name in _TOLD if name in answer}, now=now)


def forget_reports(*, before: datetime) -> int:
    """Questions that were counted last before this instant are gone with their answers; how many."""
    return CountedReport.objects.filter(asked_at__lt=before).delete()[0]
