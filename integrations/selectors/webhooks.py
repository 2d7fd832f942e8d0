"""Questions about webhooks: endpoints, deliveries, how an endpoint did in the last 24 hours."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, TypeVar

from django.db.models import Count, F, Min, Q, QuerySet

from consent.selectors.papers import Connection, uncovered
from core.errors import NotFound
from core.models import OutboxMessage
from customers.models import Customer
from integrations.models import (
    ApiClient,
    DeliveryState,
    EndpointState,
    LogSink,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookHour,
)
from integrations.rules.percentiles import added, percentile

HOURS: Final = 24
MOST_COUNTED: Final = 10_000
Leading = TypeVar("Leading", WebhookEndpoint, LogSink)


@dataclass(frozen=True, slots=True)
class Figures:
    """The last 24 hours of an endpoint: attempts that arrived and failed in each hour, the oldest first."""

    delivered: tuple[int, ...] = (0,) * HOURS
    failed: tuple[int, ...] = (0,) * HOURS
    p95_ms: float | None = None

    @property
    def success(self) -> float | None:
        """The share of attempts that arrived; None without attempts."""
        total = sum(self.delivered) + sum(self.failed)
        return sum(self.delivered) / total if total else None


def list_endpoints(*, client: str | None = None) -> QuerySet[WebhookEndpoint]:
    """All endpoints, or those of one API client, in no order."""
    rows = WebhookEndpoint.objects.all()
    return rows if client is None else rows.filter(client=client)


def find_endpoint(*, public_id: str, client: str | None = None) -> WebhookEndpoint:
    """By public id; NotFound also for an endpoint of another client."""
    row = list_endpoints(client=client).filter(public_id=public_id).first()
    if row is None:
        raise NotFound("There is no such webhook endpoint.")
    return row


def active_endpoints() -> list[WebhookEndpoint]:
    """Those that are sent to: active, and their client not disabled."""
    rows = list(WebhookEndpoint.objects.filter(state=EndpointState.ACTIVE).order_by("id")[:1_000])
    owners = {row.client for row in rows if row.client}
    usable = set(ApiClient.objects.filter(public_id__in=owners, disabled_at=None).values_list("public_id", flat=True))
    return [row for row in rows if not row.client or row.client in usable]


def covered(endpoints: Sequence[Leading], /, *, today: date) -> list[Leading]:
    """Those behind which stands nobody whose agreement does not hold today (GDPR Art. 28); one query at most."""
    without = reasons_against(endpoints, today=today)
    return [row for row in endpoints if row.pk not in without]


def reasons_against(endpoints: Sequence[WebhookEndpoint | LogSink], /, *, today: date) -> dict[int, str]:
    """By endpoint or sink why its company may get nothing today; those that may be sent to are absent."""
    why = uncovered({public_id for row in endpoints for public_id in (row.processor, row.client)}, today=today)
    said = {row.pk: why.get(row.processor) or why.get(row.client, "") for row in endpoints}
    return {pk: reason for pk, reason in said.items() if reason}


def connections_behind(ids: Collection[str], /) -> list[Connection]:
    """The endpoints that name one of these companies or API clients, for the register of processors."""
    rows = WebhookEndpoint.objects.filter(Q(processor__in=ids) | Q(client__in=ids)).order_by("id")[:200]
    return [
        Connection(row.public_id, row.description or row.url, "Webhook", row.get_state_display(), "webhook")
        for row in rows
    ]


def list_deliveries(*, endpoint: WebhookEndpoint) -> QuerySet[WebhookDelivery]:
    """What was or will be delivered to this endpoint, in no order."""
    return WebhookDelivery.objects.filter(endpoint=endpoint)


def find_delivery(*, endpoint: WebhookEndpoint, public_id: str) -> WebhookDelivery:
    """By its own id (`whd_...`) or the id of the message (`msg_...`, `evt_...`)."""
    message = f"msg_{public_id.removeprefix('evt_')}" if public_id.startswith("evt_") else public_id
    row = list_deliveries(endpoint=endpoint).filter(Q(public_id=public_id) | Q(message_id=message)).first()
    if row is None:
        raise NotFound("There is no such delivery.")
    return row


def list_attempts(*, delivery: WebhookDelivery) -> Sequence[WebhookAttempt]:
    """Each attempt, the first one first; at most the newest 200."""
    return list(reversed(WebhookAttempt.objects.filter(delivery=delivery).order_by("-id")[:200]))


def message_of(delivery: WebhookDelivery) -> OutboxMessage | None:
    """What the delivery says; None once that is past its retention."""
    return OutboxMessage.objects.filter(message_id=delivery.message_id).first()


def figures_of(*, endpoint_ids: Collection[int], now: datetime) -> dict[int, Figures]:
    """The last 24 hours of each endpoint that has attempts in them; one query."""
    first = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    rows: dict[int, list[WebhookHour]] = defaultdict(list)
    for row in WebhookHour.objects.filter(endpoint_id__in=endpoint_ids, hour__gte=first):
        rows[row.endpoint_id].append(row)
    return {pk: _figures(found, first) for pk, found in rows.items()}


def _figures(rows: Sequence[WebhookHour], first: datetime) -> Figures:
    places = {int((row.hour - first) / timedelta(hours=1)): row for row in rows}
    hours = [places.get(place) for place in range(HOURS)]
    return Figures(
        delivered=tuple(row.delivered if row else 0 for row in hours),
        failed=tuple(row.failed if row else 0 for row in hours),
        p95_ms=percentile(added(row.buckets for row in rows), 0.95),
    )


def open_counts(*, endpoint_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """By endpoint: `waiting`, `exhausted`, and `next_at`, when the next one is due. One query."""
    rows = (
        WebhookDelivery.objects.filter(
            endpoint_id__in=endpoint_ids, state__in=(DeliveryState.WAITING, DeliveryState.EXHAUSTED)
        )
        .order_by()
        .values("endpoint_id")
        .annotate(
            waiting=Count("id", filter=Q(state=DeliveryState.WAITING)),
            exhausted=Count("id", filter=Q(state=DeliveryState.EXHAUSTED)),
            next_at=Min("due_at", filter=Q(state=DeliveryState.WAITING)),
        )
    )
    return {row["endpoint_id"]: dict(row) for row in rows}


def seconds_waiting(*, now: datetime) -> float:
    """How long the oldest delivery that is due at an endpoint that works has been waiting; 0 when none is."""
    due = WebhookDelivery.objects.filter(
        state=DeliveryState.WAITING, due_at__lte=now, endpoint__state=EndpointState.ACTIVE, endpoint__failures=0
    )
    oldest = due.aggregate(at=Min("due_at"))["at"]
    return max(0.0, (now - oldest).total_seconds()) if oldest else 0.0


def failing_endpoints() -> list[WebhookEndpoint]:
    """Active ones that have failed without a success for a while, and those that were disabled by that."""
    failing = Q(state=EndpointState.ACTIVE, notice__gt=0) | Q(state=EndpointState.DISABLED)
    return list(WebhookEndpoint.objects.filter(failing).order_by(F("failing_since").asc(nulls_last=True), "id")[:50])


def collect_deliveries(customer_ids: Sequence[int], /) -> Iterator[dict[str, Any]]:
    """Which events about these customers went to whom, for an access package."""
    names = Customer.objects.filter(pk__in=customer_ids).values_list("public_id", flat=True)
    rows = WebhookDelivery.objects.filter(order_key__in=list(names)).order_by("id")
    for row in rows.values("event_type", "state", "ended_at", "happened_at", "endpoint__description").iterator():
        yield dict(row)
