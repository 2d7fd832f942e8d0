"""How much a client used the API: figures and charts on its page."""

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from core.console import cells
from integrations.models import ApiClient
from integrations.selectors.canaries import compared
from integrations.selectors.usage import Sums, list_days


def usage_panel(request: HttpRequest, client: ApiClient) -> Mapping[str, Any]:
    """The last 30 days: calls, errors, P95, and how much of the daily quota they took."""
    days = list_days(client_id=client.public_id, tier=client.tier, today=timezone.now().date())
    calls = sum(day.sums.calls for day in days)
    errors = sum(day.sums.errors for day in days)
    today = days[-1]
    bounded = today.quota_share is not None
    return {
        "rows": [
            ("Requests", cells.number(calls)),
            ("Refused or failed", f"{errors:,} ({100 * errors / calls:.1f} %)" if calls else "0"),
            ("Too many (429)", cells.number(sum(day.sums.limited for day in days))),
            ("From cache or 304", cells.number(sum(day.sums.cached for day in days))),
            ("P95 today", "no calls" if today.sums.p95_ms is None else f"{today.sums.p95_ms:g} ms"),
            (
                "First byte, P95 today",
                "no calls" if today.sums.first_byte_ms is None else f"{today.sums.first_byte_ms:g} ms",
            ),
            ("To the first success", first_success(client)),
            ("Daily quota today", f"{_percent(today.quota_share):g} %" if bounded else "unlimited"),
        ],
        "times": [datetime.combine(day.day, time(), UTC).timestamp() for day in days],
        "series": {
            "Requests": [day.sums.calls for day in days],
            "Errors": [day.sums.errors for day in days],
        },
        "slow": {
            "P50 in ms": [day.sums.p50_ms for day in days],
            "P95 in ms": [day.sums.p95_ms for day in days],
            "P99 in ms": [day.sums.p99_ms for day in days],
        },
        "burn": {"Quota used in %": [_percent(day.quota_share) for day in days]} if bounded else {},
    }


def canary_panel(request: HttpRequest, client: ApiClient) -> Mapping[str, Any]:
    """The current and the next version side by side since the canary began: calls, share of errors, P95."""
    since = client.canary_since
    pairs = compared(client_id=client.public_id, first=since.date(), last=timezone.now().date()) if since else []
    return {
        "client": client,
        "pairs": [(pair.operation, _side(pair.current), _side(pair.following)) for pair in pairs],
        "may": request.user.has_perm("integrations.change_apiclient") and not client.disabled_at,
    }


def _side(sums: Sums) -> tuple[str, str, str]:
    share = f"{100 * sums.errors / sums.calls:.2f} %" if sums.calls else cells.NOTHING
    return cells.number(sums.calls), share, cells.NOTHING if sums.p95_ms is None else f"{sums.p95_ms:g} ms"


def first_success(client: ApiClient) -> str:
    """How long after it was registered the client got its first answer 2xx, in words."""
    if client.first_success_at is None:
        return "not yet"
    words = cells.in_words(client.created, client.first_success_at).removesuffix(" ago")
    return "within a minute" if words == "just now" else words


def _percent(share: float | None) -> float:
    return round(100 * (share or 0), 1)
