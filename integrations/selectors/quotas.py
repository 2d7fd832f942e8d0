"""How much of their windows clients have used; looking costs nothing."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings

from core.meter import Level, Window, take
from integrations.models import ApiClient, QuotaWarning
from integrations.rules.anomalies import QUOTA
from integrations.rules.quotas import SHORTEST_WARNED_S, Burn, burn_of
from integrations.selectors.anomalies import muted_of


def burns_of(*, clients: Iterable[ApiClient]) -> dict[str, list[tuple[Level, Burn]]]:
    """By public id: each window of an hour or more that calls are counted in, the longest last; none without bounds.

    The windows are those that `core.api.throttling` counts in.
    """
    return {client.public_id: [(level, _burn(level)) for level in _levels(client)] for client in clients}


def warned_today(*, now: datetime) -> list[QuotaWarning]:
    """The highest warning of today by client and window, the highest step first, at most 50; none of muted ones."""
    rows = QuotaWarning.objects.filter(day=now.date()).exclude(client_id__in=muted_of(kind=QUOTA, now=now))
    found = rows.order_by("-step", "client_id", "window")[:500]
    highest = {(row.client_id, row.window): row for row in reversed(found)}
    return sorted(highest.values(), key=lambda row: (-row.step, row.client_id))[:50]


def _levels(client: ApiClient) -> tuple[Level, ...]:
    tier = settings.API_TIERS.get(client.tier, {})
    windows = [Window(name, limit, seconds) for name, (limit, seconds) in tier.items() if seconds >= SHORTEST_WARNED_S]
    return take(f"api:{client.public_id}", sorted(windows, key=lambda window: window.seconds), 0).levels


def _burn(level: Level) -> Burn:
    window = level.window
    return burn_of(used=level.used, limit=window.limit, seconds=window.seconds, resets_in=level.resets_in)
