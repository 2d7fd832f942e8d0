"""Decisions about a million messages: what was decided holds at once, the rows follow batch after batch.

Whoever decides changes the first batch itself, in one transaction with the decision; a task does the others. Each batch
is a transaction that also notes how far it came, so a task that is killed, or runs twice, or two at once, changes no
row twice. The timetable takes up what nobody works on.
"""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet

from campaigns.models import Campaign, Delivery, DeliveryChange
from campaigns.rules.changes import Rule, What, rule_of
from campaigns.selectors.kept import is_large
from campaigns.services.counting import keep_deliveries
from campaigns.services.giving import release_codes
from core import jobs

TASK: Final = "campaigns.tasks.follow_change"
BATCH: Final = 5_000
LOST_AFTER: Final = timedelta(seconds=30)
Clock = Callable[[], datetime]


def begin_change(*, campaign: Campaign, what: What, now: datetime) -> DeliveryChange:
    """The decision about the locked campaign is noted and the first rows have followed; a task does the rest.

    It takes the place of an earlier one whose rows have not all followed.
    """
    begun: dict[str, Any] = {"last": 0, "done": 0, "total": None, "finished_at": None}
    values = {"what": what, "decided_at": now, "beat_at": now, **begun}
    change, _ = DeliveryChange.objects.update_or_create(campaign=campaign, defaults=values)
    campaign.change = change
    if not _follow(change, now):
        jobs.defer(TASK, campaign_id=campaign.pk)
    return change


def follow_change(*, campaign_id: int, seconds: float, clock: Clock) -> bool:
    """Rows have followed for so many seconds, and the next task goes on; whether none is left for this worker.

    None is while another worker is at it. What others hold at this moment is left to the timetable.
    """
    until, last = time.monotonic() + seconds, -1
    while (change := _one_batch(campaign_id, clock())) is not None:
        if change.finished_at is not None:
            if is_large(change.campaign):
                keep_deliveries(campaign=change.campaign, now=clock())
            return True
        if change.last == last:
            return False
        last = change.last
        if time.monotonic() >= until:
            jobs.defer(TASK, campaign_id=campaign_id)
            return False
    return True


def changes_left(*, now: datetime) -> list[int]:
    """Campaigns (ids) with a decision that rows still have to follow and nobody has worked on for LOST_AFTER."""
    lost = DeliveryChange.objects.filter(finished_at=None, beat_at__lt=now - LOST_AFTER).order_by("beat_at")
    return list(lost.values_list("campaign_id", flat=True)[:100])


@transaction.atomic
def _one_batch(campaign_id: int, now: datetime) -> DeliveryChange | None:
    """The change after its next batch; None when there is none to follow, or another worker has it."""
    rows = DeliveryChange.objects.select_for_update(of=("self",), skip_locked=True).select_related("campaign")
    change = rows.filter(campaign=campaign_id, finished_at=None).first()
    if change is None:
        return None
    if change.total is None:
        left = sum(part.filter(pk__gt=change.last).count() for part in _concerned(change, _rule(change)))
        change.total = change.done + left
    _follow(change, now)
    return change


def _follow(change: DeliveryChange, now: datetime) -> bool:
    """The next batch of rows is as was decided; whether it was the last."""
    rule = _rule(change)
    pks = _next(change, rule)
    if pks:
        Delivery.objects.filter(pk__in=pks).update(**rule.values(change.decided_at))
        if change.what == What.CANCEL:
            release_codes(campaign=change.campaign, deliveries=pks)
        change.last, change.done = pks[-1], change.done + len(pks)
    if len(pks) < BATCH:
        again = rule.looks_back and any(part.exists() for part in _concerned(change, rule))
        change.last, change.finished_at = (0, None) if again else (change.last, now)
    change.beat_at = now
    change.save(update_fields=["last", "done", "total", "beat_at", "finished_at"])
    return change.finished_at is not None


def _next(change: DeliveryChange, rule: Rule) -> list[int]:
    """The rows of the next batch in the order of their ids, locked.

    Of a decision that looks back, rows that somebody holds at this moment are passed over: nobody waits for anybody.
    """
    found: list[int] = []
    for part in _concerned(change, rule):
        rows = part.filter(pk__gt=change.last).select_for_update(skip_locked=rule.looks_back)
        found += rows.order_by("pk").values_list("pk", flat=True)[:BATCH]
    return sorted(found)[:BATCH]


def _concerned(change: DeliveryChange, rule: Rule) -> Iterator[QuerySet[Delivery]]:
    for part in rule.which:
        yield Delivery.objects.filter(campaign=change.campaign_id, **part)


def _rule(change: DeliveryChange) -> Rule:
    return rule_of(change.what, promoted=change.campaign.pilot_promoted_at is not None)
