"""/webhooks: endpoints of the calling client, what was delivered to them, and sending again."""

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django_filters import ChoiceFilter, FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.conditional import etag_of
from core.api.views import ApiView, ApiViewSet, ScopedView
from core.errors import InvalidInput
from customers.rules.instants import read_instant
from integrations.api.webhook_serializers import (
    EndpointChangeSerializer,
    EndpointInputSerializer,
    EndpointSerializer,
    EventTypesSerializer,
    NewEndpointSerializer,
    ReplayInputSerializer,
    ReplaySerializer,
    SecretSerializer,
    WebhookDeliveryDetailSerializer,
    WebhookDeliverySerializer,
)
from integrations.models import DeliveryState, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from integrations.rules.event_catalogue import EVENT_TYPES
from integrations.selectors.webhooks import (
    find_delivery,
    find_endpoint,
    list_attempts,
    list_deliveries,
    list_endpoints,
)
from integrations.services import webhook_replay, webhooks

MANAGE = "webhooks:manage"
_SHOWN = (
    "url",
    "description",
    "event_types",
    "filters",
    "payload",
    "format",
    "payload_version",
    "purpose",
    "keep_order",
    "parallel",
    "processor",
    "state",
    "state_reason",
    "failing_since",
    "last_success_at",
    "last_failure_at",
    "last_error",
    "secret_at",
    "old_secret_until",
    "created_at",
    "updated_at",
)


class _Own(ScopedView):
    """Addresses about endpoints of the calling client; those of others do not exist for it."""

    abstract = True
    tag = "Webhooks"

    def endpoint(self, endpoint_id: str) -> WebhookEndpoint:
        """The endpoint of the address."""
        return find_endpoint(public_id=endpoint_id, client=self.credential.client_id)

    def body(self) -> dict[str, Any]:
        """The JSON object sent."""
        data = self.request.data
        if not isinstance(data, dict):
            raise InvalidInput("The body must be a JSON object.", code="malformed_json")
        return dict(data)


class WebhookViewSet(_Own, ApiViewSet):
    """/api/v1/webhooks and /api/v1/webhooks/{endpoint_id}."""

    scopes = dict.fromkeys(
        ("list", "create", "retrieve", "partial_update", "destroy", "rotate", "test", "pause", "enable", "recover"),
        MANAGE,
    )
    queryset = WebhookEndpoint.objects.all()
    serializer_class = EndpointSerializer
    sort_fields = ("created_at",)

    @extend_schema(responses=EndpointSerializer(many=True))
    def list(self, request: Request) -> Response:
        """List the endpoints of this client."""
        rows = list_endpoints(client=self.credential.client_id)
        page = self.list_page(rows, filterset=None, now=timezone.now())
        return self.page_response(page, [_endpoint(row) for row in page.rows])

    @extend_schema(request=EndpointInputSerializer, responses={201: NewEndpointSerializer})
    def create(self, request: Request) -> Response:
        """Set up an endpoint.

        It is told about events from now on. The secret that signs is answered once.
        """
        self.only()
        made = webhooks.create_endpoint(
            values=self.body(), client=self.credential.client_id, by=self.actor, now=timezone.now()
        )
        answer = _endpoint(made.endpoint) | {"secret": made.secret}
        address = f"/api/v1/webhooks/{made.endpoint.public_id}"
        return Response(answer, status=201, headers={"Location": address, "Cache-Control": "no-store"})

    @extend_schema(responses=EndpointSerializer)
    def retrieve(self, request: Request, endpoint_id: str) -> Response:
        """Read an endpoint and how it does."""
        self.only()
        row = self.endpoint(endpoint_id)
        return self.tagged(_endpoint(row), _tag(row))

    @extend_schema(request=EndpointChangeSerializer, responses=EndpointSerializer)
    def partial_update(self, request: Request, endpoint_id: str) -> Response:
        """Change an endpoint."""
        self.only()
        row = self.endpoint(endpoint_id)
        self.check_unchanged(_tag(row))
        row = webhooks.change_endpoint(endpoint=row, values=self.body(), by=self.actor, now=timezone.now())
        return self.tagged(_endpoint(row), _tag(row))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, endpoint_id: str) -> Response:
        """Remove an endpoint with the log of its deliveries."""
        self.only()
        row = self.endpoint(endpoint_id)
        self.check_unchanged(_tag(row))
        webhooks.remove_endpoint(endpoint=row, by=self.actor, now=timezone.now())
        return Response(status=204)

    @extend_schema(operation_id="rotateWebhookSecret", request=None, responses=SecretSerializer)
    def rotate(self, request: Request, endpoint_id: str) -> Response:
        """Rotate the secret.

        For a day both sign, each delivery carries two signatures. The new one is answered once.
        """
        self.only()
        row = self.endpoint(endpoint_id)
        secret = webhooks.rotate_signing_secret(endpoint=row, by=self.actor, now=timezone.now())
        until = self.endpoint(endpoint_id).old_secret_until
        return Response({"secret": secret, "old_secret_until": until}, headers={"Cache-Control": "no-store"})

    @extend_schema(operation_id="testWebhook", request=None, responses={202: WebhookDeliverySerializer})
    def test(self, request: Request, endpoint_id: str) -> Response:
        """Send a test.

        A `ping` to this endpoint alone; its delivery tells what came of it.
        """
        self.only()
        made = webhooks.send_test(endpoint=self.endpoint(endpoint_id), by=self.actor, now=timezone.now())
        address = f"/api/v1/webhooks/{endpoint_id}/deliveries/{made.public_id}"
        return Response(_delivery(made), status=202, headers={"Location": address})

    @extend_schema(operation_id="pauseWebhook", request=None, responses=EndpointSerializer)
    def pause(self, request: Request, endpoint_id: str) -> Response:
        """Pause an endpoint.

        Nothing is sent or queued; `recover` sends later what it missed.
        """
        self.only()
        row = webhooks.pause_endpoint(endpoint=self.endpoint(endpoint_id), by=self.actor, now=timezone.now())
        return Response(_endpoint(row))

    @extend_schema(operation_id="enableWebhook", request=None, responses=EndpointSerializer)
    def enable(self, request: Request, endpoint_id: str) -> Response:
        """Enable an endpoint that was paused or disabled."""
        self.only()
        row = webhooks.enable_endpoint(endpoint=self.endpoint(endpoint_id), by=self.actor, now=timezone.now())
        return Response(_endpoint(row))

    @extend_schema(operation_id="recoverWebhook", request=ReplayInputSerializer, responses={202: ReplaySerializer})
    def recover(self, request: Request, endpoint_id: str) -> Response:
        """Send again what an endpoint missed since a moment, as a job."""
        self.only()
        body, row = self.body(), self.endpoint(endpoint_id)
        for name in body:
            if name not in ("since", "until", "what"):
                raise InvalidInput(f"Unknown parameter '{name}'", code="unknown_parameter", param=str(name)[:60])
        if "since" not in body:
            raise InvalidInput("Missing required field 'since'", code="missing_field", param="since")
        job = webhook_replay.start_replay(
            endpoint=row,
            since=read_instant("since", str(body["since"])),
            until=read_instant("until", str(body["until"])) if "until" in body else None,
            what=body.get("what", webhook_replay.MISSED),
            by=self.actor,
            now=timezone.now(),
        )
        return Response({"job": job.public_id, "state": job.state}, status=202)


class DeliveryFilter(FilterSet):  # type: ignore[misc]
    """What deliveries can be narrowed by."""

    state = ChoiceFilter(choices=DeliveryState.choices)
    type = ChoiceFilter(field_name="event_type", choices=[(name, name) for name in EVENT_TYPES])


class WebhookDeliveryViewSet(_Own, ApiViewSet):
    """/api/v1/webhooks/{endpoint_id}/deliveries."""

    scopes = dict.fromkeys(("list", "retrieve", "retry"), MANAGE)
    queryset = WebhookDelivery.objects.all()
    serializer_class = WebhookDeliverySerializer
    filterset_class = DeliveryFilter
    sort_fields = ("id",)
    default_sort = "-id"

    @extend_schema(operation_id="listWebhookDeliveries", responses=WebhookDeliverySerializer(many=True))
    def list(self, request: Request, endpoint_id: str) -> HttpResponse:  # type: ignore[override]
        """List what was or will be delivered, the newest first."""
        rows = list_deliveries(endpoint=self.endpoint(endpoint_id))
        page = self.list_page(rows, filterset=DeliveryFilter, now=timezone.now())
        return self.page_response(page, [_delivery(row) for row in page.rows])

    @extend_schema(operation_id="getWebhookDelivery", responses=WebhookDeliveryDetailSerializer)
    def retrieve(self, request: Request, endpoint_id: str, delivery_id: str) -> Response:
        """Read a delivery with its attempts; by its own id or that of the message or event."""
        self.only()
        row = find_delivery(endpoint=self.endpoint(endpoint_id), public_id=delivery_id)
        return Response(_delivery(row) | {"log": [_attempt(one) for one in list_attempts(delivery=row)]})

    @extend_schema(operation_id="retryWebhookDelivery", request=None, responses={202: WebhookDeliverySerializer})
    def retry(self, request: Request, endpoint_id: str, delivery_id: str) -> Response:
        """Send a delivery again, under the same id."""
        self.only()
        row = find_delivery(endpoint=self.endpoint(endpoint_id), public_id=delivery_id)
        row = webhook_replay.replay_delivery(delivery=row, by=self.actor, now=timezone.now())
        return Response(_delivery(row), status=202)


class WebhookEventTypes(ApiView):
    """GET /api/v1/webhooks/event-types."""

    scopes = {"get": MANAGE}

    @extend_schema(
        operation_id="listWebhookEventTypes",
        summary="Types of events",
        responses=EventTypesSerializer,
        tags=["Webhooks"],
    )
    def get(self, request: Request) -> Response:
        """Every type that an endpoint can ask for, by name."""
        self.only()
        rows = EVENT_TYPES.values()
        found = [{"name": t.name, "meaning": t.meaning, "must_reach": t.must_reach} for t in rows]
        return Response({"data": found})


def _endpoint(row: WebhookEndpoint) -> dict[str, Any]:
    return {"id": row.public_id} | {name: getattr(row, name) for name in _SHOWN}


def _tag(row: WebhookEndpoint) -> str:
    return etag_of(*_endpoint(row).values())


def _delivery(row: WebhookDelivery) -> dict[str, Any]:
    waits = row.state == DeliveryState.WAITING
    return {
        "id": row.public_id,
        "message_id": row.message_id,
        "event_id": f"evt_{row.message_id.removeprefix('msg_')}",
        "type": row.event_type,
        "subject": row.order_key,
        "state": row.state,
        "attempts": row.attempts,
        "status": row.status,
        "error": row.error,
        "latency_ms": row.latency_ms,
        "next_attempt_at": row.due_at if waits else None,
        "happened_at": row.happened_at,
        "ended_at": row.ended_at,
    }


def _attempt(row: WebhookAttempt) -> dict[str, Any]:
    names = ("at", "number", "round", "status", "error", "latency_ms", "answer")
    return {name: getattr(row, name) for name in names}
