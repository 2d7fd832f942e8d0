"""Stopping what leads to companies whose agreement has run out (GDPR Art. 28(3))."""

from datetime import datetime

from django.db import transaction

from consent.selectors.papers import uncovered
from core.actors import SYSTEM
from integrations.models import ApiClient, EndpointState, LogSink, SinkState, WebhookEndpoint
from integrations.selectors.sinks import MOST_ACTIVE
from integrations.selectors.webhooks import reasons_against
from integrations.services.clients import disable_client
from integrations.services.sinks import pause_sink
from integrations.services.webhooks import disable_endpoint


def stop_uncovered(*, now: datetime) -> int:
    """No endpoint, no sink and no API client of a company without an agreement works any more; how many were stopped.

    Each has the reason in its state and in the audit trail; whoever follows webhooks is told of the endpoint. The
    courier and the pump of sinks ask by themselves before they send, so that nothing leaves between two calls of this.
    """
    return _stop_endpoints(now) + _stop_sinks(now) + _stop_clients(now)


@transaction.atomic
def _stop_endpoints(now: datetime) -> int:
    rows = list(WebhookEndpoint.objects.select_for_update().filter(state=EndpointState.ACTIVE).order_by("pk")[:1_000])
    reasons = reasons_against(rows, today=now.date())
    for row in rows:
        if row.pk in reasons:
            disable_endpoint(endpoint=row, reason=reasons[row.pk], by=SYSTEM, now=now)
    return len(reasons)


def _stop_sinks(now: datetime) -> int:
    rows = list(LogSink.objects.filter(state=SinkState.ACTIVE).order_by("pk")[:MOST_ACTIVE])
    reasons = reasons_against(rows, today=now.date())
    for row in rows:
        if row.pk in reasons:
            pause_sink(sink=row, by=SYSTEM, now=now, reason=reasons[row.pk])
    return len(reasons)


def _stop_clients(now: datetime) -> int:
    names = list(ApiClient.objects.filter(disabled_at=None).order_by("pk").values_list("public_id", flat=True)[:5_000])
    reasons = uncovered(names, today=now.date())
    for client in ApiClient.objects.filter(public_id__in=reasons, disabled_at=None):
        disable_client(client=client, by=SYSTEM, now=now, reason=reasons[client.public_id])
    return len(reasons)
