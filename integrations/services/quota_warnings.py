"""Telling people that a client has used 70, 85 or 95 per cent of a window, before its calls are refused."""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction

from core import jobs, outbox
from core.meter import Level
from integrations.models import ApiClient, DailyUsage, QuotaWarning
from integrations.rules.anomalies import QUOTA
from integrations.rules.event_catalogue import QUOTA_WARNING
from integrations.rules.quotas import STEPS, Burn
from integrations.selectors.anomalies import muted_of
from integrations.selectors.quotas import burns_of
from integrations.services.letters import Letter, manager_addresses, send_letters

log = structlog.get_logger("usage")


def warn_quotas(*, now: datetime) -> int:
    """Each step that a client has reached is on record for today; how many people are told of now.

    Of several steps reached at once only the highest is told; of muted clients nothing is.
    """
    muted = muted_of(kind=QUOTA, now=now)
    callers = DailyUsage.objects.filter(day__gte=now.date() - timedelta(days=1)).values("client_id")
    clients = ApiClient.objects.filter(public_id__in=callers, disabled_at__isnull=True).order_by("id")
    return sum(
        _warn(client, level, burn, now, quiet=client.public_id in muted)
        for client in clients.iterator(chunk_size=500)
        for level, burn in burns_of(clients=[client])[client.public_id]
        if burn.step
    )


@transaction.atomic
def _warn(client: ApiClient, level: Level, burn: Burn, now: datetime, *, quiet: bool) -> bool:
    full_at = None if burn.full_in is None else now + timedelta(seconds=burn.full_in)
    window, told = level.window, False
    for step in (step for step in STEPS if step <= burn.step):
        _, told = QuotaWarning.objects.get_or_create(
            client_id=client.public_id,
            window=window.name,
            day=now.date(),
            step=step,
            defaults={"used": level.used, "limit": window.limit, "full_at": full_at, "created_at": now},
        )
    told = told and not quiet
    if told:
        payload = {"client": client.public_id, "window": window.name, "percent": burn.step, "used": level.used}
        payload |= {"limit": window.limit, "full_at": full_at and full_at.isoformat()}
        outbox.publish(topic=QUOTA_WARNING, subject=client.public_id, payload=payload)
        names = {"client_id": client.public_id, "window": window.name, "day": now.date().isoformat()}
        jobs.defer("integrations.tasks.mail_quota_warning", step=burn.step, **names)
    return told


def mail_warning(*, client_id: str, window: str, day: str, step: int) -> int:
    """The client's contact and whoever looks after integrations were told; how many. Retryable without a server."""
    client = ApiClient.objects.filter(public_id=client_id).first()
    warning = QuotaWarning.objects.filter(client_id=client_id, window=window, day=day, step=step).first()
    if client is None or warning is None:
        return 0
    addresses = dict.fromkeys([*([client.contact] if client.contact else []), *manager_addresses()])
    subject, body = _letter(client, warning)
    link = f"\n\n{settings.PUBLIC_URL}/console/api-clients/{client_id}"
    letters = (Letter(to, subject, f"{body}{'' if to == client.contact else link}\n") for to in addresses)
    return send_letters(letters, about=client_id)


def _letter(client: ApiClient, warning: QuotaWarning) -> tuple[str, str]:
    share = f"{warning.used:,} of {warning.limit:,} calls"
    what = f"The API client “{client.name}” has used {warning.step} % of its {warning.window}: {share}."
    end = (
        f"At the pace so far it is used up at {warning.full_at:%Y-%m-%d %H:%M} UTC; calls are then refused (429)."
        if warning.full_at
        else "At the pace so far it lasts until the window ends."
    )
    hint = "GET /api/v1/usage tells how it stands. Answers 304 cost nothing; batches and webhooks save calls."
    return f"{warning.step} % of the API quota used: {client.name}", f"{what}\n\n{end}\n\n{hint}"
