"""Figures about events: sums by day from the roll-up, and the last ones to arrive."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from django.db import connection
from django.db.models import Sum

from customers.models import Customer
from engagement.models import DailyMetric
from engagement.selectors.words import label_values

_LATEST: Final = """
SELECT newest.occurred_at, newest.event_id, newest.customer_id, newest.source_id, newest.campaign_id, kind.title
FROM engagement_eventtype AS kind CROSS JOIN LATERAL (
    SELECT occurred_at, event_id, customer_id, source_id, campaign_id FROM engagement_event
    WHERE type_id = kind.id AND occurred_at BETWEEN %s AND %s ORDER BY occurred_at DESC LIMIT %s
) AS newest
ORDER BY newest.occurred_at DESC, newest.event_id DESC LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Latest:
    """One of the last events: when, what, who (public id and name), by which source, for which campaign."""

    at: datetime
    title: str
    customer_id: str
    customer_name: str
    source: str
    campaign: str


def events_per_day(*, days: int, now: datetime) -> dict[date, int]:
    """Events of each of the last `days` UTC days, today included, oldest first; days without any are 0."""
    first = now.astimezone(UTC).date() - timedelta(days=days - 1)
    rows = DailyMetric.objects.filter(day__gte=first).values_list("day").annotate(events=Sum("events"))
    found = dict(rows)
    return {day: found.get(day, 0) for day in (first + timedelta(days=n) for n in range(days))}


def chart_of(sums: Mapping[date, int]) -> dict[str, Any]:
    """The same as a time series: Unix seconds of each day's beginning, and one line."""
    times = [datetime.combine(day, time(), UTC).timestamp() for day in sums]
    return {"times": times, "series": {"Events": list(sums.values())}}


def latest_events(*, limit: int, now: datetime) -> list[Latest]:
    """At most `limit` events of the last day, newest first: an index probe for each type, whatever the volume."""
    with connection.cursor() as cursor:
        cursor.execute(_LATEST, [now - timedelta(days=1), now + timedelta(minutes=5), limit, limit])
        rows = cursor.fetchall()
    people = Customer.objects.in_bulk({row[2] for row in rows})
    words = label_values([pk for row in rows for pk in (row[3], row[4])])
    return [
        Latest(
            at=at,
            title=title,
            customer_id=people[customer].public_id if customer in people else "",
            customer_name=people[customer].name if customer in people else "",
            source=words.get(source, ""),
            campaign=words.get(campaign or 0, ""),
        )
        for at, _, customer, source, campaign, title in rows
    ]
