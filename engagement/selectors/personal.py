"""What the event log holds about people, for access packages."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import QuerySet

from engagement.models import Event, HeldEvent
from engagement.selectors.words import label_values, type_titles


def collect_events(customer_ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Every event of these customers in plain words, oldest first, streamed."""
    yield from _told(Event.objects.filter(customer_id__in=customer_ids).order_by("occurred_at", "event_id"))


def collect_held_events(customer_ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    """The events of these customers that only a legal hold has kept."""
    yield from _told(HeldEvent.objects.filter(customer_id__in=customer_ids).order_by("occurred_at", "event_id"))


def _told(rows: QuerySet[Event] | QuerySet[HeldEvent]) -> Iterator[dict[str, Any]]:
    kinds = type_titles(rows.values_list("type_id", flat=True).distinct().order_by())
    campaigns = label_values(rows.values_list("campaign_id", flat=True).distinct().order_by())
    for row in rows.iterator(chunk_size=2_000):
        yield {
            "event_id": str(row.event_id),
            "type": kinds[row.type_id][0],
            "occurred_at": row.occurred_at.isoformat(),
            "campaign": campaigns.get(row.campaign_id or 0, ""),
            "properties": row.properties or {},
        }
