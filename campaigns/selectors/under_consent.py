"""Which campaigns and automations wrote to somebody for a purpose, while a consent to it stood and after it ended."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from django.db.models import Count, Max, Min

from campaigns.models import Delivery
from consent.selectors.consumers import Acted

HOW: Final = "message of ours"
_MOST: Final = 500


def sent_for(customer_ids: Sequence[int], purpose: str, since: datetime) -> Iterator[Acted]:
    """Each campaign that sent since then, how often and from when to when; one query."""
    rows = Delivery.objects.filter(customer_id__in=list(customer_ids), sent_at__gte=since, campaign__purpose_id=purpose)
    groups = rows.values("campaign__public_id", "campaign__name").order_by("campaign__public_id")
    for one in groups.annotate(first=Min("sent_at"), last=Max("sent_at"), times=Count("pk"))[:_MOST]:
        name, title = one["campaign__public_id"], one["campaign__name"]
        yield Acted(f"campaign:{name}", title, HOW, one["first"], one["last"], one["times"])
