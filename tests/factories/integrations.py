"""API clients and keys."""

from typing import Any

from django.utils import timezone

from core.actors import SYSTEM
from integrations.models import ApiClient, ApiKey, DailyUsage, LogSink, WebhookDelivery, WebhookEndpoint
from integrations.services import sinks, webhooks
from integrations.services.canaries import set_canary
from integrations.services.clients import issue_api_key, register_client
from integrations.services.registrations import issue_registration_token
from integrations.services.webhook_results import Outcome, record_outcomes
from tests.support import kinesis

REDIRECT = "https://partner.example.com/callback"


def make_client(name: str = "Loyalty app", **options: Any) -> ApiClient:
    """A confidential client that reads customers, unless told otherwise."""
    values = {"scopes": ["customers:read", "engagement:write"], "owner": "Ana Lima", "now": timezone.now()}
    return register_client(name=name, by=SYSTEM, **(values | options)).client


def make_key(client: ApiClient, name: str = "till") -> ApiKey:
    """A fresh key of the client."""
    return issue_api_key(client=client, name=name, by=SYSTEM, now=timezone.now()).key


def client_example() -> dict[str, str]:
    """The address of a client with a key."""
    client = make_client()
    make_key(client)
    return {"public_id": client.public_id}


def registration_token_example() -> dict[str, str]:
    """The address of an initial access token."""
    wanted = {"scopes": ["customers:read"], "grants": ["client_credentials"], "uses": 3, "days": 7}
    issued = issue_registration_token(name="Northwind platform", **wanted, by=SYSTEM, now=timezone.now())
    return {"public_id": issued.token.public_id}


def canary_example() -> dict[str, str]:
    """The address of a client of whose calls the next version answered some."""
    client, now = make_client(), timezone.now()
    make_key(client)
    set_canary(client=client, share=20, by=SYSTEM, now=now)
    for version, calls in (("v1", 80), ("v2", 20)):
        DailyUsage.objects.create(
            client_id=client.public_id,
            day=now.date(),
            method="GET",
            route=f"api/{version}/me",
            calls=calls,
            buckets={"20": calls},
        )
    return {"public_id": client.public_id}


def key_example() -> dict[str, str]:
    """The address of a key."""
    client = make_client()
    return {"public_id": client.public_id, "key_id": make_key(client).public_id}


def make_webhook(url: str = "https://crm.example.com/hooks", **values: Any) -> WebhookEndpoint:
    """An endpoint that is told everything."""
    wanted = {"url": url, "description": "CRM", "event_types": ["*"], **values}
    return webhooks.create_endpoint(values=wanted, by=SYSTEM, now=timezone.now()).endpoint


def make_delivery(endpoint: WebhookEndpoint, status: int = 500) -> WebhookDelivery:
    """A test of the endpoint that was answered with this status."""
    now = timezone.now()
    made = webhooks.send_test(endpoint=endpoint, by=SYSTEM, now=now)
    answered = Outcome(
        endpoint.pk, made.pk, made.order_key, 1, 1, now, now, status=status, latency_ms=120, answer="upstream error"
    )
    record_outcomes(outcomes=[answered], now=now)
    made.refresh_from_db()
    return made


def webhook_example() -> dict[str, str]:
    """The address of an endpoint with deliveries."""
    endpoint = make_webhook()
    make_delivery(endpoint, status=200)
    make_delivery(endpoint)
    return {"public_id": endpoint.public_id}


def delivery_example() -> dict[str, str]:
    """The address of a delivery that failed."""
    endpoint = make_webhook()
    return {"public_id": endpoint.public_id, "delivery_id": make_delivery(endpoint).public_id}


def make_sink(kind: str = "kafka", start: str = sinks.NOW, client: str = "", **values: Any) -> LogSink:
    """A sink that is told everything published."""
    wanted = {"name": "Warehouse", "servers": "kafka.example.com:9093", "destination": "hub.events"}
    wanted |= {"event_types": ["*"], **values}
    now = timezone.now()
    return sinks.create_sink(kind=kind, start=start, values=wanted, client=client, by=SYSTEM, now=now)


def make_kinesis_sink(**values: Any) -> LogSink:
    """A sink that leads to the stream of tests.support.kinesis, by default at Amazon's own endpoint."""
    wanted = {"servers": "", "destination": kinesis.STREAM, "region": kinesis.REGION}
    wanted |= {"username": kinesis.ACCESS_KEY, "password": kinesis.SECRET, **values}
    return make_sink("kinesis", **wanted)


def sink_example() -> dict[str, str]:
    """The address of a sink."""
    return {"public_id": make_sink().public_id}
