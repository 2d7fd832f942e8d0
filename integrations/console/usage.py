"""How much a client used the API: figures and charts on its page."""

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from core.console import cells
from integrations.models import ApiClient
from integrations.selectors.usage import list_days


def usage_panel(request: HttpRequest, client: ApiClient) -> Mapping[str, Any]:
    """The last 30 days: calls, errors, P95, and how much of the daily quota they took."""
    days = list_days(client_id=client.public_id, tier=client.tier, today=timezone.now().date())
    calls = sum(day.calls for day in days)
    errors = sum(day.client_errors + day.server_errors for day in days)
    today = days[-1]
    bounded = today.quota_share is not None
    return {
        "rows": [
            ("Requests", cells.number(calls)),
            ("Refused or failed", f"{errors:,} ({100 * errors / calls:.1f} %)" if calls else "0"),
            ("Too many (429)", cells.number(sum(day.limited for day in days))),
            ("From cache or 304", cells.number(sum(day.cached for day in days))),
            ("P95 today", "no calls" if today.p95_ms is None else f"{today.p95_ms:g} ms"),
            ("Daily quota today", f"{_percent(today.quota_share):g} %" if bounded else "unlimited"),
        ],
        "times": [datetime.combine(day.day, time(), UTC).timestamp() for day in days],
        "series": {
            "Requests": [day.calls for day in days],
            "Errors": [day.client_errors + day.server_errors for day in days],
        },
        "slow": {"P95 in ms": [day.p95_ms for day in days]},
        "burn": {"Quota used in %": [_percent(day.quota_share) for day in days]} if bounded else {},
    }


def _percent(share: float | None) -> float:
    return round(100 * (share or 0), 1)
