"""Telling whoever still calls what is to end: by e-mail to the client's contact, and behind the bell of staff."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Max, Sum
from django.urls import reverse

from core import audit, menu
from core.actors import SYSTEM
from core.jobs import Retryable
from core.models import AuditEntry
from integrations.models import ApiClient, DailyUsage
from integrations.rules.routes import template_of
from integrations.services.letters import Letter, manager_addresses, send_letters
from marketing_hub.deprecations import DEPRECATIONS, POLICY, Deprecation

LOOKED_BACK: Final = timedelta(days=7)
AGAIN_AFTER: Final = timedelta(days=30)
SOON: Final = timedelta(days=30)
MOST: Final = 200
TOLD: Final = "client.deprecation_told"


@dataclass(frozen=True, slots=True)
class StillUsed:
    """A client that called an operation that is to end, how often in LOOKED_BACK."""

    client: ApiClient
    row: Deprecation
    calls: int


def still_used(*, now: datetime) -> list[StillUsed]:
    """What is to end and was called in LOOKED_BACK, by client, the most calls first; at most MOST. Two queries."""
    ends = {(row.method, row.path): row for row in DEPRECATIONS}
    since = (now - LOOKED_BACK).date()
    rows = DailyUsage.objects.filter(day__gte=since, deprecated__gt=0).exclude(client_id="").order_by()
    counted = rows.values("client_id", "method", "route").annotate(total=Sum("deprecated"))
    found = list(counted.order_by("-total", "client_id", "route")[:MOST])
    clients = {c.public_id: c for c in ApiClient.objects.filter(public_id__in={row["client_id"] for row in found})}
    return [
        StillUsed(clients[row["client_id"]], ends[key], row["total"])
        for row in found
        if row["client_id"] in clients and (key := (row["method"], template_of(row["route"]))) in ends
    ]


def tell_of_deprecations(*, now: datetime) -> int:
    """Who still calls what is to end was told within the last 30 days, in the last 30 days before its end weekly.

    How many letters left. One that could not be sent is tried again the next day.
    """
    used = still_used(now=now)
    last, managers = _last_told(used, now), manager_addresses()
    return sum(_told(use, managers) for use in used if _is_due(use, last, now))


def _last_told(used: Sequence[StillUsed], now: datetime) -> dict[tuple[str, str], datetime]:
    """When these were told of what ends the last time, by client and operation, as far back as AGAIN_AFTER."""
    clients = {use.client.public_id for use in used}
    told = AuditEntry.objects.filter(action=TOLD, target__in=clients, at__gt=now - AGAIN_AFTER)
    rows = told.order_by().values_list("target", "reason").annotate(last=Max("at"))
    return {(client, name): last for client, name, last in rows}


def _is_due(use: StillUsed, last: Mapping[tuple[str, str], datetime], now: datetime) -> bool:
    pause = LOOKED_BACK if use.row.sunset - now < SOON else AGAIN_AFTER
    told = last.get((use.client.public_id, _name(use.row)))
    return told is None or told <= now - pause


def _told(use: StillUsed, managers: Sequence[str]) -> bool:
    """To the contact, else to staff who look after integrations."""
    addresses = [use.client.contact] if use.client.contact else managers
    letters = [Letter(address, _subject(use), _body(use)) for address in addresses]
    try:
        send_letters(letters, about=use.client.public_id)
    except Retryable:
        return False
    audit.record(by=SYSTEM, action=TOLD, target=use.client.public_id, reason=_name(use.row))
    return True


def _name(row: Deprecation) -> str:
    return f"{row.method} {row.path}"


def _subject(use: StillUsed) -> str:
    return f"{_name(use.row)} ends on {use.row.sunset:%d %B %Y}: {use.client.name}"


def _body(use: StillUsed) -> str:
    times = "once" if use.calls == 1 else f"{use.calls:,} times"
    return (
        f"The API client “{use.client.name}” called {_name(use.row)} {times} in the last 7 days.\n\n"
        f"It is deprecated since {use.row.since:%d %B %Y} and ends on {use.row.sunset:%d %B %Y}; it is then "
        f"refused (410 version_sunset). Use {use.row.successor} instead.\n\n"
        f"{settings.PUBLIC_URL}{POLICY}\n"
    )


def deprecation_alerts(now: datetime) -> list[menu.Alert]:
    """Behind the bell: which clients still call what ends, the first ten."""
    return [
        menu.Alert(
            f"API client {use.client.name} calls {_name(use.row)}, which ends on {use.row.sunset:%d %B %Y}.",
            reverse("console:api-client", args=[use.client.public_id]),
        )
        for use in still_used(now=now)[:10]
    ]
