"""Events of a stretch of time: as a list, newest first, and as a time series."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Trunc

from core.errors import InvalidInput
from engagement.models import DailyMetric, Event
from engagement.selectors.words import type_titles

BUCKETS: Final = ("hour", "day")
_STEPS: Final = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
MAX_BUCKETS: Final = 1_000
OF_EVERYBODY: Final = timedelta(days=7)
"""The longest stretch that is read event by event when no customer is named."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which events: `start` (inclusive) to `end` (exclusive) in time of happening, of one person or type, or all."""

    start: datetime
    end: datetime
    customer_ids: Sequence[int] | None = None
    type_id: int | None = None

    def events(self) -> QuerySet[Event]:
        """These events, in no order."""
        found = Event.objects.filter(occurred_at__gte=self.start, occurred_at__lt=self.end)
        if self.customer_ids is not None:
            found = found.filter(customer_id__in=self.customer_ids)
        return found if self.type_id is None else found.filter(type_id=self.type_id)


def list_events(scope: Scope) -> QuerySet[Event]:
    """These events; InvalidInput when the stretch is too long to be read without naming a customer."""
    _check_length(scope)
    return scope.events()


def time_series(scope: Scope, *, bucket: str) -> list[dict[str, Any]]:
    """How many events of each type began in each hour or day (UTC) that has any, oldest first.

    The stretch is widened to whole buckets. Days of everybody come from the daily sums, which follow the log by a few
    seconds. InvalidInput for more than MAX_BUCKETS buckets, and for hours too many to be read without a customer.
    """
    scope = _widened(scope, bucket)
    if (scope.end - scope.start) / _STEPS[bucket] > MAX_BUCKETS:
        raise InvalidInput(f"Invalid 'from': that would be more than {MAX_BUCKETS} buckets.", param="from")
    if bucket == "day" and scope.customer_ids is None:
        return _days_of_everybody(scope)
    _check_length(scope)
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


def _buckets(rows: Sequence[tuple[datetime, int, int]]) -> list[dict[str, Any]]:
    types = type_titles(kind for _, kind, _ in rows)
    return [{"start": start, "type": types[kind][0], "events": count} for start, kind, count in rows]


def _check_length(scope: Scope) -> None:
    if scope.customer_ids is None and scope.end - scope.start > OF_EVERYBODY:
        message = f"Invalid 'from': without 'customer' at most {OF_EVERYBODY.days} days are read at once."
        raise InvalidInput(message, param="from")
