"""Promotions that are valid at the same time as others, for the same people or making the same offer."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.db import connection

from campaigns.models import Promotion
from campaigns.rules.offers import Overlap

MOST: Final = 4
"""Named of each promotion; a list that needs more than these needs other dates, not more names."""
_OVERLAPS: Final = """
SELECT p.id, o.key, o.name, o.segment_id IS NOT DISTINCT FROM p.segment_id, o.offer_id = p.offer_id
FROM campaigns_promotion p CROSS JOIN LATERAL (
    SELECT * FROM campaigns_promotion q
    WHERE q.id <> p.id AND q.state <> 'ended'
        AND (q.segment_id IS NOT DISTINCT FROM p.segment_id OR q.offer_id = p.offer_id)
        AND NOT isempty(tstzrange(p.begins_at, p.ends_at) * tstzrange(q.begins_at, q.ends_at)
            * tstzrange(%(now)s, NULL))
    ORDER BY q.begins_at NULLS FIRST, q.id LIMIT %(most)s
) o WHERE p.id = ANY(%(promotions)s) AND p.state <> 'ended' ORDER BY p.id, o.begins_at NULLS FIRST, o.id
"""


def overlaps_of(promotions: Iterable[Promotion], now: datetime) -> dict[int, list[Overlap]]:
    """For each that has any, at most MOST others of the time from now on, the first to begin first; one query."""
    values: dict[str, Any] = {"promotions": [row.pk for row in promotions], "now": now, "most": MOST}
    found: dict[int, list[Overlap]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_OVERLAPS, values)
        for promotion, *told in cursor.fetchall():
            found.setdefault(promotion, []).append(Overlap(*told))
    return found
