"""Events of a stretch of time: as a list, newest first, and as a time series."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Trunc

from core.errors import InvalidInput
from engagement.models import DailyMetric, Event, HourlyMetric
from engagement.selectors.words import type_titles

BUCKETS: Final = ("hour", "day")
_STEPS: Final = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
MAX_BUCKETS: Final = 1_000
OF_EVERYBODY: Final = timedelta(days=7)
"""The longest stretch that is read event by event when no customer is named."""


_FIRST_STRETCH: Final = timedelta(seconds=15)
_LONGER: Final = 16
_TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Place:
    """Behind which event to go on, by time of happening and id."""

    at: datetime
    row: UUID


@dataclass(frozen=True, slots=True)
class Scope:
    """Which events: `start` (inclusive) to `end` (exclusive) in time of happening, and of whom or what, or all."""

    start: datetime
    end: datetime
    customer_ids: Sequence[int] | None = None
    type_id: int | None = None
    source_id: int | None = None
    campaign_id: int | None = None

    def events(self) -> QuerySet[Event]:
        """These events, in no order."""
        found = Event.objects.filter(occurred_at__gte=self.start, occurred_at__lt=self.end)
        if self.customer_ids is not None:
            found = found.filter(customer_id__in=self.customer_ids)
        wanted = {"type_id": self.type_id, "source_id": self.source_id, "campaign_id": self.campaign_id}
        return found.filter(**{name: value for name, value in wanted.items() if value is not None})


def newest_events(scope: Scope, *, limit: int, before: Place | None = None) -> list[Event]:
    """At most `limit` of these events, newest first, those behind `before` if it is given.

    Of everybody the log is read backwards in stretches that grow from seconds to days until there are enough: no index
    orders all events by time, but one finds those of a short time. InvalidInput when the whole is too long for that.
    """
    _check_length(scope)
    end = min(scope.end, before.at + _TICK) if before else scope.end
    length, found = _FIRST_STRETCH if scope.customer_ids is None else scope.end - scope.start, list[Event]()
    while end > scope.start and len(found) < limit:
        start = max(scope.start, end - length)
        found += _ordered(replace(scope, start=start, end=end), before)[: limit - len(found)]
        end, length = start, length * _LONGER
    return found


def _ordered(scope: Scope, before: Place | None) -> QuerySet[Event]:
    events = scope.events().order_by("-occurred_at", "-event_id")
    if before is None:
        return events
    return events.filter(Q(occurred_at__lt=before.at) | Q(occurred_at=before.at, event_id__lt=before.row))


def time_series(scope: Scope, *, bucket: str) -> list[dict[str, Any]]:
    """How many events of each type began in each hour or day (UTC) that has any, oldest first.

    The stretch is widened to whole buckets. Those of everybody come from sums that follow the log by a few seconds.
    InvalidInput for more than MAX_BUCKETS buckets.
    """
    scope = _widened(scope, bucket)
    if (scope.end - scope.start) / _STEPS[bucket] > MAX_BUCKETS:
        raise InvalidInput(f"Invalid 'from': that would be more than {MAX_BUCKETS} buckets.", param="from")
    if scope.customer_ids is None:
        return _days_of_everybody(scope) if bucket == "day" else _hours_of_everybody(scope)
    rows = (
        scope.events()
        .annotate(start=Trunc("occurred_at", bucket, tzinfo=UTC))
        .values_list("start", "type_id")
        .annotate(events=Count("event_id"))
        .order_by("start", "type_id")
    )
    return _buckets(list(rows))


def _widened(scope: Scope, bucket: str) -> Scope:
    def floor(at: datetime) -> datetime:
        hour = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        return hour if bucket == "hour" else hour.replace(hour=0)

    start, end = floor(scope.start), floor(scope.end)
    return replace(scope, start=start, end=end if end == scope.end else end + _STEPS[bucket])


def _days_of_everybody(scope: Scope) -> list[dict[str, Any]]:
    of_type = Q() if scope.type_id is None else Q(type_id=scope.type_id)
    rows = (
        DailyMetric.objects.filter(of_type, day__gte=scope.start.date(), day__lt=scope.end.date())
        .values_list("day", "type_id")
        .annotate(events=Sum("events"))
        .order_by("day", "type_id")
    )
    return _buckets([(datetime(d.year, d.month, d.day, tzinfo=UTC), kind, count) for d, kind, count in rows])


def _hours_of_everybody(scope: Scope) -> list[dict[str, Any]]:
    of_type = Q() if scope.type_id is None else Q(type_id=scope.type_id)
    rows = (
        HourlyMetric.objects.filter(of_type, hour__gte=scope.start, hour__lt=scope.end)
        .values_list("hour", "type_id")
        .annotate(sum=Sum("events"))
        .order_by("hour", "type_id")
    )
    return _buckets(list(rows))


def _buckets(rows: Sequence[tuple[datetime, int, int]]) -> list[dict[str, Any]]:
    types = type_titles(kind for _, kind, _ in rows)
    return [{"start": start, "type": types[kind][0], "events": count} for start, kind, count in rows]


def _check_length(scope: Scope) -> None:
    if scope.customer_ids is None and scope.end - scope.start > OF_EVERYBODY:
        message = f"Invalid 'from': without 'customer' at most {OF_EVERYBODY.days} days are read at once."
        raise InvalidInput(message, param="from")
