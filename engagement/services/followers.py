"""Followers of the event log: effects and cursor move in one transaction, so each event counts exactly once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from core import outbox
from core.models import Cursor
from customers.services import activity, score_runs
from customers.services.log_steps import walk_log
from engagement.selectors import log
from engagement.services import rollups, sweeping


@dataclass(frozen=True, slots=True)
class Follower:
    """Something that must happen for every event. `step(after, upto, now)` does it for the transactions in
    (after, upto] and answers how many rows that changed; it runs inside the transaction that moves the cursor."""

    name: str
    step: Callable[[int, int, datetime], int]


def _days(after: int, upto: int, now: datetime) -> int:
    return rollups.add_up_days(after=after, upto=upto)


def _hours(after: int, upto: int, now: datetime) -> int:
    return rollups.add_up_hours(after=after, upto=upto)


def _last_seen(after: int, upto: int, now: datetime) -> int:
    return activity.record_last_seen(seen=log.seen_between(after=after, upto=upto))


def _scores(after: int, upto: int, now: datetime) -> int:
    return score_runs.rescore(customer_ids=log.seen_between(after=after, upto=upto), now=now)


def _erased(after: int, upto: int, now: datetime) -> int:
    return sweeping.sweep_erased(after=after, upto=upto, now=now)


FOLLOWERS: Final = {
    follower.name: follower
    for follower in (
        Follower("events.daily_sums", _days),
        Follower("events.hourly_sums", _hours),
        Follower("events.last_seen", _last_seen),
        Follower("events.scores", _scores),
        Follower("events.erased", _erased),
    )
}


def follow(*, name: str, now: datetime, steps: int = 2_000) -> int:
    """Bring a follower up to the horizon, at most `steps` transactions of work; returns rows it changed.

    Answers at once when another worker holds the cursor. A failure undoes the step it happened in and no other.
    """
    follower = FOLLOWERS[name]
    return walk_log(steps=steps, step=lambda horizon, width: _one_step(follower, horizon, width, now))


@transaction.atomic
def _one_step(follower: Follower, horizon: int, width: int, now: datetime) -> int | None:
    """Rows changed by one step; None when there is nothing left or somebody else is at it."""
    cursor = outbox.locked_cursor(follower.name)
    if cursor is None or cursor.xid >= horizon - 1:
        return None
    upto = min(cursor.xid + width, horizon - 1)
    changed = follower.step(cursor.xid, upto, now)
    outbox.move_cursor(cursor=cursor, xid=upto, row=0, at=now, now=now)
    return changed


def seconds_behind(*, name: str, now: datetime) -> float:
    """How long the oldest event that this follower has not seen has been waiting; 0 when it has seen all."""
    cursor = Cursor.objects.filter(name=name).first()
    oldest = log.oldest_waiting(after=cursor.xid if cursor else 0)
    return max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
