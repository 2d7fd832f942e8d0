"""/customers/batch: reading and writing many customers in one call."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from core.api.gpc import Name
from core.errors import DomainError, InvalidInput
from customers.api.customers import SHAPING, CustomerView, json_response
from customers.api.serializers import (
    BatchAnswerSerializer,
    BatchReadAnswerSerializer,
    BatchReadSerializer,
    BatchUpsertSerializer,
)
from customers.models import Customer
from customers.selectors.answers import answers, raw_rows
from customers.selectors.customers import ids_by_reference
from customers.services.customers import MAX_BATCH, UpsertInput, upsert_customers
from customers.services.drafts import Draft, Outcome

MAX_READ = 200


class BatchUpsert(CustomerView):
    """POST /api/v1/customers/batch/upsert."""

    scopes = {"post": "customers:write"}
    key_required = frozenset({"post"})

    def people_in_body(self, request: Request) -> Iterable[Name]:
        """Everybody whom an input names."""
        sent = request.data if isinstance(request.data, dict) else {}
        kind, inputs = sent.get("id_property"), sent.get("inputs")
        named = inputs[:MAX_BATCH] if isinstance(inputs, list) else []
        return [(str(kind), str(entry["id"])) for entry in named if isinstance(entry, dict) and entry.get("id")]

    @extend_schema(
        operation_id="upsertCustomers",
        summary="Create or change up to 500 customers",
        parameters=[OpenApiParameter("atomic", bool, description="true: one refusal leaves nothing stored.")],
        request=BatchUpsertSerializer,
        responses={200: BatchAnswerSerializer, 207: BatchAnswerSerializer},
    )
    def post(self, request: Request) -> HttpResponse:
        """200 when every input is stored, 207 when some are, 400 when none is; results in the order of the inputs."""
        self.only("atomic")
        body, atomic = self.body(), request._request.GET.get("atomic") == "true"
        inputs = _inputs(body)
        batch = upsert_customers(
            id_property=str(body.get("id_property", "")),
            inputs=[UpsertInput(id=entry["id"], properties=entry.get("properties") or {}) for entry in inputs],
            by=self.actor,
            now=timezone.now(),
            atomic=atomic,
        )
        results = [_result(index, draft, inputs[index]) for index, draft in enumerate(batch)]
        refused = sum(draft.outcome == Outcome.REFUSED for draft in batch)
        if refused == len(batch) or (refused and atomic):
            message = "No input was stored; the results say why."
            raise InvalidInput(message, code="batch_rejected", extra={"results": results})
        return json_response({"results": results}, status=207 if refused else 200)


class CustomersBatch(BatchUpsert):
    """POST /api/v1/customers:batch."""

    @extend_schema(
        operation_id="batchCustomers",
        summary="The same under its short name",
        parameters=[OpenApiParameter("atomic", bool, description="true: one refusal leaves nothing stored.")],
        request=BatchUpsertSerializer,
        responses={200: BatchAnswerSerializer, 207: BatchAnswerSerializer},
    )
    def post(self, request: Request) -> HttpResponse:
        """As POST /api/v1/customers/batch/upsert."""
        return super().post(request)


class BatchRead(CustomerView):
    """POST /api/v1/customers/batch/read."""

    scopes = {"post": "customers:read"}

    def people_in_body(self, request: Request) -> Iterable[Name]:
        """Everybody asked for."""
        sent = request.data.get("ids") if isinstance(request.data, dict) else None
        return [("reference", str(reference)) for reference in (sent[:MAX_READ] if isinstance(sent, list) else [])]

    @extend_schema(
        operation_id="readCustomers",
        summary="Read up to 200 customers",
        parameters=SHAPING,
        request=BatchReadSerializer,
        responses=BatchReadAnswerSerializer,
    )
    def post(self, request: Request) -> HttpResponse:
        """Those that were found, in the order asked for, and which ids name nobody."""
        self.only("fields", "expand")
        references = self.body().get("ids")
        if not isinstance(references, list) or not all(isinstance(reference, str) for reference in references):
            raise InvalidInput("Invalid 'ids'", param="ids")
        if not 1 <= len(references) <= MAX_READ:
            raise InvalidInput(f"Send 1 to {MAX_READ} ids.", code="batch_too_large", param="ids")
        found, shape = ids_by_reference(references), self.shape()
        rows = {row.id: row for row in raw_rows(Customer.objects.filter(pk__in=found.values()))}
        wanted = dict.fromkeys(found[reference] for reference in references if reference in found)
        leaving, withheld = self.leaving([rows[pk] for pk in wanted])
        body: dict[str, Any] = {
            "data": answers(leaving, shape),
            "missing": [reference for reference in references if reference not in found],
            **withheld,
        }
        self.told("customers.batch", leaving, shape)
        if shape.redacted:
            body["redacted"] = shape.redacted
        return json_response(body)


def _inputs(body: dict[str, Any]) -> list[dict[str, Any]]:
    unknown = body.keys() - {"id_property", "inputs"}
    if unknown:
        name = sorted(unknown)[0]
        raise InvalidInput(f"Unknown parameter '{name}'", code="unknown_parameter", param=name)
    inputs = body.get("inputs")
    if not isinstance(inputs, list):
        raise InvalidInput("Missing required field 'inputs'", code="missing_field", param="inputs")
    if len(inputs) > MAX_BATCH:
        raise InvalidInput(f"A batch holds at most {MAX_BATCH} inputs.", code="batch_too_large", param="inputs")
    for index, entry in enumerate(inputs):
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
            raise InvalidInput(f"Invalid 'inputs[{index}].id'", param=f"inputs[{index}].id")
        if not isinstance(entry.get("properties") or {}, dict):
            raise InvalidInput(f"Invalid 'inputs[{index}].properties'", param=f"inputs[{index}].properties")
    return inputs


def _result(index: int, draft: Draft, entry: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {"index": index, "status": draft.outcome.value}
    if draft.refusal is None:
        result["id"] = draft.public_id
        result |= {"kept": sorted(set(draft.kept))} if draft.kept else {}
    else:
        result["error"] = _error(draft.refusal)
    if isinstance(entry.get("trace_id"), str):
        result["trace_id"] = entry["trace_id"]
    return result


def _error(refusal: DomainError) -> dict[str, Any]:
    body: dict[str, Any] = {
        "status": refusal.status,
        "error": refusal.error,
        "message": refusal.message,
        "code": refusal.code,
    }
    if refusal.param:
        body["param"] = refusal.param
    if refusal.details:
        body["details"] = [problem.as_dict() for problem in refusal.details]
    return body
