"""What campaigns know about people, as plain rows for an access package (GDPR Art. 15(3))."""

from collections.abc import Iterator, Sequence
from typing import Any

from campaigns.models import Delivery
from campaigns.rules.deliveries import reason_words


def collect_deliveries(customer_ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Each message sent to them or not sent, when and why."""
    rows = Delivery.objects.filter(customer_id__in=customer_ids).select_related("campaign").order_by("pk")
    for row in rows.iterator(chunk_size=2_000):
        yield {
            "campaign": row.campaign.public_id,
            "name": row.campaign.name,
            "purpose": row.campaign.purpose_id,
            "state": row.state,
            "reason": reason_words(row.reason),
            "sent_at": row.sent_at,
        }
