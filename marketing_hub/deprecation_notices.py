"""Telling whoever still calls what is to end: by e-mail to the client's contact, and behind the bell of staff."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from smtplib import SMTPException
from typing import Final

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Sum
from django.urls import reverse

from core import audit, menu
from core.actors import SYSTEM
from core.models import AuditEntry, StaffUser
from integrations.models import ApiClient, DailyUsage
from integrations.rules.routes import template_of
from marketing_hub.deprecations import DEPRECATIONS, POLICY, Deprecation

LOOKED_BACK: Final = timedelta(days=7)
AGAIN_AFTER: Final = timedelta(days=30)
SOON: Final = timedelta(days=30)
MOST: Final = 200
TOLD: Final = "client.deprecation_told"
_STAFF: Final = ("integration_admin", "superuser")
log = structlog.get_logger("deprecations")


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
    return sum(_told(use, now) for use in still_used(now=now) if _is_due(use, now))


def _is_due(use: StillUsed, now: datetime) -> bool:
    pause = LOOKED_BACK if use.row.sunset - now < SOON else AGAIN_AFTER
    told = AuditEntry.objects.filter(action=TOLD, target=use.client.public_id, at__gt=now - pause)
    return not told.filter(reason=_name(use.row)).exists()


def _told(use: StillUsed, now: datetime) -> bool:
    """To the contact, else to staff who look after integrations."""
    staff = StaffUser.objects.filter(is_active=True, role__in=_STAFF).order_by("id").values_list("email", flat=True)
    addresses = [use.client.contact] if use.client.contact else list(staff[:50])
    try:
        for address in addresses:
            EmailMessage(subject=_subject(use), body=_body(use), to=[address]).send()
    except (SMTPException, OSError) as trouble:
        log.warning("deprecation_not_told", client=use.client.public_id, error=type(trouble).__name__)
        return False
    audit.record(by=SYSTEM, action=TOLD, target=use.client.public_id, reason=_name(use.row))
    return True


def _name(row: Deprecation) -> str:
    return f"{row.method} {row.path}"


def _subject(use: StillUsed) -> str:
    return f"{_name(use.row)} ends on {use.row.sunset:%d %B %Y}: {use.client.name}"


def _body(use: StillUsed) -> str:
    return (
        f"The API client “{use.client.name}” called {_name(use.row)} {use.calls:,} times in the last 7 days.\n\n"
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
