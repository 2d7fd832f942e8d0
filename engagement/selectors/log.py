"""Reading the event log in commit order: by the transaction that wrote, below the oldest one still running.

A transaction id is assigned before commit, so rows of a lower id may become visible after rows of a higher one. Below
`pg_snapshot_xmin` every transaction has ended: what is visible there is final. The index `event_log_order`
finds a stretch by transaction in a few pages of each partition.
"""

from datetime import datetime

from django.db import connection


def seen_between(*, after: int, upto: int) -> dict[int, datetime]:
    """The latest `occurred_at` of each customer with events written by transactions in (after, upto]."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT customer_id, max(occurred_at) FROM engagement_event WHERE xid > %s AND xid <= %s"
            " GROUP BY customer_id ORDER BY customer_id",
            [after, upto],
        )
        return dict(cursor.fetchall())


def oldest_waiting(*, after: int) -> datetime | None:
    """When the oldest event behind the transaction `after` was received; None when there is none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(received_at) FROM engagement_event WHERE xid > %s", [after])
        oldest: datetime | None = cursor.fetchone()[0]
    return oldest
