"""Figures about events: sums by day from the roll-up, and the last ones to arrive."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from django.db import connection
from django.db.models import Sum

from customers.models import Customer
from customers.selectors.origins import names_of
from engagement.models import DailyMetric
from engagement.selectors.words import label_values, type_titles

_LATEST: Final = """
SELECT occurred_at, customer_id, source_id, campaign_id, type_id FROM engagement_event
WHERE received_at > %s ORDER BY xid DESC, occurred_at DESC LIMIT %s
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
    """At most `limit` events that arrived within the last day, the last to arrive first: reads the end of the log."""
    with connection.cursor() as cursor:
        cursor.execute(_LATEST, [now - timedelta(days=1), limit])
        rows = cursor.fetchall()
    people = Customer.objects.in_bulk({row[1] for row in rows})
    words = label_values([pk for row in rows for pk in (row[2], row[3])])
    types, names = type_titles(row[4] for row in rows), names_of(words.values())
    return [
        Latest(
            at=at,
            title=types[kind][1],
            customer_id=people[customer].public_id if customer in people else "",
            customer_name=people[customer].name if customer in people else "",
            source=names.get(words.get(source, ""), words.get(source, "")),
            campaign=words.get(campaign or 0, ""),
        )
        for at, customer, source, campaign, kind in rows
    ]
