"""/sinks: brokers of the calling client into which the log is written."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.conditional import etag_of
from core.api.credentials import require_scope
from core.api.views import ApiViewSet
from core.errors import InvalidInput
from integrations.api.sink_serializers import SinkChangeSerializer, SinkInputSerializer, SinkSerializer
from integrations.models import LogSink
from integrations.rules.streams import ENGAGEMENT
from integrations.selectors.sinks import behind_since, find_sink, list_sinks
from integrations.services import sinks

MANAGE = "sinks:manage"
OF_PEOPLE = "engagement:read"
_SHOWN = (
    "kind",
    "name",
    "servers",
    "destination",
    "routing_key",
    "virtual_host",
    "region",
    "tls",
    "mechanism",
    "username",
    "event_types",
    "filters",
    "payload",
    "purpose",
    "processor",
    "state",
    "state_reason",
    "sent",
    "failures",
    "failing_since",
    "last_success_at",
    "last_failure_at",
    "last_error",
    "created_at",
    "updated_at",
)


class SinkViewSet(ApiViewSet):
    """/api/v1/sinks and /api/v1/sinks/{sink_id}; sinks of others do not exist for a client."""

    scopes = dict.fromkeys(
        ("list", "create", "retrieve", "partial_update", "destroy", "pause", "resume", "test"), MANAGE
    )
    queryset = LogSink.objects.all()
    serializer_class = SinkSerializer
    sort_fields = ("created_at",)
    tag = "Sinks"

    def sink(self, sink_id: str) -> LogSink:
        """The sink of the address."""
        return find_sink(public_id=sink_id, client=self.credential.client_id)

    def body(self) -> dict[str, Any]:
        """The JSON object sent; what people do is for those alone who may read it."""
        data = self.request.data
        if not isinstance(data, dict):
            raise InvalidInput("The body must be a JSON object.", code="malformed_json")
        if ENGAGEMENT in str(data.get("event_types", "")):
            require_scope(self.credential, OF_PEOPLE)
        return dict(data)

    @extend_schema(responses=SinkSerializer(many=True))
    def list(self, request: Request) -> Response:
        """List the sinks of this client."""
        rows = list_sinks(client=self.credential.client_id)
        page = self.list_page(rows, filterset=None, now=timezone.now())
        return self.page_response(page, [_answer(row) for row in page.rows])

    @extend_schema(request=SinkInputSerializer, responses={201: SinkSerializer})
    def create(self, request: Request) -> Response:
        """Set up a sink.

        It is written to from now on, or from the beginning of what the log keeps.
        """
        self.only()
        body = self.body()
        if "kind" not in body:
            raise InvalidInput("Missing required field 'kind'", code="missing_field", param="kind")
        kind, start = body.pop("kind"), body.pop("start", sinks.NOW)
        made = sinks.create_sink(
            kind=kind,
            start=start,
            values=body,
            client=self.credential.client_id,
            by=self.actor,
            now=timezone.now(),
        )
        return Response(_answer(made), status=201, headers={"Location": f"/api/v1/sinks/{made.public_id}"})

    @extend_schema(responses=SinkSerializer)
    def retrieve(self, request: Request, sink_id: str) -> Response:
        """Read a sink and how it does."""
        self.only()
        row = self.sink(sink_id)
        return self.tagged(_answer(row), _tag(row))

    @extend_schema(request=SinkChangeSerializer, responses=SinkSerializer)
    def partial_update(self, request: Request, sink_id: str) -> Response:
        """Change a sink."""
        self.only()
        row = self.sink(sink_id)
        self.check_unchanged(_tag(row))
        row = sinks.change_sink(sink=row, values=self.body(), by=self.actor, now=timezone.now())
        return self.tagged(_answer(row), _tag(row))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, sink_id: str) -> Response:
        """Remove a sink with its credentials and its place."""
        self.only()
        row = self.sink(sink_id)
        self.check_unchanged(_tag(row))
        sinks.remove_sink(sink=row, by=self.actor, now=timezone.now())
        return Response(status=204)

    @extend_schema(operation_id="pauseSink", request=None, responses=SinkSerializer)
    def pause(self, request: Request, sink_id: str) -> Response:
        """Pause a sink.

        Its place stays, for as long as the log is kept.
        """
        self.only()
        return Response(_answer(sinks.pause_sink(sink=self.sink(sink_id), by=self.actor, now=timezone.now())))

    @extend_schema(operation_id="resumeSink", request=None, responses=SinkSerializer)
    def resume(self, request: Request, sink_id: str) -> Response:
        """Let a sink go on where it was."""
        self.only()
        return Response(_answer(sinks.resume_sink(sink=self.sink(sink_id), by=self.actor, now=timezone.now())))

    @extend_schema(operation_id="testSink", request=None, responses={202: SinkSerializer})
    def test(self, request: Request, sink_id: str) -> Response:
        """Send a test.

        A `ping` is written into this sink alone, behind all that waits; `last_success_at` tells that it arrived.
        """
        self.only()
        row = sinks.send_test(sink=self.sink(sink_id), by=self.actor, now=timezone.now())
        return Response(_answer(row), status=202)


def _answer(row: LogSink) -> dict[str, Any]:
    shown = {name: getattr(row, name) for name in _SHOWN}
    return {"id": row.public_id, "behind_since": behind_since(sink=row), **shown}


def _tag(row: LogSink) -> str:
    return etag_of(*_answer(row).values())
