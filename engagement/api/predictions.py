"""/predictions: scores that outside models write back about customers, and what stands."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.gpc import Name
from core.api.views import ApiView, ApiViewSet
from core.errors import DomainError, InvalidInput
from customers.models import Customer
from customers.selectors.customers import find_customer
from customers.selectors.recipients import check_leaving
from customers.services.telling import tell
from engagement.api.prediction_serializers import (
    PredictionBatchAnswerSerializer,
    PredictionBatchSerializer,
    PredictionInputSerializer,
    PredictionModelSerializer,
    PredictionSerializer,
    PredictionWrittenSerializer,
)
from engagement.models import Prediction, PredictionModel
from engagement.rules.predictions import MAX_BATCH, MEMBERS, Outcome, read_row
from engagement.selectors.predictions import find_prediction, list_models, use_of
from engagement.services.predictions import Row, write_predictions

_OF_BATCH: Final = MEMBERS | {"model", "user_id", "trace_id"}
_STORED: Final = {Outcome.CREATED: 201}


class PredictionModelViewSet(ApiViewSet):
    """GET /api/v1/predictions."""

    scopes = {"list": "segments:read"}
    tag = "Predictions"
    queryset = PredictionModel.objects.all()
    sort_fields = ("registered_at",)
    default_sort = "-registered_at"

    @extend_schema(operation_id="listPredictionModels", responses=PredictionModelSerializer(many=True))
    def list(self, request: Request) -> Response:
        """List the models that write predictions.

        A model is registered by its first write; figures are at most a minute old.
        """
        page = self.list_page(list_models(), filterset=None, now=timezone.now())
        return self.page_response(page, [_model_answer(row) for row in page.rows])


class CustomerPrediction(ApiView):
    """GET and PUT /api/v1/predictions/{model}/{userId}."""

    scopes = {"get": "customers:read", "put": "predictions:write"}
    tag = "Predictions"

    @extend_schema(
        operation_id="getPrediction", summary="What a model says about a customer", responses=PredictionSerializer
    )
    def get(self, request: Request, model: str, user_id: str) -> Response:
        """The newest prediction, also when it has expired and no longer counts; `{userId}` as everywhere."""
        self.only()
        customer, row = find_prediction(model=model, reference=user_id)
        tell(
            to=str(self.actor),
            way="predictions.record",
            kinds=("predictions",),
            customer_ids=[customer.pk],
            now=timezone.now(),
        )
        return Response(_answer(customer, row))

    @extend_schema(
        operation_id="putPrediction",
        summary="Write what a model says about a customer",
        request=PredictionInputSerializer,
        responses={200: PredictionWrittenSerializer, 201: PredictionWrittenSerializer},
    )
    def put(self, request: Request, model: str, user_id: str) -> Response:
        """The newest stands, by version of the model and then by `scored_at`: an older one answers `kept`.

        Segments that ask about the model follow within seconds, and tags and campaigns with them. Refused with 403 for
        a customer who said no to profiling and automated decisions (GDPR Art. 21(1), 22(1)).
        """
        self.only()
        now = timezone.now()
        sent = read_row(model=model, user=user_id, raw=_object(request.data), now=now)
        check_leaving(self.credential.client_id, customer_ids=[find_customer(reference=user_id).pk], now=now)
        row = Row(sent)
        write_predictions(rows=[row], by=self.actor, now=now)
        if row.refusal:
            raise row.refusal
        customer, found = find_prediction(model=model, reference=row.public_id)
        answer = _answer(customer, found) | {"outcome": row.outcome.value}
        return Response(answer, status=_STORED.get(row.outcome, 200))


class PredictionBatch(ApiView):
    """POST /api/v1/predictions/batch."""

    scopes = {"post": "predictions:write"}
    tag = "Predictions"
    key_required = frozenset({"post"})

    def people_in_body(self, request: Request) -> Iterable[Name]:
        """Everybody whom a row is about."""
        sent = request.data.get("inputs") if isinstance(request.data, dict) else None
        rows = sent[:MAX_BATCH] if isinstance(sent, list) else []
        return [("reference", row["user_id"]) for row in rows if _is_about_somebody(row)]

    @extend_schema(
        operation_id="writePredictions",
        summary="Write up to 500 predictions",
        parameters=[OpenApiParameter("atomic", bool, description="true: one refusal leaves nothing stored.")],
        request=PredictionBatchSerializer,
        responses={200: PredictionBatchAnswerSerializer, 207: PredictionBatchAnswerSerializer},
    )
    def post(self, request: Request) -> Response:
        """200 when no row is refused, 207 when some are, 400 when all are; results in the order of the rows."""
        self.only("atomic")
        now, atomic = timezone.now(), request._request.GET.get("atomic") == "true"
        inputs = _inputs(_object(request.data))
        rows = [_row(one, now) for one in inputs]
        if not (atomic and any(row.refusal for row in rows)):
            write_predictions(rows=rows, by=self.actor, now=now, atomic=atomic)
        results = [_result(index, row, inputs[index]) for index, row in enumerate(rows)]
        refused = sum(row.refusal is not None for row in rows)
        if refused == len(rows) or (refused and atomic):
            message = "No row was stored; the results say why."
            raise InvalidInput(message, code="batch_rejected", extra={"results": results})
        return Response({"results": results}, status=207 if refused else 200)


def _object(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise InvalidInput("The body must be a JSON object.", code="malformed_json")
    return data


def _is_about_somebody(row: Any) -> bool:
    return isinstance(row, dict) and isinstance(row.get("user_id"), str)


def _inputs(body: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    for name in body.keys() - {"inputs"}:
        raise InvalidInput(f"Unknown parameter '{name[:120]}'", code="unknown_parameter", param=name[:120])
    inputs = body.get("inputs")
    if not isinstance(inputs, list) or not inputs:
        raise InvalidInput("Missing required field 'inputs'", code="missing_field", param="inputs")
    if len(inputs) > MAX_BATCH:
        raise InvalidInput(f"A batch holds at most {MAX_BATCH} rows.", code="batch_too_large", param="inputs")
    for index, one in enumerate(inputs):
        if not isinstance(one, dict):
            raise InvalidInput(f"Invalid 'inputs[{index}]'", param=f"inputs[{index}]")
    return inputs


def _row(one: Mapping[str, Any], now: Any) -> Row:
    try:
        for name in one.keys() - _OF_BATCH:
            raise InvalidInput(f"Unknown parameter '{name[:120]}'", code="unknown_parameter", param=name[:120])
        for name in ("model", "user_id"):
            if not isinstance(one.get(name), str):
                raise InvalidInput(f"Missing required field '{name}'", code="missing_field", param=name)
        said = {name: value for name, value in one.items() if name in MEMBERS}
        return Row(read_row(model=one["model"], user=one["user_id"], raw=said, now=now))
    except DomainError as refusal:
        return Row(None, refusal)


def _result(index: int, row: Row, one: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {"index": index, "status": row.outcome.value}
    if row.refusal is None:
        result["customer"] = row.public_id
    else:
        error = row.refusal
        result["status"] = Outcome.REFUSED.value
        result["error"] = {"status": error.status, "error": error.error, "message": error.message, "code": error.code}
        result["error"] |= {"param": error.param} if error.param else {}
    return result | ({"trace_id": one["trace_id"]} if isinstance(one.get("trace_id"), str) else {})


def _answer(customer: Customer, row: Prediction) -> dict[str, Any]:
    return {
        "model": row.model.slug,
        "customer": customer.public_id,
        "score": float(row.score),
        "label": row.label or None,
        "model_version": row.model_version,
        "scored_at": row.scored_at,
        "expires_at": row.expires_at,
        "expired": row.expires_at <= timezone.now(),
        "written_at": row.written_at,
        "written_by": row.written_by,
    }


def _model_answer(model: PredictionModel) -> dict[str, Any]:
    use = use_of(model)
    return {
        "model": model.slug,
        "labels": sorted(model.labels),
        "model_version": use.version or None,
        "people": use.people,
        "scored_at": use.scored_at,
        "registered_at": model.registered_at,
        "registered_by": model.registered_by,
    }
