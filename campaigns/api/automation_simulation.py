"""/automations/{automation_id}/simulation: what the last 30 days would have led to, without doing anything."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.selectors.automations.listing import find_automation
from campaigns.selectors.automations.simulations import last_simulation, simulation_answer
from campaigns.services.automations.simulating import start_simulation
from core.api.views import ApiView
from core.errors import NotFound
from core.models.jobs import JobState


class SimulationResultSerializer(serializers.Serializer[object]):
    """What would have happened."""

    version = serializers.IntegerField()
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    people = serializers.IntegerField(help_text="People whose 30 days were played.")
    entered = serializers.IntegerField(help_text="Times that somebody would have come in.")
    kept_out = serializers.DictField(child=serializers.IntegerField(), help_text="By reason of the re-entry policy.")
    would_send = serializers.IntegerField(help_text="Messages that consent and suppression of now would let go.")
    refused = serializers.DictField(child=serializers.IntegerField(), help_text="Messages not sent, by reason.")
    steps = serializers.DictField(
        child=serializers.DictField(child=serializers.IntegerField()),
        help_text="By step: how many `reached` it, and how it went.",
    )
    ends = serializers.DictField(child=serializers.IntegerField(), help_text="How ways ended; `under_way` at the end.")


class SimulationSerializer(serializers.Serializer[object]):
    """The simulation that was started last."""

    job = serializers.CharField()
    state = serializers.ChoiceField(choices=JobState.values)
    done = serializers.IntegerField(help_text="People played so far.")
    total = serializers.IntegerField(allow_null=True)
    error = serializers.CharField(allow_blank=True)
    result = SimulationResultSerializer(allow_null=True)


class AutomationSimulation(ApiView):
    """GET and POST /api/v1/automations/{automation_id}/simulation."""

    scopes = {"get": "campaigns:read", "post": "campaigns:write"}
    tag = "Automations"

    @extend_schema(operation_id="getAutomationSimulation", responses=SimulationSerializer)
    def get(self, request: Request, automation_id: str) -> Response:
        """Read the simulation that was started last.

        404 when the automation was not tried yet.
        """
        self.only()
        job = last_simulation(find_automation(automation_id))
        if job is None:
            raise NotFound("This automation was not tried yet.")
        return Response(simulation_answer(job))

    @extend_schema(operation_id="simulateAutomation", request=None, responses={202: SimulationSerializer})
    def post(self, request: Request, automation_id: str) -> Response:
        """Try an automation on the last 30 days.

        The draft, or what is live when there is none. What people did then is played through the graph with the
        consent, holdout and rules of now. Nothing is done to anybody. Refused (409) while another one is under way.
        """
        self.only()
        job = start_simulation(automation=find_automation(automation_id), by=self.actor, now=timezone.now())
        return Response(simulation_answer(job), status=202)
