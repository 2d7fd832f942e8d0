"""/automations: writing them, putting people in, and what became of whom. Publishing is for people, in the console."""

from collections.abc import Callable, Iterable
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django_filters import ChoiceFilter, FilterSet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.bodies import Bodies
from campaigns.models import Automation, Run
from campaigns.rules.automations.schema import published
from campaigns.rules.automations.states import AutomationState, RunState
from campaigns.selectors.automations.answers import automation_answer, run_answer
from campaigns.selectors.automations.listing import (
    current_versions,
    find_automation,
    find_run,
    list_automations,
    list_runs,
    records_of,
    under_way,
)
from campaigns.services.automations.definitions import (
    archive_automation,
    change_automation,
    define_automation,
    pause_automation,
    resume_automation,
)
from campaigns.services.automations.entering import enrol
from core.api.conditional import etag_of
from core.api.gpc import Name, names_in
from core.api.views import ApiViewSet
from core.errors import InvalidInput
from customers.selectors.customers import find_customer


class AutomationDraftSerializer(serializers.Serializer[object]):
    """A version that was not published yet."""

    version = serializers.IntegerField()
    graph = serializers.DictField()


class AutomationSerializer(serializers.Serializer[object]):
    """An automation, with how many people are under way in it."""

    id = serializers.CharField()
    name = serializers.CharField()
    goal = serializers.CharField()
    purpose = serializers.CharField(allow_null=True)
    state = serializers.ChoiceField(choices=AutomationState.values)
    owner = serializers.CharField()
    version = serializers.IntegerField(allow_null=True, help_text="Number of the live version.")
    graph = serializers.DictField(allow_null=True, help_text="What the live version does.")
    draft = AutomationDraftSerializer(allow_null=True)
    under_way = serializers.IntegerField()
    stopped = serializers.IntegerField(help_text="People at a step that failed.")
    started_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class AutomationChangeSerializer(serializers.Serializer[object]):
    """Name and goal change at once; a graph goes into the draft."""

    name = serializers.CharField(max_length=120, required=False)
    goal = serializers.CharField(max_length=300, required=False, allow_blank=True)
    purpose = serializers.CharField(required=False, allow_null=True, help_text="Key of a purpose for marketing e-mail.")
    graph = serializers.DictField(required=False, help_text="As `GET /automations/schema` says.")


class AutomationInputSerializer(AutomationChangeSerializer):
    """A new automation; `name` and `graph` are needed."""

    name = serializers.CharField(max_length=120)
    graph = serializers.DictField(help_text="As `GET /automations/schema` says.")


class EnrolSerializer(serializers.Serializer[object]):
    """Who comes in, and what about."""

    customer = serializers.CharField(help_text="Id of a customer.")
    ref = serializers.CharField(max_length=100, help_text="The same reference again answers the run that it began.")
    key = serializers.CharField(max_length=200, required=False, help_text="What it is about, for steps that wait.")


class StepRecordSerializer(serializers.Serializer[object]):
    """What happened at a step, and why."""

    number = serializers.IntegerField()
    step = serializers.CharField()
    outcome = serializers.CharField()
    words = serializers.CharField()
    details = serializers.DictField()
    at = serializers.DateTimeField()


class AutomationRunSerializer(serializers.Serializer[object]):
    """One person's way through an automation."""

    id = serializers.CharField()
    customer = serializers.CharField(allow_null=True, help_text="null: erased since.")
    version = serializers.IntegerField()
    state = serializers.ChoiceField(choices=RunState.values)
    step = serializers.CharField()
    key = serializers.CharField()
    entered_at = serializers.DateTimeField()
    next_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    ending = serializers.CharField()
    ending_words = serializers.CharField()
    trouble = serializers.CharField()
    history = StepRecordSerializer(many=True, required=False, help_text="When one run is read.")


class AutomationFilter(FilterSet):  # type: ignore[misc]
    """What automations can be narrowed by."""

    state = ChoiceFilter(choices=AutomationState.choices)


class RunFilter(FilterSet):  # type: ignore[misc]
    """What runs can be narrowed by."""

    state = ChoiceFilter(choices=RunState.choices)


class AutomationViewSet(Bodies, ApiViewSet):
    """/api/v1/automations and /api/v1/automations/{automation_id}."""

    scopes = {
        **dict.fromkeys(("list", "retrieve", "graph_schema"), "campaigns:read"),
        **dict.fromkeys(("create", "partial_update", "pause", "resume", "archive", "enrol"), "campaigns:write"),
    }
    tag = "Automations"
    queryset = Automation.objects.all()
    serializer_class = AutomationSerializer
    filterset_class = AutomationFilter

    def people_in_body(self, request: Request) -> Iterable[Name]:
        """Who is put in."""
        return names_in(request.data, ("customer",))

    @extend_schema(responses=AutomationSerializer(many=True))
    def list(self, request: Request) -> Response:
        """List automations.

        Newest first; archived ones when `state` asks for them.
        """
        archived = request._request.GET.get("state") == AutomationState.ARCHIVED
        rows = list_automations(include_archived=archived)
        page = self.list_page(rows, filterset=AutomationFilter, now=timezone.now())
        return self.page_response(page, answers(page.rows))

    @extend_schema(request=AutomationInputSerializer, responses={201: AutomationSerializer})
    def create(self, request: Request) -> Response:
        """Write a new automation.

        A draft: it does nothing before it is published in the console, by somebody else when it sends messages.
        """
        self.only()
        automation = define_automation(values=self.body(), by=self.actor, now=timezone.now())
        return self._answer(automation, status=201, location=True)

    @extend_schema(operation_id="getAutomationSchema", responses=OpenApiTypes.OBJECT)
    def graph_schema(self, request: Request) -> Response:
        """Read the JSON Schema of graphs.

        Draft 2020-12. Beyond it a graph is checked for steps nobody reaches, rings without a wait, and missing words
        when it is published.
        """
        self.only()
        return Response(published())

    @extend_schema(responses=AutomationSerializer)
    def retrieve(self, request: Request, automation_id: str) -> Response:
        """Read an automation.

        With the graphs of its live version and of its draft.
        """
        self.only()
        automation = find_automation(automation_id)
        return Response(answers([automation])[0], headers={"ETag": etag_for(automation)})

    @extend_schema(request=AutomationChangeSerializer, responses=AutomationSerializer)
    def partial_update(self, request: Request, automation_id: str) -> Response:
        """Change an automation.

        Another graph goes into its draft; what is live stays as it was published.
        """
        self.only()
        automation = find_automation(automation_id)
        self.check_unchanged(etag_for(automation))
        values = self.body()
        return self._answer(change_automation(automation=automation, values=values, by=self.actor, now=timezone.now()))

    @extend_schema(operation_id="pauseAutomation", request=None, responses=AutomationSerializer)
    def pause(self, request: Request, automation_id: str) -> Response:
        """Pause an automation.

        Nobody comes in, nobody moves on, none of its messages leaves.
        """
        return self._step(automation_id, pause_automation)

    @extend_schema(operation_id="resumeAutomation", request=None, responses=AutomationSerializer)
    def resume(self, request: Request, automation_id: str) -> Response:
        """Let a paused automation go on."""
        return self._step(automation_id, resume_automation)

    @extend_schema(operation_id="archiveAutomation", request=None, responses=AutomationSerializer)
    def archive(self, request: Request, automation_id: str) -> Response:
        """Put an automation away.

        Over for everybody who is under way; messages that wait are not sent.
        """
        return self._step(automation_id, archive_automation)

    @extend_schema(operation_id="enrolCustomer", request=EnrolSerializer, responses={201: AutomationRunSerializer})
    def enrol(self, request: Request, automation_id: str) -> Response:
        """Put a customer into an automation.

        Refused unless it is active, and when its policy lets her in no more (409).
        """
        self.only()
        body = self.body()
        for name in ("customer", "ref"):
            if not isinstance(body.get(name), str) or not body[name]:
                raise InvalidInput(f"Missing required field '{name}'", code="missing_field", param=name)
        if strange := sorted(set(body) - {"customer", "ref", "key"}):
            raise InvalidInput(f"Unknown parameter '{strange[0]}'", code="unknown_parameter", param=strange[0][:120])
        if not isinstance(body.get("key", ""), str):
            raise InvalidInput("Invalid 'key': send a text of at most 200 characters.", param="key")
        run = enrol(
            automation=find_automation(automation_id),
            customer=find_customer(reference=body["customer"]),
            ref=body["ref"],
            key=body.get("key", ""),
            by=self.actor,
            now=timezone.now(),
        )
        return Response(run_answer(run, records_of(run)), status=201)

    def _step(self, automation_id: str, step: Callable[..., Automation]) -> Response:
        self.only()
        return self._answer(step(automation=find_automation(automation_id), by=self.actor, now=timezone.now()))

    def _answer(self, automation: Automation, status: int = 200, location: bool = False) -> Response:
        headers = {"ETag": etag_for(automation)}
        if location:
            headers["Location"] = f"/api/v1/automations/{automation.public_id}"
        return Response(answers([automation])[0], status=status, headers=headers)


class RunViewSet(ApiViewSet):
    """/api/v1/automations/{automation_id}/runs."""

    scopes = {"list": "campaigns:read", "retrieve": "campaigns:read"}
    tag = "Automations"
    queryset = Run.objects.all()
    serializer_class = AutomationRunSerializer
    filterset_class = RunFilter
    sort_fields = ("id",)
    default_sort = "-id"

    @extend_schema(operation_id="listAutomationRuns", responses=AutomationRunSerializer(many=True))
    def list(self, request: Request, automation_id: str) -> HttpResponse:  # type: ignore[override]
        """List who came into an automation.

        Newest first.
        """
        rows = list_runs(find_automation(automation_id))
        page = self.list_page(rows, filterset=RunFilter, now=timezone.now())
        return self.page_response(page, [run_answer(row) for row in page.rows])

    @extend_schema(operation_id="getAutomationRun", responses=AutomationRunSerializer)
    def retrieve(self, request: Request, automation_id: str, run_id: str) -> Response:
        """Read one person's way.

        With every step and why it went so.
        """
        self.only()
        run = find_run(find_automation(automation_id), run_id)
        return Response(run_answer(run, records_of(run)))


def answers(automations: Iterable[Automation]) -> Any:
    """These automations with their versions and people; two queries."""
    rows = [*automations]
    versions, people = current_versions(rows), under_way(rows)
    return [automation_answer(row, versions.get(row.pk, {}), people.get(row.pk, {})) for row in rows]


def etag_for(automation: Automation) -> str:
    """Changes with the draft and with its state."""
    return etag_of(automation.public_id, automation.state, automation.updated_at)
