"""Reading the event log in commit order: by the transaction that wrote, below the oldest one still running.

A transaction id is assigned before commit, so rows of a lower id may become visible after rows of a higher one. Below
`core_log_horizon()` every transaction has ended: what is visible there is final. The index `event_log_order`
finds a stretch by transaction in a few pages of each partition.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection

from engagement.rules.catalogue import BY_NAME, IDENTIFY
from engagement.rules.forms import FORM_SUBMIT

_IDENTIFIED: Final = """
SELECT e.customer_id, e.properties ->> 'anonymousId', s.value
FROM engagement_event e
JOIN customers_customer c ON c.id = e.customer_id AND c.status <> 'deleted'
JOIN engagement_label s ON s.id = e.source_id
LEFT JOIN customers_identity i ON i.kind = 'anonymous_id' AND i.value = e.properties ->> 'anonymousId'
WHERE e.xid > %s AND e.xid <= %s AND e.type_id = ANY(%s) AND e.properties ->> 'anonymousId' IS NOT NULL
    AND i.customer_id IS DISTINCT FROM coalesce(c.merged_into_id, c.id)
GROUP BY 1, 2, 3 ORDER BY min(e.xid), 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class Identified:
    """What an `identify` event or form says: this customer is the visitor of this anonymous id, says this source."""

    customer_id: int
    anonymous_id: str
    source: str


def seen_between(*, after: int, upto: int) -> dict[int, datetime]:
    """The latest `occurred_at` of each customer with events written by transactions in (after, upto]."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT customer_id, max(occurred_at) FROM engagement_event WHERE xid > %s AND xid <= %s"
            " GROUP BY customer_id ORDER BY customer_id",
            [after, upto],
        )
        return dict(cursor.fetchall())


def identified_between(*, after: int, upto: int) -> list[Identified]:
    """What these events of transactions in (after, upto] say that is not so yet, each once, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_IDENTIFIED, [after, upto, [BY_NAME[IDENTIFY].id, BY_NAME[FORM_SUBMIT].id]])
        return [Identified(*row) for row in cursor.fetchall()]


def oldest_waiting(*, after: int) -> datetime | None:
    """When the oldest event behind the transaction `after` was received; None when there is none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(received_at) FROM engagement_event WHERE xid > %s", [after])
        oldest: datetime | None = cursor.fetchone()[0]
    return oldest
