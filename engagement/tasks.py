"""Celery entry points of engagement."""

from typing import Any

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from engagement.services import followers, linking, partitions, rejections


@shared_task
def follow_events(name: str, **_: Any) -> int:
    """Bring one follower of the event log up to date."""
    return followers.follow(name=name, now=timezone.now())


@shared_task
def link_identified(**_: Any) -> int:
    """Tie the visitors of new `identify` events to their customers."""
    return linking.link_identified(now=timezone.now())


@shared_task
def keep_partitions(**_: Any) -> None:
    """Make the months ahead, drop the months past retention, forget old event ids and refusals."""
    now = timezone.now()
    partitions.ensure_partitions(first=now.date(), now=now)
    partitions.drop_expired_partitions(keep_months=settings.EVENT_RETENTION_MONTHS, now=now)
    partitions.trim_event_keys(keep_days=settings.EVENT_KEY_DAYS, now=now)
    rejections.trim_rejections(now=now)
