"""Counting the figures of large campaigns: by the timetable while they change, and as jobs when somebody asks."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from campaigns.models import Campaign, CampaignCount
from campaigns.rules.counting import AUDIENCE, AUDIENCE_HOLDS_FOR, AUDIENCE_NEW_FOR, DELIVERIES, PERIOD_NEW_FOR, RESULTS
from campaigns.selectors.audience import Audience, audience_of, is_large_audience, kept_audience
from campaigns.selectors.counting import STEPS, count_answer, list_due
from campaigns.selectors.kept import KIND, count_at_work, find_count, is_counting
from core import jobs
from core.actors import Actor
from core.errors import Conflict
from customers.services.answering import answering

TASK: Final = "campaigns.tasks.count_campaign"
MOST_AT_WORK: Final = 20
Clock = Callable[[], datetime]


@transaction.atomic
def ask_count(*, campaign: Campaign, question: str, by: Actor, now: datetime) -> CampaignCount:
    """The question with a job that counts it anew; the job that is on its way when there is one.

    Refuses a new count while 20 others are on their way (409).
    """
    row = _locked(campaign, question, now)
    if is_counting(row):
        return row
    if count_at_work() >= MOST_AT_WORK:
        raise Conflict(f"{MOST_AT_WORK} campaigns are being counted; ask again in a minute.")
    title = f"Figures of {campaign.name}"
    row.job = jobs.start_job(kind=KIND, title=title, task=TASK, parameters={"count": row.pk}, by=by, now=now)
    row.job.unit, row.job.total = "steps", STEPS if question == RESULTS else 1
    row.job.save(update_fields=["unit", "total"])
    row.asked_at = now
    row.save(update_fields=["job", "asked_at"])
    return row


def figures_for(*, campaign: Campaign, question: str, by: Actor, now: datetime) -> CampaignCount:
    """The question with its newest answer, if any; a count is begun when there is none, or when a period's is old."""
    row = find_count(campaign, question)
    old = question != RESULTS and row and row.counted_at and row.counted_at < now - PERIOD_NEW_FOR
    if row is None or old or (row.answer is None and row.job is None):
        return ask_count(campaign=campaign, question=question, by=by, now=now)
    return row


def audience_for(*, campaign: Campaign, by: Actor, now: datetime) -> Audience | None:
    """Who would get it: counted now; of a large audience what was counted in the last hour, None when it was not.

    A count is begun when that is older than a quarter of an hour.
    """
    if not is_large_audience(campaign):
        return audience_of(campaign, now)
    found = kept_audience(campaign)
    if found is None or found.at is None or found.at < now - AUDIENCE_NEW_FOR:
        ask_count(campaign=campaign, question=AUDIENCE, by=by, now=now)
    return found if found and found.at and found.at >= now - AUDIENCE_HOLDS_FOR else None


def count_asked(*, job_id: str, clock: Clock) -> None:
    """Work on the job: its answer takes the place of the one before. Run again it begins anew; a refusal ends it."""
    job = jobs.claim_job(job_id=job_id, now=clock())
    if job is None:
        return
    row = CampaignCount.objects.select_related("campaign").filter(pk=job.parameters["count"]).first()
    if row is None:
        jobs.fail_job(job=job, error="The campaign was deleted.", now=clock())
        return
    with answering(job=job, clock=clock) as further:
        _count(row, clock, further)
        if row.question == RESULTS:
            keep_deliveries(campaign=row.campaign, now=clock())
        jobs.finish_job(job=job, result={"question": row.question[:40]}, now=clock())


def count_due(*, clock: Clock) -> int:
    """Figures of large campaigns that may have changed are counted; how many. One that another worker began is not."""
    done = 0
    for campaign, question in list_due(clock()):
        row = _begun(campaign, question, clock())
        if row is not None:
            _count(row, clock, lambda: None)
            done += 1
    return done


@transaction.atomic
def keep_results(*, campaign: Campaign, now: datetime) -> None:
    """Its results are counted a last time, so that they outlive its rows, which the caller is about to remove."""
    row = _locked(campaign, RESULTS, now)
    _count(row, lambda: now, lambda: None)
    CampaignCount.objects.filter(campaign=campaign).exclude(pk=row.pk).delete()


@transaction.atomic
def keep_deliveries(*, campaign: Campaign, now: datetime) -> None:
    """Its messages are counted, in one transaction with what the caller changed."""
    _count(_locked(campaign, DELIVERIES, now), lambda: now, lambda: None)


def forget_counts(*, before: datetime) -> int:
    """Audiences and periods that nobody has asked for since this instant are gone with their answers; how many."""
    rows = CampaignCount.objects.filter(asked_at__lt=before).exclude(question__in=(DELIVERIES, RESULTS))
    return rows.delete()[0]


def _locked(campaign: Campaign, question: str, now: datetime) -> CampaignCount:
    asked = {"campaign": campaign, "question": question}
    CampaignCount.objects.bulk_create([CampaignCount(**asked, asked_at=now)], ignore_conflicts=True)
    rows = CampaignCount.objects.select_for_update(of=("self",)).select_related("job", "campaign")
    return rows.get(**asked)


@transaction.atomic
def _begun(campaign: Campaign, question: str, now: datetime) -> CampaignCount | None:
    """The question, marked as begun; None when another worker was quicker."""
    row = find_count(campaign, question)
    if row is None:
        return _locked(campaign, question, now)
    begun = CampaignCount.objects.filter(pk=row.pk, asked_at=row.asked_at).update(asked_at=now)
    return row if begun else None


def _count(row: CampaignCount, clock: Clock, further: Callable[[], None]) -> None:
    begun = clock()
    answer: dict[str, Any] = count_answer(row.campaign, row.question, begun, further)
    seconds = (clock() - begun) / timedelta(seconds=1)
    CampaignCount.objects.filter(pk=row.pk).update(answer=answer, counted_at=begun, seconds=seconds)
