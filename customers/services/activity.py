"""When people were last seen: a projection of the event log that a follower keeps."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.db import connection

# Rows are locked in id order so that two writers cannot wait for each other. Only `last_seen_at` changes: such an
# update is not a change of the customer for incremental readers (see the trigger of migration 0002).
_MARK: Final = """
WITH seen AS (
    SELECT coalesce(c.merged_into_id, c.id) AS id, max(s.at) AS at
    FROM unnest(%s::bigint[], %s::timestamptz[]) AS s (id, at) JOIN customers_customer c ON c.id = s.id
    GROUP BY 1
), locked AS (
    SELECT c.id, seen.at FROM customers_customer c JOIN seen ON seen.id = c.id
    WHERE c.status <> 'deleted' AND (c.last_seen_at IS NULL OR c.last_seen_at < seen.at)
    ORDER BY c.id FOR NO KEY UPDATE OF c
)
UPDATE customers_customer c SET last_seen_at = locked.at FROM locked WHERE c.id = locked.id
"""


def record_last_seen(*, seen: Mapping[int, datetime]) -> int:
    """Each customer's `last_seen_at` is at least the instant given; never moves back. Returns rows changed."""
    if not seen:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_MARK, [list(seen), list(seen.values())])
        return int(cursor.rowcount)
