"""/score-models and /customers/{id}/scores: by which rules customers get points, what one has, and why."""

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.conditional import etag_of
from core.api.views import ApiView, ApiViewSet
from customers.api.customers import Shaping, json_response
from customers.api.segments import known
from customers.models import ScoreModel, ScoreVersionState
from customers.selectors.customers import find_customer
from customers.selectors.score_answers import model_answer, standing_answer, step_answer
from customers.selectors.scores import find_model, history_of, list_models, newest_versions, standings_of
from customers.services.scores import activate_score, change_score, define_score, recompute_score, retire_score
from customers.services.telling import tell


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
    draft = serializers.IntegerField(allow_null=True, help_text="A newer version that is not activated yet.")
    computed_at = serializers.DateTimeField(allow_null=True, help_text="When everybody's was worked out last.")
    failure = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()


class ScoreDefinitionSerializer(serializers.Serializer[object]):
    """The rules of a score; points add up within `minimum` and `maximum`."""

    version = serializers.IntegerField(help_text="Of the grammar: 1.")
    minimum = serializers.IntegerField()
    maximum = serializers.IntegerField()
    rules = serializers.ListField(
        child=serializers.DictField(),
        help_text="Each with `name`, `when`, `points`; `each`, `half_life`, `cap` if wanted.",
    )


class ScoreInputSerializer(serializers.Serializer[object]):
    """A new score."""

    name = serializers.CharField(max_length=120)
    description = serializers.CharField(max_length=300, required=False)
    definition = ScoreDefinitionSerializer()


class ScoreChangeInputSerializer(serializers.Serializer[object]):
    """What shall be different; another `definition` is a draft until it is activated."""

    name = serializers.CharField(max_length=120, required=False)
    description = serializers.CharField(max_length=300, required=False)
    definition = ScoreDefinitionSerializer(required=False)


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


class ScoreModelViewSet(Shaping, ApiViewSet):
    """/api/v1/score-models and /api/v1/score-models/{score}; {score} is `scm_...` or a slug."""

    scopes = {
        "list": "segments:read",
        "create": "segments:write",
        "retrieve": "segments:read",
        "partial_update": "segments:write",
        "destroy": "segments:write",
        "activate": "segments:write",
        "recompute": "segments:write",
    }
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
        return self.tagged(_shown(found), _etag(found))

    @extend_schema(operation_id="createScoreModel", request=ScoreInputSerializer, responses={201: ScoreModelSerializer})
    def create(self, request: Request) -> Response:
        """Define a score.

        Its first version is a draft: nobody has points before it is activated.
        """
        self.only()
        body = known(self.body(), "name", "description", "definition")
        model = define_score(
            name=body.get("name", ""),
            description=body.get("description", ""),
            definition=body.get("definition"),
            by=self.actor,
            now=timezone.now(),
        )
        headers = {"Location": f"/api/v1/score-models/{model.public_id}", "ETag": _etag(model)}
        return Response(_shown(model), status=201, headers=headers)

    @extend_schema(operation_id="updateScoreModel", request=ScoreChangeInputSerializer, responses=ScoreModelSerializer)
    def partial_update(self, request: Request, score: str) -> Response:
        """Change a score.

        With another `definition` there is a new draft; customers keep what they have until it is activated.
        """
        self.only()
        found = find_model(score)
        self.check_unchanged(_etag(found))
        values = known(self.body(), "name", "description", "definition")
        changed = change_score(model=found, values=values, by=self.actor, now=timezone.now())
        return Response(_shown(changed), headers={"ETag": _etag(changed)})

    @extend_schema(operation_id="retireScoreModel", responses={204: None})
    def destroy(self, request: Request, score: str) -> Response:
        """Retire a score.

        Nobody has it any more; its history stays. Refused while the rule of a segment asks about it.
        """
        self.only()
        found = find_model(score)
        self.check_unchanged(_etag(found))
        retire_score(model=found, by=self.actor, now=timezone.now())
        return Response(status=204)

    @extend_schema(operation_id="activateScoreModel", request=None, responses={202: ScoreModelSerializer})
    def activate(self, request: Request, score: str) -> Response:
        """Activate the draft of a score.

        It is calculated for everybody in the background and then takes the place of the active version.
        """
        self.only()
        found = find_model(score)
        activate_score(model=found, by=self.actor, now=timezone.now())
        return Response(_shown(find_model(score)), status=202)

    @extend_schema(operation_id="recomputeScoreModel", request=None, responses={202: ScoreModelSerializer})
    def recompute(self, request: Request, score: str) -> Response:
        """Calculate a score anew.

        For everybody, in the background; 409 while that happens already.
        """
        self.only()
        found = find_model(score)
        recompute_score(model=found, by=self.actor, now=timezone.now())
        return Response(_shown(find_model(score)), status=202)


def _shown(model: ScoreModel) -> dict[str, Any]:
    return model_answer(model, newest_versions([model]).get(model.pk))


def _etag(model: ScoreModel) -> str:
    """Changes with names, rules and calculations."""
    return etag_of(model.public_id, model.updated_at, model.current_id, model.computed_at, model.retired_at)


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
        customer, now = find_customer(reference=reference), timezone.now()
        tell(to=str(self.actor), way="customers.scores", kinds=("predictions",), customer_ids=[customer.pk], now=now)
        answer: dict[str, Any] = {
            "customer": customer.public_id,
            "scores": [standing_answer(standing) for standing in standings_of(customer)],
            "history": [step_answer(step) for step in history_of(customer)],
        }
        return json_response(answer)
