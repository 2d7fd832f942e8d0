"""What keeps webhooks in order: forgetting what is old, telling people about endpoints that fail, erasing."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.conf import settings
from django.db.models import Count

from customers.models import Customer
from customers.services.erasing import Rows
from integrations.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookHour
from integrations.rules.breaker import in_hours
from integrations.services.letters import Letter, manager_addresses, send_letters

BATCH: Final = 5_000
log = structlog.get_logger("webhooks")


def trim_webhooks(*, now: datetime) -> int:
    """Deliveries, attempts and figures past their retention are gone, BATCH rows a statement; how many deliveries."""
    before = now - timedelta(days=settings.WEBHOOK_RETENTION_DAYS)
    gone = 0
    while pks := list(WebhookDelivery.objects.filter(created_at__lt=before).values_list("pk", flat=True)[:BATCH]):
        WebhookDelivery.objects.filter(pk__in=pks).delete()
        gone += len(pks)
    WebhookHour.objects.filter(hour__lt=before).delete()
    return gone


def mail_notice(*, public_id: str, percent: int) -> int:
    """Whoever looks after integrations was told how the endpoint fails; to how many. Retryable without a server."""
    endpoint = WebhookEndpoint.objects.filter(public_id=public_id).first()
    if endpoint is None:
        return 0
    subject, body = _letter(endpoint, percent)
    return send_letters([Letter(address, subject, body) for address in manager_addresses()], about=public_id)


def _letter(endpoint: WebhookEndpoint, percent: int) -> tuple[str, str]:
    hours = in_hours(timedelta(hours=settings.WEBHOOK_DISABLE_HOURS))
    name = endpoint.description or endpoint.public_id
    link = f"{settings.PUBLIC_URL}/console/webhooks/{endpoint.public_id}"
    if percent >= 100:
        what = f"The webhook endpoint “{name}” was disabled: nothing arrived for {hours}."
        return f"Webhook endpoint disabled: {name}", f"{what}\n\nLast: {endpoint.last_error}.\n\n{link}\n"
    what = f"Nothing has arrived at the webhook endpoint “{name}” for {percent} % of the {hours} after which"
    return (
        f"Webhook endpoint fails ({percent} %): {name}",
        f"{what} it is disabled.\n\nLast: {endpoint.last_error}.\n\n{link}\n",
    )


def forget_answers(customer_ids: Sequence[int], /) -> Rows:
    """What receivers answered to deliveries about these customers is emptied; that they were told stays on record."""
    names = dict(Customer.objects.filter(pk__in=customer_ids).values_list("public_id", "pk"))
    said = WebhookAttempt.objects.filter(delivery__order_key__in=list(names)).exclude(answer="")
    counted = Rows()
    for name, number in said.order_by().values_list("delivery__order_key").annotate(number=Count("*")):
        counted[names[name]] += number
    said.update(answer="")
    return counted
