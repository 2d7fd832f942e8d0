"""What came of attempts: deliveries, the log of attempts, figures, how endpoints do, who was told about whom.

All of it in one transaction. A courier that is killed before has sent what nobody wrote down: it is sent again, under
the same id.
"""

import json
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction

from consent.rules.papers import WITHHELD_WORDS
from consent.services.disclosures import record_disclosure
from core import jobs, outbox
from core.actors import SYSTEM
from customers.services.telling import Telling
from integrations.models import DeliveryState, EndpointState, WebhookEndpoint
from integrations.rules import breaker
from integrations.rules.backoff import next_attempt
from integrations.rules.breaker import Health
from integrations.rules.event_catalogue import ENDPOINT_FAILING
from integrations.rules.percentiles import bin_of
from integrations.selectors.webhook_queue import NO_CONSENT
from integrations.services.webhooks import disable_endpoint, set_health

GONE: Final = 410
_STATES: Final = """
UPDATE integrations_webhookdelivery d SET state = r.state, attempts = r.attempts, status = r.status, error = r.error,
    latency_ms = coalesce(r.latency_ms, d.latency_ms), due_at = r.due_at, first_at = coalesce(d.first_at, r.first_at),
    ended_at = r.ended_at
FROM json_to_recordset(%s::json) AS r (pk bigint, round int, state text, attempts int, status int, error text,
    latency_ms int, due_at timestamptz, first_at timestamptz, ended_at timestamptz)
WHERE d.id = r.pk AND d.round = r.round
"""
_ATTEMPTS: Final = """
INSERT INTO integrations_webhookattempt (delivery_id, round, number, at, status, error, latency_ms, answer)
SELECT r.pk, r.round, r.attempts, r.at, r.status, r.error, r.latency_ms, r.answer
FROM json_to_recordset(%s::json) AS r (pk bigint, round int, attempts int, at timestamptz, status int, error text,
    latency_ms int, answer text)
WHERE r.latency_ms IS NOT NULL AND EXISTS (SELECT FROM integrations_webhookdelivery d WHERE d.id = r.pk)
"""
_HOURS: Final = """
INSERT INTO integrations_webhookhour AS h (endpoint_id, hour, delivered, failed, buckets)
SELECT * FROM json_to_recordset(%s::json) AS r (endpoint_id bigint, hour timestamptz, delivered int, failed int,
    buckets jsonb)
ON CONFLICT (endpoint_id, hour) DO UPDATE SET delivered = h.delivered + excluded.delivered,
    failed = h.failed + excluded.failed,
    buckets = integrations_added(h.buckets, excluded.buckets)
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one delivery: an attempt, or (`ended`) the word for why there is none.

    `told` says about whom the receiver was told what kinds of data: (row id, kinds); None when it was about nobody.
    """

    endpoint_id: int
    pk: int
    order_key: str
    round: int
    attempts: int
    first_at: datetime
    at: datetime
    status: int | None = None
    error: str = ""
    latency_ms: int | None = None
    answer: str = ""
    asked_wait: timedelta | None = None
    ended: str = ""
    told: tuple[int, tuple[str, ...]] | None = None

    @property
    def arrived(self) -> bool:
        """Whether the receiver took it."""
        return self.status is not None and 200 <= self.status < 300


@transaction.atomic
def record_outcomes(*, outcomes: Sequence[Outcome], now: datetime) -> dict[int, WebhookEndpoint]:
    """All is stored; the endpoints concerned, by id, as they are afterwards. Those removed meanwhile are absent."""
    ids = sorted({outcome.endpoint_id for outcome in outcomes})
    rows = WebhookEndpoint.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    endpoints = {row.pk: row for row in rows}
    known = [outcome for outcome in outcomes if outcome.endpoint_id in endpoints]
    text = json.dumps([_row(outcome) for outcome in known], default=str)
    with connection.cursor() as cursor:
        cursor.execute(_STATES, [text])
        cursor.execute(_ATTEMPTS, [text])
        cursor.execute(_HOURS, [json.dumps(_hours(known), default=str)])
    by_endpoint: dict[int, list[Outcome]] = defaultdict(list)
    for outcome in known:
        by_endpoint[outcome.endpoint_id].append(outcome)
    for pk, found in by_endpoint.items():
        _note_health(endpoints[pk], [one for one in found if not one.ended], now)
        _note_told(endpoints[pk], found, now)
    return endpoints


def _row(outcome: Outcome) -> dict[str, Any]:
    state, due_at = _next(outcome)
    return {
        "pk": outcome.pk,
        "round": outcome.round,
        "state": state,
        "attempts": outcome.attempts,
        "status": outcome.status,
        "error": outcome.ended or outcome.error,
        "latency_ms": outcome.latency_ms,
        "due_at": due_at,
        "first_at": outcome.first_at,
        "ended_at": None if state == DeliveryState.WAITING else outcome.at,
        "at": outcome.at,
        "answer": outcome.answer,
    }


def _next(outcome: Outcome) -> tuple[str, datetime]:
    if outcome.ended:
        kept_back = outcome.ended == NO_CONSENT or outcome.ended in WITHHELD_WORDS
        return (DeliveryState.WITHHELD if kept_back else DeliveryState.EXHAUSTED), outcome.at
    if outcome.arrived:
        return DeliveryState.DELIVERED, outcome.at
    due = next_attempt(
        attempts=outcome.attempts,
        first_at=outcome.first_at,
        now=outcome.at,
        chance=random.uniform,
        asked_wait=outcome.asked_wait,
    )
    return (DeliveryState.WAITING, due) if due else (DeliveryState.EXHAUSTED, outcome.at)


def _hours(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    sums: dict[tuple[int, datetime], dict[str, Any]] = {}
    for outcome in outcomes:
        if outcome.latency_ms is None:
            continue
        hour = outcome.at.replace(minute=0, second=0, microsecond=0)
        fresh = {"endpoint_id": outcome.endpoint_id, "hour": hour, "delivered": 0, "failed": 0}
        row = sums.setdefault((outcome.endpoint_id, hour), fresh | {"buckets": {}})
        row["delivered" if outcome.arrived else "failed"] += 1
        place = bin_of(outcome.latency_ms)
        row["buckets"][place] = row["buckets"].get(place, 0) + 1
    return [sums[key] for key in sorted(sums)]


def _note_health(endpoint: WebhookEndpoint, outcomes: Sequence[Outcome], now: datetime) -> None:
    """How the endpoint does after these attempts; it is disabled when it said 410, or failed for too long."""
    if not outcomes:
        return
    health = health_of(endpoint)
    for outcome in outcomes:
        health = health_after(health, outcome)
        if outcome.arrived:
            endpoint.last_success_at = outcome.at
        else:
            endpoint.last_failure_at, endpoint.last_error = outcome.at, said(outcome.status, outcome.error)
    set_health(endpoint=endpoint, health=health)
    _give_notice(endpoint, now)
    fields = ("failures", "failing_since", "closed_until", "notice", "last_success_at", "last_failure_at", "last_error")
    endpoint.save(update_fields=fields)
    if endpoint.state == EndpointState.ACTIVE and any(outcome.status == GONE for outcome in outcomes):
        disable_endpoint(endpoint=endpoint, reason="It answered 410 Gone.", by=SYSTEM, now=now)


def _give_notice(endpoint: WebhookEndpoint, now: datetime) -> None:
    limit = timedelta(hours=settings.WEBHOOK_DISABLE_HOURS)
    due = breaker.notice_due(health_of(endpoint), now=now, disabled_after=limit)
    if not due or endpoint.state != EndpointState.ACTIVE:
        return
    endpoint.notice = due
    jobs.defer("integrations.tasks.mail_webhook_notice", endpoint_id=endpoint.public_id, percent=due)
    if due == breaker.NOTICES[-1]:
        reason = f"Nothing arrived for {breaker.in_hours(limit)}; last: {endpoint.last_error}."
        disable_endpoint(endpoint=endpoint, reason=reason, by=SYSTEM, now=now)
        return
    payload = {"endpoint": endpoint.public_id, "percent": due, "last_error": endpoint.last_error}
    outbox.publish(topic=ENDPOINT_FAILING, subject=endpoint.public_id, payload=payload)


def health_of(endpoint: WebhookEndpoint, /) -> Health:
    """How the endpoint does, as the rules see it."""
    return Health(endpoint.failures, endpoint.failing_since, endpoint.closed_until, endpoint.notice)


def health_after(health: Health, outcome: Outcome, /) -> Health:
    """How an endpoint does after one more attempt."""
    if outcome.arrived:
        return breaker.succeeded(health)
    return breaker.failed(health, now=outcome.at, chance=random.uniform, asked_wait=outcome.asked_wait)


def said(status: int | None, error: str, /) -> str:
    """The outcome of an attempt in a few words."""
    return f"HTTP {status}" if status else _WORDS.get(error, error)


_WORDS: Final[Mapping[str, str]] = {
    "timeout": "no answer in time",
    "tls": "certificate not valid",
    "address_refused": "not a public address",
    "name_unknown": "name not found",
    "connection_refused": "no connection",
    "connection_broken": "connection broken",
    "payload_gone": "event past its retention",
    NO_CONSENT: "no consent",
    **WITHHELD_WORDS,
}


def _note_told(endpoint: WebhookEndpoint, outcomes: Sequence[Outcome], now: datetime) -> None:
    told: dict[tuple[str, ...], set[int]] = defaultdict(set)
    for outcome in outcomes:
        if outcome.told and outcome.latency_ms is not None:
            told[outcome.told[1]].add(outcome.told[0])
    to = f"client:{endpoint.client}" if endpoint.client else f"webhook:{endpoint.public_id}"
    for kinds, people in sorted(told.items()):
        record_disclosure(telling=Telling(to, "webhook", kinds), customer_ids=people, now=now)
