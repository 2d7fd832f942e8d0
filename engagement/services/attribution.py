"""Counting which campaigns brought the orders of a period: a job, whose answer is kept with its question."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from django.db import DatabaseError, transaction

from core import jobs
from core.actors import Actor
from core.errors import Conflict, DomainError
from core.models import Job
from engagement.models import CountedAttribution
from engagement.selectors.attribution import STEPS, Attribution, attribute, check_period
from engagement.selectors.counted import KIND, count_at_work, is_counting, to_answer

TASK: Final = "engagement.tasks.count_attribution"
MOST_AT_WORK: Final = 20
Clock = Callable[[], datetime]


class _Stopped(Exception):
    """Whoever asked does not want to know any more."""


@transaction.atomic
def ask_attribution(
    *, begins: datetime, ends: datetime, currency: str, anew: bool, by: Actor, now: datetime
) -> CountedAttribution:
    """The question, with a job that counts it when it was never counted, or with `anew`; one job a question at a time.

    Refuses a period that is none or too long (400), and a new count while 20 others are on their way (409).
    """
    check_period(begins=begins, ends=ends)
    row = _locked(begins, ends, currency, now)
    if is_counting(row) or ((row.job_id or row.counted_at) and not anew):
        return row
    if count_at_work() >= MOST_AT_WORK:
        raise Conflict(f"{MOST_AT_WORK} of these results are being counted; ask again in a minute.")
    question = {"begins": begins.isoformat(), "ends": ends.isoformat(), "currency": currency}
    title = f"Attribution of {begins:%Y-%m-%d %H:%M} to {ends:%Y-%m-%d %H:%M}, {currency}"
    row.job = jobs.start_job(kind=KIND, title=title, task=TASK, parameters=question, by=by, now=now)
    row.job.unit, row.job.total = "steps", STEPS
    row.job.save(update_fields=["unit", "total"])
    row.asked_at = now
    row.save(update_fields=["job", "asked_at"])
    return row


def _locked(begins: datetime, ends: datetime, currency: str, now: datetime) -> CountedAttribution:
    question = {"begins": begins, "ends": ends, "currency": currency}
    CountedAttribution.objects.bulk_create([CountedAttribution(**question, asked_at=now)], ignore_conflicts=True)
    rows = CountedAttribution.objects.select_for_update(of=("self",)).select_related("job")
    return rows.get(**question)


def count_attribution(*, job_id: str, clock: Clock) -> None:
    """Work on the job: its answer takes the place of the one before. Run again it begins anew; a refusal ends it."""
    job = jobs.claim_job(job_id=job_id, now=clock())
    if job is None:
        return
    try:
        found = _counted(job, clock)
    except _Stopped:
        return
    except DomainError as refusal:
        jobs.fail_job(job=job, error=refusal.message, now=clock())
    except DatabaseError as error:
        jobs.fail_job(job=job, error=f"The database refused the reading ({type(error).__name__}).", now=clock())
        raise
    else:
        _store(job, found, clock())


def _counted(job: Job, clock: Clock) -> Attribution:
    begins, ends = (datetime.fromisoformat(job.parameters[name]) for name in ("begins", "ends"))
    steps = iter(range(1, STEPS + 1))

    def further() -> None:
        if not jobs.advance_job(job=job, done=next(steps), now=clock()):
            raise _Stopped

    return attribute(begins=begins, ends=ends, currency=job.parameters["currency"], now=clock(), further=further)


@transaction.atomic
def _store(job: Job, found: Attribution, now: datetime) -> None:
    CountedAttribution.objects.filter(job=job).update(answer=to_answer(found), counted_at=now)
    jobs.finish_job(job=job, result={"orders": found.orders, "touched": found.touched}, now=now)


def forget_attributions(*, before: datetime) -> int:
    """Questions that were counted last before this instant are gone with their answers; how many."""
    return CountedAttribution.objects.filter(asked_at__lt=before).delete()[0]
