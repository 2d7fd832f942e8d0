"""/automations/{automation_id}/runs: what became of whom, and seeing to those who were stopped."""

from collections.abc import Callable

from django.http import HttpResponse
from django.utils import timezone
from django_filters import ChoiceFilter, FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.models import Run
from campaigns.rules.automations.states import RunState
from campaigns.selectors.automations.answers import run_answer
from campaigns.selectors.automations.listing import find_automation, find_run, list_runs, records_of
from campaigns.services.automations.stopped import remove_run, remove_stopped, restart_run, restart_stopped
from core.api.views import ApiViewSet
from customers.selectors.recipients import check_leaving, rows_leaving


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


class PeopleSerializer(serializers.Serializer[object]):
    """How many people it was done for."""

    people = serializers.IntegerField()


class RunFilter(FilterSet):  # type: ignore[misc]
    """What runs can be narrowed by."""

    state = ChoiceFilter(choices=RunState.choices)


class RunViewSet(ApiViewSet):
    """/api/v1/automations/{automation_id}/runs."""

    scopes = {
        **dict.fromkeys(("list", "retrieve"), "campaigns:read"),
        **dict.fromkeys(("restart", "remove", "restart_stopped", "remove_stopped"), "campaigns:write"),
    }
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
        rows, now = list_runs(find_automation(automation_id)), timezone.now()
        rows = rows_leaving(rows, "customer", recipient=self.credential.client_id, now=now)
        page = self.list_page(rows, filterset=RunFilter, now=now)
        return self.page_response(page, [run_answer(row) for row in page.rows])

    @extend_schema(operation_id="getAutomationRun", responses=AutomationRunSerializer)
    def retrieve(self, request: Request, automation_id: str, run_id: str) -> Response:
        """Read one person's way.

        With every step and why it went so.
        """
        self.only()
        run = self._run(automation_id, run_id)
        return Response(run_answer(run, records_of(run)))

    @extend_schema(operation_id="restartAutomationRun", request=None, responses=AutomationRunSerializer)
    def restart(self, request: Request, automation_id: str, run_id: str) -> Response:
        """Try the failed step of one person again.

        Refused (409) unless she was stopped there.
        """
        return self._seen_to(automation_id, run_id, restart_run)

    @extend_schema(operation_id="removeAutomationRun", request=None, responses=AutomationRunSerializer)
    def remove(self, request: Request, automation_id: str, run_id: str) -> Response:
        """Take one person out of an automation.

        Her way is over at once, and messages of it that wait are not sent.
        """
        return self._seen_to(automation_id, run_id, remove_run)

    @extend_schema(operation_id="restartStoppedRuns", request=None, responses=PeopleSerializer)
    def restart_stopped(self, request: Request, automation_id: str) -> Response:
        """Try the failed steps again of everybody who was stopped.

        At most 5,000 people a call; refused (409) when nobody was stopped.
        """
        self.only()
        automation = find_automation(automation_id)
        return Response({"people": restart_stopped(automation=automation, by=self.actor, now=timezone.now())})

    @extend_schema(operation_id="removeStoppedRuns", request=None, responses=PeopleSerializer)
    def remove_stopped(self, request: Request, automation_id: str) -> Response:
        """Take everybody out who was stopped at a failed step.

        At most 5,000 people a call; refused (409) when nobody was stopped.
        """
        self.only()
        automation = find_automation(automation_id)
        return Response({"people": remove_stopped(automation=automation, by=self.actor, now=timezone.now())})

    def _run(self, automation_id: str, run_id: str) -> Run:
        """The run, of somebody who may be told of."""
        run, client = find_run(find_automation(automation_id), run_id), self.credential.client_id
        check_leaving(client, customer_ids=[run.customer_id] if run.customer_id else [], now=timezone.now())
        return run

    def _seen_to(self, automation_id: str, run_id: str, verb: Callable[..., Run]) -> Response:
        self.only()
        run = self._run(automation_id, run_id)
        verb(run=run, by=self.actor, now=timezone.now())
        fresh = find_run(find_automation(automation_id), run_id)
        return Response(run_answer(fresh, records_of(fresh)))
