"""/experiments: writing, running and deciding them, their results, what was shown elsewhere, and the calculator."""

import math
from collections.abc import Callable
from typing import Any, Final

from django.utils import timezone
from django_filters import ChoiceFilter, FilterSet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.bodies import Bodies
from campaigns.api.counting import ExperimentCountSerializer, job_answer
from campaigns.api.experiment_serializers import (
    ExperimentChangeSerializer,
    ExperimentInputSerializer,
    ExperimentResultsSerializer,
    ExperimentSerializer,
    PlanSerializer,
    RecordedExposuresSerializer,
    SightingsInputSerializer,
    WinnerInputSerializer,
)
from campaigns.models import Experiment
from campaigns.rules.experiments import ExperimentState
from campaigns.selectors.experiment_answers import (
    experiment_answer,
    plan_answer,
    results_answer,
)
from campaigns.selectors.experiments import find_experiment, list_experiments
from campaigns.selectors.planning import Question, plan
from campaigns.services.experiments import (
    ask_figures,
    change_experiment,
    declare_winner,
    define_experiment,
    start_experiment,
    stop_experiment,
)
from campaigns.services.exposures import MOST_ROWS, Sighting, record_sightings
from core.api.gpc import Name, names_in
from core.api.views import ApiView, ApiViewSet
from core.errors import InvalidInput
from customers.rules.instants import read_instant

_STEPS: Final = ("create", "partial_update", "start", "stop", "count", "winner")


class ExperimentFilter(FilterSet):  # type: ignore[misc]
    """What experiments can be narrowed by."""

    state = ChoiceFilter(choices=ExperimentState.choices)


class ExperimentViewSet(Bodies, ApiViewSet):
    """/api/v1/experiments and /api/v1/experiments/{experiment}; {experiment} is `xpr_...` or a key."""

    scopes = {
        **dict.fromkeys(("list", "retrieve", "results"), "experiments:read"),
        **dict.fromkeys(_STEPS, "experiments:write"),
    }
    tag = "Experiments"
    queryset = Experiment.objects.all()
    serializer_class = ExperimentSerializer
    filterset_class = ExperimentFilter

    @extend_schema(responses=ExperimentSerializer(many=True))
    def list(self, request: Request) -> Response:
        """List experiments."""
        page = self.list_page(list_experiments(), filterset=ExperimentFilter, now=timezone.now())
        return self.page_response(page, [experiment_answer(row) for row in page.rows])

    @extend_schema(request=ExperimentInputSerializer, responses={201: ExperimentSerializer})
    def create(self, request: Request) -> Response:
        """Write a new experiment.

        A draft; the first variant is the control.
        """
        self.only()
        found = define_experiment(values=self.body(), by=self.actor, now=timezone.now())
        address = f"/api/v1/experiments/{found.public_id}"
        return Response(experiment_answer(found), status=201, headers={"Location": address})

    @extend_schema(responses=ExperimentSerializer)
    def retrieve(self, request: Request, experiment: str) -> Response:
        """Read an experiment."""
        self.only()
        return Response(experiment_answer(find_experiment(experiment)))

    @extend_schema(request=ExperimentChangeSerializer, responses=ExperimentSerializer)
    def partial_update(self, request: Request, experiment: str) -> Response:
        """Change an experiment.

        Once it was started, only its name and hypothesis.
        """
        return self._step(experiment, change_experiment, values=self.body())

    @extend_schema(operation_id="startExperiment", request=None, responses=ExperimentSerializer)
    def start(self, request: Request, experiment: str) -> Response:
        """Start an experiment."""
        return self._step(experiment, start_experiment)

    @extend_schema(operation_id="stopExperiment", request=None, responses=ExperimentSerializer)
    def stop(self, request: Request, experiment: str) -> Response:
        """Stop an experiment for good.

        Everybody is shown the control until a winner is declared.
        """
        return self._step(experiment, stop_experiment)

    @extend_schema(operation_id="declareWinner", request=WinnerInputSerializer, responses=ExperimentSerializer)
    def winner(self, request: Request, experiment: str) -> Response:
        """Declare the winner.

        Refused while the groups do not have the sizes that were planned; a variant that the figures do not bear out
        needs a reason.
        """
        body = self.body("variant", "reason")
        for name, value in {"variant": "", **body}.items():
            if not isinstance(value, str) or len(value) > 300 or (name == "variant" and not value):
                raise InvalidInput(f"Invalid '{name}'", param=name)
        return self._step(experiment, declare_winner, **body)

    @extend_schema(
        operation_id="countExperiment",
        request=None,
        responses={200: ExperimentResultsSerializer, 202: ExperimentCountSerializer},
    )
    def count(self, request: Request, experiment: str) -> Response:
        """Count the figures of this moment.

        They are every quarter of an hour anyway. With 50,000 people and more a job counts them: 202, and the results
        have a newer `counted_at` when it is done.
        """
        self.only()
        found = find_experiment(experiment)
        job = ask_figures(experiment=found, by=self.actor, now=timezone.now())
        if job is not None:
            return Response({"experiment": found.public_id, "job": job_answer(job)}, status=202)
        return Response(results_answer(find_experiment(experiment)))

    @extend_schema(operation_id="getExperimentResults", responses=ExperimentResultsSerializer)
    def results(self, request: Request, experiment: str) -> Response:
        """Read the results.

        Every comparison with its interval, the checks of the groups, and what may be said, as of `counted_at`.
        """
        self.only()
        return Response(results_answer(find_experiment(experiment)))

    def _step(self, reference: str, step: Callable[..., Experiment], **more: Any) -> Response:
        self.only()
        found = find_experiment(reference)
        return Response(experiment_answer(step(experiment=found, by=self.actor, now=timezone.now(), **more)))


class RecordShown(Bodies, ApiView):
    """POST /api/v1/experiments/{experiment}/exposures."""

    scopes = {"post": "experiments:write"}
    tag = "Experiments"

    def people_in_body(self, request: Request) -> list[Name]:
        """Who was shown something."""
        data = request.data
        return names_in(data.get("exposures"), ("userId",)) if isinstance(data, dict) else []

    @extend_schema(
        operation_id="recordExposures",
        summary="Report who was shown which variant",
        request=SightingsInputSerializer,
        responses={200: RecordedExposuresSerializer},
    )
    def post(self, request: Request, experiment: str) -> Response:
        """For experiments that another system draws; the same report again changes nothing."""
        self.only()
        seen = self.body("exposures").get("exposures")
        if not isinstance(seen, list) or not 1 <= len(seen) <= MOST_ROWS:
            raise InvalidInput(f"Invalid 'exposures': send 1 to {MOST_ROWS:,} of them.", param="exposures")
        sightings = [_sighting(one, place) for place, one in enumerate(seen)]
        found = find_experiment(experiment)
        done = record_sightings(experiment=found, sightings=sightings, by=self.actor, now=timezone.now())
        names = ("new", "known", "unknown", "not_allowed")
        return Response({name: getattr(done, name) for name in names})


class PlanExperiment(ApiView):
    """GET /api/v1/experiments/plan."""

    scopes = {"get": "experiments:read"}
    tag = "Experiments"

    @extend_schema(
        operation_id="planExperiment",
        summary="How many people does it take?",
        responses=PlanSerializer,
        parameters=[
            OpenApiParameter("baseline", float, required=True, description="Share of the control, or its average."),
            OpenApiParameter("uplift", float, required=True, description="Relative change worth finding: 0.1 is 10 %."),
            OpenApiParameter("deviation", float, description="Standard deviation of an amount; none for a share."),
            OpenApiParameter("power", float, description="Chance to find it; 0.8."),
            OpenApiParameter("level", float, description="Chance of a false alarm; 0.05."),
            OpenApiParameter("groups", int, description="Groups with the control; 2."),
            OpenApiParameter("per_day", int, description="People a day in all."),
            OpenApiParameter("people", int, description="People in each group: what could they show?"),
        ],
    )
    def get(self, request: Request) -> Response:
        """People per group and days for a change worth finding; two-sided z test of shares or t test of amounts."""
        query = request._request.GET
        self.only(*_FLOATS, *_WHOLE)
        values: dict[str, Any] = {}
        for name in ("baseline", "uplift"):
            if name not in query:
                raise InvalidInput(f"Missing required field '{name}'", code="missing_field", param=name)
        for name in query:
            values[name] = _number(name, query[name])
        return Response(plan_answer(plan(Question(**values))))


_FLOATS: Final = ("baseline", "uplift", "deviation", "power", "level")
_WHOLE: Final = ("groups", "per_day", "people")


def _number(name: str, text: str) -> float | int:
    try:
        found = int(text) if name in _WHOLE else float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise InvalidInput(f"Invalid '{name}': send a number.", param=name)
    return found


def _sighting(value: Any, place: int) -> Sighting:
    at = f"exposures[{place}]"
    if not isinstance(value, dict) or set(value) - {"userId", "variant", "at"}:
        raise InvalidInput(f"Invalid '{at}': an exposure has userId, variant and at.", param=at)
    for name in ("userId", "variant", "at"):
        if not isinstance(value.get(name), str) or not 1 <= len(value[name]) <= 255:
            raise InvalidInput(f"Invalid '{name}'", param=f"{at}.{name}")
    return Sighting(
        user=value["userId"], variant=value["variant"], at=read_instant("at", value["at"], param=f"{at}.at")
    )
