"""/score-models and /customers/{id}/scores: by which rules customers get points, what one has, and why."""

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.views import ApiView, ApiViewSet
from customers.api.customers import json_response
from customers.models import ScoreModel, ScoreVersionState
from customers.selectors.customers import find_customer
from customers.selectors.score_answers import model_answer, standing_answer, step_answer
from customers.selectors.scores import find_model, history_of, list_models, newest_versions, standings_of


class ScoreRuleSerializer(serializers.Serializer[object]):
    """One rule: whom it is about and how it gives points."""

    name = serializers.CharField()
    when = serializers.DictField(help_text="A rule of GET /api/v1/segments/schema.")
    words = serializers.CharField(help_text="`when` in plain words.")
    points = serializers.IntegerField()
    each = serializers.BooleanField(help_text="As many times as `when` counts.")
    half_life = serializers.DictField(allow_null=True, help_text='Points fade to half in this: {"days": 30}.')
    cap = serializers.IntegerField(allow_null=True, help_text="Never more than this from the rule.")


class ScoreModelSerializer(serializers.Serializer[object]):
    """A score. `rules` are those of the active version, of the draft before there is one."""

    id = serializers.CharField()
    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    version = serializers.IntegerField()
    state = serializers.ChoiceField(choices=ScoreVersionState.values)
    minimum = serializers.IntegerField()
    maximum = serializers.IntegerField()
    rules = ScoreRuleSerializer(many=True)
    computed_at = serializers.DateTimeField(allow_null=True, help_text="When everybody's was worked out last.")
    failure = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()


class ContributionSerializer(serializers.Serializer[object]):
    """What one rule gave."""

    rule = serializers.CharField()
    points = serializers.IntegerField()


class StandingSerializer(serializers.Serializer[object]):
    """A customer's score in one model; the contributions add up to it within the limits of the model."""

    score = serializers.CharField()
    version = serializers.IntegerField()
    points = serializers.IntegerField()
    maximum = serializers.IntegerField()
    since = serializers.DateTimeField(allow_null=True, help_text="null without points.")
    contributions = ContributionSerializer(many=True)


class ScoreChangeSerializer(serializers.Serializer[object]):
    """One change, and the rules that gave points from then on."""

    score = serializers.CharField()
    version = serializers.IntegerField()
    at = serializers.DateTimeField()
    before = serializers.IntegerField()
    after = serializers.IntegerField()
    why = serializers.CharField()
    contributions = ContributionSerializer(many=True)


class CustomerScoresSerializer(serializers.Serializer[object]):
    """Every score of a customer, and its last 50 changes, newest first."""

    customer = serializers.CharField()
    scores = StandingSerializer(many=True)
    history = ScoreChangeSerializer(many=True)


class ScoreModelViewSet(ApiViewSet):
    """/api/v1/score-models and /api/v1/score-models/{score}; {score} is `scm_...` or a slug."""

    scopes = {"list": "segments:read", "retrieve": "segments:read"}
    tag = "Segments"
    queryset = ScoreModel.objects.all()
    sort_fields = ("created_at",)
    default_sort = "-created_at"

    @extend_schema(operation_id="listScoreModels", responses=ScoreModelSerializer(many=True))
    def list(self, request: Request) -> Response:
        """List scores.

        Each with the rules that give points.
        """
        page = self.list_page(list_models(), filterset=None, now=timezone.now())
        newest = newest_versions(page.rows)
        return self.page_response(page, [model_answer(row, newest.get(row.pk)) for row in page.rows])

    @extend_schema(operation_id="getScoreModel", responses=ScoreModelSerializer)
    def retrieve(self, request: Request, score: str) -> Response:
        """Read a score.

        Retired ones answer as well.
        """
        self.only()
        found = find_model(score)
        return Response(model_answer(found, newest_versions([found]).get(found.pk)))


class CustomerScores(ApiView):
    """GET /api/v1/customers/{id}/scores."""

    scopes = {"get": "customers:read"}
    tag = "Customers"

    @extend_schema(
        operation_id="getCustomerScores", summary="Lead scores of a customer", responses=CustomerScoresSerializer
    )
    def get(self, request: Request, reference: str) -> HttpResponse:
        """What the customer has in every score, by which rules, and how that changed."""
        self.only()
        customer = find_customer(reference=reference)
        answer: dict[str, Any] = {
            "customer": customer.public_id,
            "scores": [standing_answer(standing) for standing in standings_of(customer)],
            "history": [step_answer(step) for step in history_of(customer)],
        }
        return json_response(answer)
