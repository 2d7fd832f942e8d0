"""Daily and hourly sums of the event log, added up by followers."""

from datetime import datetime
from typing import Final

from django.db import connection

from engagement.models import HourlyMetric

_ADD_UP: Final = """
INSERT INTO engagement_dailymetric AS sums (day, type_id, campaign_id, events)
SELECT (occurred_at AT TIME ZONE 'UTC')::date, type_id, coalesce(campaign_id, 0), count(*)
FROM engagement_event WHERE xid > %s AND xid <= %s
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
ON CONFLICT ON CONSTRAINT daily_metric_unique DO UPDATE SET events = sums.events + excluded.events
"""
_ADD_UP_HOURS: Final = """
INSERT INTO engagement_hourlymetric AS sums (hour, type_id, source_id, events)
SELECT date_trunc('hour', occurred_at, 'UTC'), type_id, source_id, count(*)
FROM engagement_event WHERE xid > %s AND xid <= %s
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
ON CONFLICT ON CONSTRAINT hourly_metric_unique DO UPDATE SET events = sums.events + excluded.events
"""


def add_up_days(*, after: int, upto: int) -> int:
    """Events written by transactions in (after, upto] are in the sums of their UTC day; returns sums touched."""
    with connection.cursor() as cursor:
        cursor.execute(_ADD_UP, [after, upto])
        return int(cursor.rowcount)


def add_up_hours(*, after: int, upto: int) -> int:
    """Events written by transactions in (after, upto] are in the sums of their UTC hour; returns sums touched."""
    with connection.cursor() as cursor:
        cursor.execute(_ADD_UP_HOURS, [after, upto])
        return int(cursor.rowcount)


def forget_hours(*, before: datetime) -> int:
    """Sums of hours that began before this instant are gone; returns how many. The daily sums stay."""
    return HourlyMetric.objects.filter(hour__lt=before).delete()[0]
