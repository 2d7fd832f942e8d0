"""Steering the sandbox with test credentials: its clock, a reset, mock data, events on request, messages it kept."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.pagination import whole_number
from core.api.views import ApiView
from core.errors import Forbidden, InvalidInput, NotFound
from core.models import Job
from marketing_hub.sandbox import clock
from marketing_hub.sandbox.drive import KIND, driver
from marketing_hub.sandbox.mock import PEOPLE
from marketing_hub.sandbox.seeding import SEED, ask_seed
from marketing_hub.sandbox.sends import KINDS, list_sends
from marketing_hub.sandbox.triggers import trigger

TAGS = ["Sandbox"]
MANAGE = "sandbox:manage"


class ClockSerializer(serializers.Serializer[Any]):
    """The time in the sandbox and outside."""

    now = serializers.DateTimeField(help_text="The time in the sandbox.")
    real_now = serializers.DateTimeField(help_text="The time outside.")
    ahead_seconds = serializers.FloatField(help_text="How far the sandbox is ahead.")


class ClockInputSerializer(serializers.Serializer[Any]):
    """Either of the two."""

    now = serializers.DateTimeField(required=False, help_text="What time it shall be.")
    advance_seconds = serializers.FloatField(required=False, min_value=0, max_value=clock.LONGEST.total_seconds())


class ResetSerializer(serializers.Serializer[Any]):
    """The job that does it."""

    job = serializers.CharField()
    state = serializers.CharField()


class SeedSerializer(ResetSerializer):
    """The job that does it, and how far it is."""

    done = serializers.IntegerField(help_text="Invented people looked at.")
    total = serializers.IntegerField()
    made = serializers.IntegerField(allow_null=True, help_text="How many were missing; null until it is done.")


class TriggerInputSerializer(serializers.Serializer[Any]):
    """What the event is about and says; everything may be left out."""

    subject = serializers.CharField(required=False, max_length=40, help_text="A customer (`cus_...`).")
    data = serializers.DictField(required=False, help_text="Members of its payload.")  # type: ignore[assignment]


class TriggeredSerializer(serializers.Serializer[Any]):
    """The event that happened."""

    id = serializers.CharField(help_text="`evt_...`, as receivers see it.")
    type = serializers.CharField()
    subject = serializers.CharField()


class SendSerializer(serializers.Serializer[Any]):
    """A message that was kept."""

    kind = serializers.ChoiceField(choices=KINDS)
    at = serializers.DateTimeField(help_text="When it was kept, in real time.")
    to = serializers.CharField(help_text="The address it would have gone to.")
    subject = serializers.CharField(help_text="The subject of a mail, the `webhook-id` of a webhook.")
    headers = serializers.DictField(child=serializers.CharField(), help_text="With signatures, as it would have left.")
    body = serializers.CharField()


class SendsSerializer(serializers.Serializer[Any]):
    """The newest first."""

    data = SendSerializer(many=True)  # type: ignore[assignment]


class SandboxView(ApiView):
    """What only the sandbox answers; the live product refuses it (403 `environment_mismatch`)."""

    abstract = True

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse where live data is."""
        super().initial(request, *args, **kwargs)
        if not settings.SANDBOX:
            message = "This is for test credentials: the live product has no clock to set, no reset and no mock data."
            raise Forbidden(message, code="environment_mismatch")


class SandboxClock(SandboxView):
    """GET, PUT /api/v1/sandbox/clock."""

    scopes = {"get": MANAGE, "put": MANAGE}

    @extend_schema(operation_id="getSandboxClock", summary="Time in the sandbox", responses=ClockSerializer, tags=TAGS)
    def get(self, request: Request) -> Response:
        """What time it is in the sandbox."""
        self.only()
        return self._shown()

    @extend_schema(
        operation_id="setSandboxClock",
        summary="Put the sandbox's clock forward",
        request=ClockInputSerializer,
        responses=ClockSerializer,
        tags=TAGS,
    )
    def put(self, request: Request) -> Response:
        """Forward only. What falls due by then (the timetable, waits of automations, ends of consents) is done, at the
        new time, before the answer. A reset sets the clock right.
        """
        asked = ClockInputSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        if len(values) != 1:
            raise InvalidInput("Send 'now' or 'advance_seconds'.", code="missing_field", param="now")
        by = timedelta(seconds=values.get("advance_seconds", 0))
        clock.put_forward(to=values.get("now") or clock.real_now() + clock.read() + by)
        if not connection.in_atomic_block:
            driver().turn()
        return self._shown()

    def _shown(self) -> Response:
        ahead, real = clock.read(), clock.real_now()
        answer = {"now": real + ahead, "real_now": real, "ahead_seconds": ahead.total_seconds()}
        return Response(ClockSerializer(answer).data)


class SandboxReset(SandboxView):
    """GET, POST /api/v1/sandbox/reset."""

    scopes = {"get": MANAGE, "post": MANAGE}

    @extend_schema(operation_id="getSandboxReset", summary="The last reset", responses=ResetSerializer, tags=TAGS)
    def get(self, request: Request) -> Response:
        """How the last reset stands: `queued`, `running`, `succeeded`; 404 when there was none."""
        self.only()
        job = Job.objects.filter(kind=KIND).order_by("-id").first()
        if job is None:
            raise NotFound("The sandbox was never reset by a call.")
        return Response({"job": job.public_id, "state": job.state})

    @extend_schema(
        operation_id="resetSandbox",
        summary="Reset the sandbox",
        request=None,
        responses={202: ResetSerializer},
        tags=TAGS,
    )
    def post(self, request: Request) -> Response:
        """A job brings back the mock data and the real time; clients and keys stay, access tokens and kept messages do
        not. All test clients share one sandbox. Calls under way meanwhile may fail.
        """
        job = driver().ask_reset(by=self.actor, now=timezone.now())
        return Response({"job": job.public_id, "state": job.state}, status=202)


class SandboxSeed(SandboxView):
    """GET, POST /api/v1/sandbox/seed."""

    scopes = {"get": MANAGE, "post": MANAGE}

    @extend_schema(operation_id="getSandboxSeed", summary="The last seeding", responses=SeedSerializer, tags=TAGS)
    def get(self, request: Request) -> Response:
        """How far the last seeding is: `queued`, `running`, `succeeded`; 404 when there was none."""
        self.only()
        job = Job.objects.filter(kind=SEED).order_by("-id").first()
        if job is None:
            raise NotFound("The sandbox was never seeded by a call.")
        return Response(_seeding(job))

    @extend_schema(
        operation_id="seedSandbox",
        summary="Fill the sandbox",
        request=None,
        responses={202: SeedSerializer},
        tags=TAGS,
    )
    def post(self, request: Request) -> Response:
        """A job puts in what is missing of the mock data, and clears nothing: whoever is there stays as she is, also
        when she was changed, and nobody comes back who was erased. Twice is the same as once.
        """
        self.only()
        return Response(_seeding(ask_seed(by=self.actor, now=timezone.now())), status=202)


def _seeding(job: Job) -> dict[str, Any]:
    counts = {"done": job.done, "total": job.total or PEOPLE, "made": job.result.get("made")}
    return {"job": job.public_id, "state": job.state, **counts}


class SandboxTrigger(SandboxView):
    """POST /api/v1/sandbox/trigger/{event_type}."""

    scopes = {"post": MANAGE}

    @extend_schema(
        operation_id="triggerSandboxEvent",
        summary="Make an event happen",
        request=TriggerInputSerializer,
        responses={202: TriggeredSerializer},
        tags=TAGS,
    )
    def post(self, request: Request, event_type: str) -> Response:
        """The event goes to the log, to webhooks that asked for it and to the feeds; nothing else changes."""
        asked = TriggerInputSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        row = trigger(
            event_type=event_type,
            subject=asked.validated_data.get("subject", ""),
            data=asked.validated_data.get("data", {}),
            by=self.actor,
        )
        driver().wake()
        answer = {"id": f"evt_{row.message_id.removeprefix('msg_')}", "type": row.topic, "subject": row.subject}
        return Response(answer, status=202)


class SandboxSends(SandboxView):
    """GET /api/v1/sandbox/sends."""

    scopes = {"get": MANAGE}

    @extend_schema(
        operation_id="listSandboxSends",
        summary="Messages that were kept",
        parameters=[
            OpenApiParameter(
                "kind", {"type": "string", "enum": list(KINDS)}, description="Only e-mail, or only webhooks."
            ),
            OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}),
        ],
        responses=SendsSerializer,
        tags=TAGS,
    )
    def get(self, request: Request) -> Response:
        """E-mail and signed webhooks that would have left, the newest first."""
        self.only("kind", "limit")
        kind = request.query_params.get("kind", "")
        if kind not in ("", *KINDS):
            raise InvalidInput("Invalid 'kind'", param="kind")
        found = list_sends(kind=kind, limit=whole_number(request._request, "limit", 50, 1, 200))
        return Response(SendsSerializer({"data": found}).data)
