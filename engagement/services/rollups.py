"""Daily sums of the event log, added up by a follower."""

from typing import Final

from django.db import connection

_ADD_UP: Final = """
INSERT INTO engagement_dailymetric AS sums (day, type_id, campaign_id, events)
SELECT (occurred_at AT TIME ZONE 'UTC')::date, type_id, coalesce(campaign_id, 0), count(*)
FROM engagement_event WHERE xid > %s AND xid <= %s
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
ON CONFLICT ON CONSTRAINT daily_metric_unique DO UPDATE SET events = sums.events + excluded.events
"""


def add_up_days(*, after: int, upto: int) -> int:
    """Events written by transactions in (after, upto] are in the sums of their UTC day; returns sums touched."""
    with connection.cursor() as cursor:
        cursor.execute(_ADD_UP, [after, upto])
        return int(cursor.rowcount)
