"""How much clients called, how fast they were answered, what they were refused; every question over a span of days."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from integrations.models import ApiClient, DailyUsage, RefusedRequest, RequestLine
from integrations.rules.percentiles import percentile

SHOWN_DAYS: Final = 30
MOST_ROWS: Final = 1_000
_NUMBERS: Final = ("calls", "client_errors", "server_errors", "limited", "cached", "deprecated")
_BY: Final[dict[str, tuple[str, ...]]] = {
    "all": (),
    "day": ("day",),
    "client": ("client_id",),
    "operation": ("method", "route"),
    "client and operation": ("client_id", "method", "route"),
}
_BINS: Final = """
SELECT {columns} kind, place::int, sum(number::bigint)::bigint
FROM integrations_dailyusage,
  LATERAL (SELECT 'whole', * FROM jsonb_each_text(buckets) UNION ALL SELECT 'first', * FROM jsonb_each_text(first_byte))
    AS bins (kind, place, number)
WHERE day BETWEEN %(first)s AND %(last)s {narrowed}
GROUP BY {columns} kind, place
"""


@dataclass(frozen=True, slots=True)
class Sums:
    """Calls of some client, day or operation, and how fast they were answered; milliseconds are None without calls.

    `p50_ms` to `p99_ms` until the answer was complete, `first_byte_ms` (P95) until it began.
    """

    calls: int = 0
    client_errors: int = 0
    server_errors: int = 0
    limited: int = 0
    cached: int = 0
    deprecated: int = 0
    bins: Mapping[str, Mapping[int, int]] = field(default_factory=dict)

    @property
    def errors(self) -> int:
        """Answers 4xx and 5xx."""
        return self.client_errors + self.server_errors

    @property
    def succeeded(self) -> int:
        """Answers below 400."""
        return self.calls - self.errors

    @property
    def p50_ms(self) -> float | None:
        """The median."""
        return self._ms("whole", 0.5)

    @property
    def p95_ms(self) -> float | None:
        """What 95 % did not exceed."""
        return self._ms("whole", 0.95)

    @property
    def p99_ms(self) -> float | None:
        """What 99 % did not exceed."""
        return self._ms("whole", 0.99)

    @property
    def first_byte_ms(self) -> float | None:
        """What 95 % of the first bytes did not exceed."""
        return self._ms("first", 0.95)

    @property
    def times(self) -> tuple[float | None, ...]:
        """P50, P95, P99 and first byte."""
        return self.p50_ms, self.p95_ms, self.p99_ms, self.first_byte_ms

    def _ms(self, kind: str, share: float) -> float | None:
        return percentile(self.bins.get(kind, {}), share)


@dataclass(frozen=True, slots=True)
class Day:
    """One day (UTC) of a client; `quota_share` is None where its class has no daily window."""

    day: date
    sums: Sums
    quota_share: float | None


def sums_by(
    by: str, *, first: date, last: date, client_id: str | None = None, deprecated: bool = False
) -> dict[tuple[Any, ...], Sums]:
    """Sums from `first` to `last` (both included) by a key of _BY, of one client or all.

    The MOST_ROWS with the most calls; two queries. With `deprecated` only addresses with deprecated calls.
    """
    columns = _BY[by]
    rows = DailyUsage.objects.filter(day__gte=first, day__lte=last).order_by()
    narrowed = ""
    if client_id is not None:
        rows, narrowed = rows.filter(client_id=client_id), narrowed + " AND client_id = %(client_id)s"
    if deprecated:
        rows, narrowed = rows.filter(deprecated__gt=0), narrowed + " AND deprecated > 0"
    totals = {name: Coalesce(Sum(name), 0) for name in _NUMBERS}
    if not columns:
        found = [rows.aggregate(**totals)]
    else:
        found = list(rows.values(*columns).annotate(**totals).order_by("-calls", *columns)[:MOST_ROWS])
    with connection.cursor() as cursor:
        listed = "".join(f"{column}, " for column in columns)
        cursor.execute(
            _BINS.format(columns=listed, narrowed=narrowed), {"first": first, "last": last, "client_id": client_id}
        )
        bins: dict[tuple[Any, ...], dict[str, dict[int, int]]] = defaultdict(lambda: {"whole": {}, "first": {}})
        for *key, kind, place, number in cursor.fetchall():
            bins[tuple(key)][kind][place] = number
    return {key: Sums(**{name: row[name] for name in _NUMBERS}, bins=bins[key]) for key, row in _keyed(found, columns)}


def _keyed(found: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> list[tuple[tuple[Any, ...], Any]]:
    return [(tuple(row[column] for column in columns), row) for row in found]


def list_days(*, client_id: str | None, tier: str, today: date, days: int = SHOWN_DAYS) -> list[Day]:
    """The last `days` days with today, oldest first; days without calls are there too. Two queries."""
    first = today - timedelta(days=days - 1)
    by_day = sums_by("day", first=first, last=today, client_id=client_id)
    every = [first + timedelta(days=n) for n in range(days)]
    return [Day(day, sums, _share(sums, tier)) for day, sums in ((day, by_day.get((day,), Sums())) for day in every)]


def _share(sums: Sums, tier: str) -> float | None:
    limit = settings.API_TIERS.get(tier, {}).get("day", (0, 0))[0]
    return round((sums.calls - sums.limited - sums.cached) / limit, 4) if limit else None


def with_calls(clients: QuerySet[ApiClient], *, today: date) -> QuerySet[ApiClient]:
    """The clients with `calls_30d`, their calls of the last 30 days."""
    first = today - timedelta(days=SHOWN_DAYS - 1)
    own = DailyUsage.objects.filter(client_id=OuterRef("public_id"), day__gte=first)
    total = own.order_by().values("client_id").annotate(total=Sum("calls")).values("total")
    counted: QuerySet[ApiClient] = clients.annotate(calls_30d=Coalesce(Subquery(total), 0))
    return counted


def client_names(*, public_ids: Sequence[str]) -> dict[str, str]:
    """Names of API clients by public id; those that are gone are absent."""
    rows = ApiClient.objects.filter(public_id__in=public_ids)
    return dict(rows.values_list("public_id", "name"))


def list_refused() -> QuerySet[RefusedRequest]:
    """Refused requests of all clients, in no order; one row a reason and minute."""
    return RefusedRequest.objects.all()


def list_requests(*, since: datetime) -> QuerySet[RequestLine]:
    """Every request of all clients from `since` on, in no order."""
    return RequestLine.objects.filter(at__gte=since)
