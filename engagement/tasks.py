"""Celery entry points of engagement."""

from datetime import timedelta
from typing import Any

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from core.actors import SYSTEM
from engagement.services import followers, linking, merging, predictions, reactions, reports, retention


@shared_task
def follow_events(name: str, **_: Any) -> int:
    """Bring one follower of the event log up to date."""
    return followers.follow(name=name, now=timezone.now())


@shared_task
def link_identified(**_: Any) -> int:
    """Tie the visitors of new `identify` events to their customers."""
    return linking.link_identified(now=timezone.now())


@shared_task
def settle_reactions(**_: Any) -> int:
    """Judge the opens and clicks of messages and put them into the log."""
    return reactions.settle_reactions(now=timezone.now())


@shared_task
def return_events(merge_id: str, **_: Any) -> int:
    """Give events of an undone merge back to the browsers that sent them."""
    return merging.return_events(merge_id=merge_id)


@shared_task
def keep_partitions(**_: Any) -> None:
    """Make the months ahead; drop the months past retention, old hourly sums, event ids and refusals."""
    retention.apply_retention(
        keep_months=settings.EVENT_RETENTION_MONTHS, keep_days=settings.EVENT_KEY_DAYS, by=SYSTEM, now=timezone.now()
    )


@shared_task
def forget_predictions(**_: Any) -> int:
    """Delete predictions that have expired, and those about people who said no; by 1,000 pieces at most."""
    gone = 0
    for _piece in range(1_000):
        found = predictions.forget_predictions(now=timezone.now())
        gone += found
        if found < predictions.PIECE:
            break
    return gone


@shared_task
def count_attribution(job_id: str, **_: Any) -> None:
    """Work on dividing the orders of a period among campaigns."""
    reports.count_report(job_id=job_id, clock=timezone.now)


@shared_task
def count_campaigns(job_id: str, **_: Any) -> None:
    """Work on what each campaign of a period brought."""
    reports.count_report(job_id=job_id, clock=timezone.now)


@shared_task
def forget_reports(**_: Any) -> int:
    """Forget counted results past their retention."""
    return reports.forget_reports(before=timezone.now() - timedelta(days=settings.REPORT_DAYS))
