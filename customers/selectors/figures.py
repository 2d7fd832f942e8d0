"""Key figures about customers."""

from datetime import datetime, timedelta

from django.db.models import Count, Q

from customers.models import Status
from customers.selectors.customers import list_customers


def customer_figures(*, now: datetime) -> dict[str, int]:
    """`active` known customers, and how many of them are `recent`: created in the last 30 days. One query."""
    young = Q(created_at__gte=now - timedelta(days=30))
    return list_customers().filter(status=Status.ACTIVE).aggregate(active=Count("pk"), recent=Count("pk", filter=young))
