"""/automations: writing them and putting people in. Publishing is for people, in the console."""

from collections.abc import Callable, Iterable
from typing import Any

from django.utils import timezone
from django_filters import ChoiceFilter, FilterSet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.automation_runs import AutomationRunSerializer
from campaigns.api.bodies import Bodies
from campaigns.models import Automation
from campaigns.rules.automations.schema import published
from campaigns.rules.automations.states import AutomationState
from campaigns.selectors.automations.answers import automation_answer, run_answer
from campaigns.selectors.automations.listing import (
    current_versions,
    find_automation,
    list_automations,
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


class AutomationFilter(FilterSet):  # type: ignore[misc]
    """What automations can be narrowed by."""

    state = ChoiceFilter(choices=AutomationState.choices)


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


def answers(automations: Iterable[Automation]) -> Any:
    """These automations with their versions and people; two queries."""
    rows = [*automations]
    versions, people = current_versions(rows), under_way(rows)
    return [automation_answer(row, versions.get(row.pk, {}), people.get(row.pk, {})) for row in rows]


def etag_for(automation: Automation) -> str:
    """Changes with the draft and with its state."""
    return etag_of(automation.public_id, automation.state, automation.updated_at)
