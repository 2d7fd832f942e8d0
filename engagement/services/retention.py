"""Keeping the event log for as long as it may be kept, and no longer."""

from dataclasses import asdict, dataclass
from datetime import datetime

from core import audit
from core.actors import Actor
from engagement.rules.months import month_of, shifted, start_of
from engagement.services import held, partitions, rejections, rollups


@dataclass(frozen=True, slots=True)
class Expired:
    """What a run took away: tables of months by name, hourly sums, event ids, refusals, events of lifted holds."""

    months: list[str]
    hours: int
    event_ids: int
    refusals: int
    released: int


def apply_retention(*, keep_months: int, keep_days: int, by: Actor, now: datetime) -> Expired:
    """The months ahead have a place; what is older than `keep_months` months, or `keep_days` days for ids, is gone.

    A run that took a month of events away stands in the audit trail, with all it took. Not inside a transaction.
    """
    partitions.ensure_partitions(first=now.date(), now=now)
    expired = Expired(
        months=partitions.drop_expired_partitions(keep_months=keep_months, now=now),
        hours=rollups.forget_hours(before=start_of(shifted(month_of(now), -keep_months))),
        event_ids=partitions.trim_event_keys(keep_days=keep_days, now=now),
        refusals=rejections.trim_rejections(now=now),
        released=held.forget_released(),
    )
    if expired.months or expired.released:
        changes = {name: [taken, None] for name, taken in asdict(expired).items()}
        audit.record(by=by, action="events.expired", target="engagement_event", changes=changes)
    return expired
