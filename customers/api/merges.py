"""/customers/{id}/merge and /merges: two profiles become one, and part again."""

from typing import Any

from django.utils import timezone
from django_filters import ChoiceFilter, FilterSet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.views import ApiView, ApiViewSet
from core.errors import InvalidInput
from customers.api.merge_answers import (
    MergeInputSerializer,
    MergePreviewSerializer,
    MergeSerializer,
    ReasonSerializer,
    merge_answer,
    preview_answer,
)
from customers.models import Merge, MergeState
from customers.selectors.customers import find_customer, find_profile
from customers.selectors.merges import find_merge, list_merges, preview_merge
from customers.selectors.recipients import check_leaving, rows_leaving
from customers.services.merges import approve_merge, refuse_merge, request_merge, undo_merge
from customers.services.telling import tell


class CustomerMerge(ApiView):
    """GET and POST /api/v1/customers/{id}/merge."""

    scopes = {"get": "customers:read", "post": "customers:write"}
    tag = "Merges"

    @extend_schema(
        operation_id="previewMerge",
        summary="Preview a merge",
        parameters=[OpenApiParameter("from", str, required=True, description="Who would be absorbed.")],
        responses=MergePreviewSerializer,
    )
    def get(self, request: Request, reference: str) -> Response:
        """Field by field whose value stands and why, figures of both, the consent of the result; nothing changes."""
        self.only("from")
        name = request._request.GET.get("from", "")
        if not name:
            raise InvalidInput("Missing required parameter 'from'", code="missing_field", param="from")
        survivor, absorbed = find_customer(reference=reference), find_profile(reference=name)
        now, both = timezone.now(), [survivor.pk, absorbed.pk]
        kinds = ("consent", "identifiers", "name", "record") if self.sees_pii else ("consent", "record")
        tell(to=str(self.actor), way="customers.merge", kinds=kinds, customer_ids=both, now=now)
        preview = preview_merge(survivor=survivor, absorbed=absorbed, now=now)
        return Response(preview_answer(preview, sees_pii=self.sees_pii))

    @extend_schema(
        operation_id="mergeCustomer",
        summary="Merge a customer into this one",
        request=MergeInputSerializer,
        responses={200: MergeSerializer, 202: MergeSerializer},
    )
    def post(self, request: Request, reference: str) -> Response:
        """200: a visitor was absorbed at once. 202: a known customer waits for the approval of another client or of
        staff. Reversible for 30 days by `POST /api/v1/merges/{id}/undo`."""
        self.only()
        sent = checked(MergeInputSerializer(data=request.data))
        survivor, absorbed = find_customer(reference=reference), find_profile(reference=sent["from"])
        now, both = timezone.now(), [survivor.pk, absorbed.pk]
        check_leaving(self.credential.client_id, customer_ids=both, now=now)
        merge = request_merge(survivor=survivor, absorbed=absorbed, reason=sent["reason"], by=self.actor, now=now)
        status = 202 if merge.state == MergeState.REQUESTED else 200
        headers = {"Location": f"/api/v1/merges/{merge.public_id}"}
        return Response(merge_answer(merge), status=status, headers=headers)


class MergeFilter(FilterSet):  # type: ignore[misc]
    """What merges can be narrowed by."""

    state = ChoiceFilter(choices=MergeState.choices)


class MergeViewSet(ApiViewSet):
    """/api/v1/merges."""

    scopes = {"list": "customers:read", "retrieve": "customers:read"}
    tag = "Merges"
    queryset = Merge.objects.all()
    filterset_class = MergeFilter
    sort_fields = ("created_at",)

    @extend_schema(responses=MergeSerializer(many=True))
    def list(self, request: Request) -> Response:
        """List merges.

        Those that wait for their second person, those that were made, refused, run out or undone; newest first.
        """
        now = timezone.now()
        rows = rows_leaving(list_merges(), "survivor", "absorbed", recipient=self.credential.client_id, now=now)
        page = self.list_page(rows, filterset=MergeFilter, now=now)
        return self.page_response(page, [merge_answer(merge) for merge in page.rows])

    @extend_schema(responses=MergeSerializer)
    def retrieve(self, request: Request, merge_id: str) -> Response:
        """Read a merge."""
        self.only()
        merge = find_merge(public_id=merge_id)
        both = [merge.survivor_id, merge.absorbed_id]
        check_leaving(self.credential.client_id, customer_ids=both, now=timezone.now())
        return Response(merge_answer(merge))


class ApproveMerge(ApiView):
    """POST /api/v1/merges/{id}/approve."""

    scopes = {"post": "customers:write"}
    tag = "Merges"

    @extend_schema(operation_id="approveMerge", request=None, responses=MergeSerializer)
    def post(self, request: Request, merge_id: str) -> Response:
        """Approve a merge.

        The two are one. 403 `second_person_required` for whoever asked for it.
        """
        self.only()
        merge = approve_merge(merge=find_merge(public_id=merge_id), by=self.actor, now=timezone.now())
        return Response(merge_answer(merge))


class RefuseMerge(ApiView):
    """POST /api/v1/merges/{id}/refuse."""

    scopes = {"post": "customers:write"}
    tag = "Merges"

    @extend_schema(operation_id="refuseMerge", request=ReasonSerializer, responses=MergeSerializer)
    def post(self, request: Request, merge_id: str) -> Response:
        """Refuse a merge.

        Nothing is merged, and the two are not merged by a shared identifier either. Whoever asked may take it back so.
        """
        self.only()
        sent = checked(ReasonSerializer(data=request.data or {}))
        merge = refuse_merge(
            merge=find_merge(public_id=merge_id), reason=sent["reason"], by=self.actor, now=timezone.now()
        )
        return Response(merge_answer(merge))


class UndoMerge(ApiView):
    """POST /api/v1/merges/{id}/undo."""

    scopes = {"post": "customers:write"}
    tag = "Merges"

    @extend_schema(operation_id="undoMerge", request=ReasonSerializer, responses=MergeSerializer)
    def post(self, request: Request, merge_id: str) -> Response:
        """Undo a merge.

        Both customers are as before: fields, identifiers, tags, orders, events, consent. What happened since stays
        with the one who stayed, except where an identifier tells; a no said since counts for both.
        """
        self.only()
        sent = checked(ReasonSerializer(data=request.data or {}))
        merge = undo_merge(
            merge=find_merge(public_id=merge_id), reason=sent["reason"], by=self.actor, now=timezone.now()
        )
        return Response(merge_answer(merge))


def checked(sent: Any) -> dict[str, Any]:
    """The checked values of a body, or the refusal with every wrong member."""
    sent.is_valid(raise_exception=True)
    values: dict[str, Any] = sent.validated_data
    return values
