"""How much clients called, by day, and what they were refused."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from integrations.models import ApiClient, DailyUsage, RefusedRequest
from integrations.rules.percentiles import added, percentile

SHOWN_DAYS: Final = 30
_NUMBERS: Final = ("calls", "client_errors", "server_errors", "limited", "cached")


@dataclass(frozen=True, slots=True)
class Day:
    """One day (UTC) of a client; `p95_ms` is None without calls, `quota_share` where its class has no daily window."""

    day: date
    calls: int
    client_errors: int
    server_errors: int
    limited: int
    cached: int
    p95_ms: float | None
    quota_share: float | None


def list_days(*, client_id: str, tier: str, today: date, days: int = SHOWN_DAYS) -> list[Day]:
    """The last `days` days with today, oldest first; days without calls are there too. One query."""
    first = today - timedelta(days=days - 1)
    by_day: dict[date, list[DailyUsage]] = defaultdict(list)
    for row in DailyUsage.objects.filter(client_id=client_id, day__gte=first, day__lte=today):
        by_day[row.day].append(row)
    return [_day(first + timedelta(days=n), by_day[first + timedelta(days=n)], tier) for n in range(days)]


def _day(day: date, rows: list[DailyUsage], tier: str) -> Day:
    sums = {name: sum(getattr(row, name) for row in rows) for name in _NUMBERS}
    limit = settings.API_TIERS.get(tier, {}).get("day", (0, 0))[0]
    share = round((sums["calls"] - sums["limited"] - sums["cached"]) / limit, 4) if limit else None
    return Day(day, **sums, p95_ms=percentile(added(row.buckets for row in rows), 0.95), quota_share=share)


def with_calls(clients: QuerySet[ApiClient], *, today: date) -> QuerySet[ApiClient]:
    """The clients with `calls_30d`, their calls of the last 30 days."""
    first = today - timedelta(days=SHOWN_DAYS - 1)
    own = DailyUsage.objects.filter(client_id=OuterRef("public_id"), day__gte=first)
    total = own.order_by().values("client_id").annotate(total=Sum("calls")).values("total")
    counted: QuerySet[ApiClient] = clients.annotate(calls_30d=Coalesce(Subquery(total), 0))
    return counted


def list_refused() -> QuerySet[RefusedRequest]:
    """Refused requests of all clients, in no order; one row a reason and minute."""
    return RefusedRequest.objects.all()
