"""Celery entry points of campaigns."""

from datetime import timedelta
from typing import Any

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from campaigns.models import Campaign
from campaigns.rules.lifecycle import State
from campaigns.selectors.experiments import list_due
from campaigns.services import (
    budgets,
    canaries,
    changes,
    counting,
    experiments,
    links,
    redeeming,
    running,
    sending,
    upkeep,
)
from campaigns.services.automations import by_date, following, simulating, timers
from campaigns.services.automations.upkeep import close_replaced, forget_runs
from core import jobs

SECONDS = 20.0


@shared_task
def build_audience(campaign_id: int, **_: Any) -> int:
    """Write one row for everybody in the audience."""
    return running.build_audience(campaign_id=campaign_id, now=timezone.now())


@shared_task
def send_campaign(campaign_id: int, slot: int, **_: Any) -> int:
    """Send to whoever is due, for a while."""
    return sending.send_campaign(
        campaign_id=campaign_id, slot=slot, seconds=SECONDS, clock=timezone.now, lanes=settings.CAMPAIGN_LANES
    )


@shared_task
def follow_change(campaign_id: int, **_: Any) -> bool:
    """Let the rows follow what was decided, for a while."""
    return changes.follow_change(campaign_id=campaign_id, seconds=SECONDS, clock=timezone.now)


@shared_task
def drive_campaigns(**_: Any) -> None:
    """Start what is due, free what dead workers held, let the others go on, end what is done or cannot be built."""
    now = timezone.now()
    running.start_due(now=now)
    running.recover(now=now)
    running.give_up_building(now=now)
    for pk in changes.changes_left(now=now):
        jobs.defer("campaigns.tasks.follow_change", campaign_id=pk)
    for pk in Campaign.objects.filter(state=State.BUILDING_AUDIENCE).values_list("pk", flat=True):
        jobs.defer("campaigns.tasks.build_audience", campaign_id=pk)
    for pk in running.sending_now(now=now):
        if canaries.judge_canary(campaign_id=pk, now=now) != "paused" and not running.close_campaign(
            campaign_id=pk, now=now
        ):
            for slot in range(settings.CAMPAIGN_SENDERS):
                jobs.defer("campaigns.tasks.send_campaign", campaign_id=pk, slot=slot)


@shared_task
def apply_retention(**_: Any) -> int:
    """Drop the rows of old campaigns."""
    now = timezone.now()
    before = now - timedelta(days=31 * settings.CAMPAIGN_RETENTION_MONTHS)
    forgotten = links.forget_links(now=now) + forget_runs(before=before)
    forgotten += counting.forget_counts(before=now - timedelta(days=settings.REPORT_DAYS))
    return forgotten + upkeep.forget_deliveries(before=before, now=now)


@shared_task
def check_links(check_ids: list[int], **_: Any) -> int:
    """Look where these links lead."""
    return links.look(check_ids=check_ids, clock=timezone.now)


@shared_task
def refresh_links(**_: Any) -> int:
    """Look again at the links of campaigns that are about to leave."""
    return links.refresh_links(now=timezone.now())


@shared_task
def follow_automations(**_: Any) -> int:
    """Hear what happened, then move on whoever's time has come."""
    heard = following.follow_signals(now=timezone.now())
    return heard + timers.run_timers(now=timezone.now())


@shared_task
def watch_budgets(**_: Any) -> int:
    """Raise budgets whose campaigns' clicks spike, inside their guards."""
    return budgets.watch_budgets(now=timezone.now())


@shared_task
def simulate_automation(job_id: str, **_: Any) -> None:
    """Play an automation on the last 30 days."""
    simulating.simulate(job_id=job_id, clock=timezone.now)


@shared_task
def keep_automations(**_: Any) -> None:
    """Let in whoever's day has come; close what replaced versions sent through."""
    now = timezone.now()
    by_date.enter_by_date(now=now)
    close_replaced(now=now)


@shared_task
def release_reservations(**_: Any) -> int:
    """Give uses of codes back that were kept for orders nobody finished."""
    return redeeming.release_expired(now=timezone.now())


@shared_task
def count_experiments(**_: Any) -> int:
    """Bring the figures of experiments up to date that were not counted for a while."""
    now = timezone.now()
    due = list_due(now)
    for experiment in due:
        experiments.count_experiment(experiment=experiment, now=now)
    return len(due)


@shared_task
def count_campaigns(**_: Any) -> int:
    """Bring the figures of large campaigns up to date."""
    return counting.count_due(clock=timezone.now)


@shared_task
def count_campaign(job_id: str, **_: Any) -> None:
    """Count what somebody asked for."""
    counting.count_asked(job_id=job_id, clock=timezone.now)


@shared_task
def count_experiment(job_id: str, **_: Any) -> None:
    """Count an experiment that somebody asked for."""
    experiments.count_asked(job_id=job_id, clock=timezone.now)
