"""What a person did, as a source of the customer timeline."""

from collections.abc import Sequence
from typing import Final

from customers.selectors.timeline import Before, Entry, Source
from engagement.models import Event
from engagement.selectors.words import label_values, type_titles


def fetch_events(customer_ids: Sequence[int], before: Before, limit: int) -> list[Entry]:
    """At most `limit` events of these customers, newest first; reads the index (customer, time) of each month."""
    rows = list(
        Event.objects.filter(customer_id__in=customer_ids)
        .filter(before.condition("occurred_at", "event_id"))
        .order_by("-occurred_at", "-event_id")[:limit]
    )
    types = type_titles(row.type_id for row in rows)
    labels = label_values([pk for row in rows for pk in (row.campaign_id, row.source_id)])
    return [
        Entry(
            at=row.occurred_at,
            row=str(row.event_id),
            kind=types[row.type_id][0],
            title=types[row.type_id][1],
            source=labels.get(row.source_id, ""),
            details=({"campaign": labels[row.campaign_id]} if row.campaign_id else {}) | (row.properties or {}),
        )
        for row in rows
    ]


EVENTS: Final = Source(name="events", label="Engagement", fetch=fetch_events)
