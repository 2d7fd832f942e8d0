"""/disclosures and /disclosures/customers/{id}: who received whose data."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import django_filters
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from consent.api.answers import data_of
from consent.api.requests import instant
from consent.models import DisclosureFlow
from consent.rules.disclosures import WAYS
from consent.selectors.disclosures import Received, list_flows, recipients_of, told_of_those_who_said_no
from consent.selectors.purposes import find_purpose
from core.api.views import ApiView, ApiViewSet
from core.errors import InvalidInput
from customers.selectors.customers import all_ids, find_customer
from customers.selectors.origins import names_of
from customers.selectors.recipients import check_leaving

TAG = ["Disclosures"]
READ = "privacy:read"
LOOK_BACK = timedelta(days=90)


class DisclosureFlowSerializer(serializers.Serializer[object]):
    """One way in which one recipient receives data."""

    recipient = serializers.CharField(help_text="`client:cli_...`, `staff:usr_...` or `person:...`.")
    name = serializers.CharField(help_text="What the recipient is called; its id when it is gone.")
    way = serializers.ChoiceField(choices=list(WAYS.items()))
    kinds = serializers.ListField(child=serializers.CharField(), help_text="Kinds of data.")
    first_hour = serializers.DateTimeField()
    last_hour = serializers.DateTimeField()


class RecipientSerializer(DisclosureFlowSerializer):
    """A recipient of one person's data."""

    hours = serializers.IntegerField(help_text="In how many different hours.")
    purpose = serializers.CharField(help_text="Of the processor behind the client; empty when no agreement names it.")
    legal_basis = serializers.CharField()


class ToldAfterNoSerializer(serializers.Serializer[object]):
    """A recipient of data of people who said no."""

    recipient = serializers.CharField()
    name = serializers.CharField()
    way = serializers.ChoiceField(choices=list(WAYS.items()))
    kinds = serializers.ListField(child=serializers.CharField())
    people = serializers.IntegerField(help_text="Of how many of them, since `since`.")
    after = serializers.IntegerField(help_text="Of how many after they had said no.")
    last_hour = serializers.DateTimeField()


class DisclosureFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What the list can be narrowed by."""

    recipient = django_filters.CharFilter()
    way = django_filters.ChoiceFilter(choices=list(WAYS.items()))
    since = django_filters.IsoDateTimeFilter(field_name="last_at", lookup_expr="gte")

    class Meta:
        model = DisclosureFlow
        fields: Sequence[str] = ()


class DisclosureViewSet(ApiViewSet):
    """GET /api/v1/disclosures."""

    scopes = {"list": READ}
    queryset = list_flows()
    filterset_class = DisclosureFilter
    sort_fields = ("last_at", "first_at")
    default_sort = "-last_at"

    @extend_schema(operation_id="listDisclosures", responses=DisclosureFlowSerializer(many=True), tags=TAG)
    def list(self, request: Request) -> HttpResponse:
        """List who receives data.

        Each recipient with each way and kinds of data, the latest first. Hours are in UTC.
        """
        page = self.list_page(self.get_queryset(), filterset=self.filterset_class, now=timezone.now())
        names = names_of(row.recipient for row in page.rows)
        return self.page_response(page, [_flow(row, names.get(row.recipient, row.recipient)) for row in page.rows])


class CustomerDisclosures(ApiView):
    """GET /api/v1/disclosures/customers/{id}."""

    scopes = {"get": READ}

    @extend_schema(
        operation_id="listCustomerDisclosures",
        summary="Who received a customer's data",
        responses=data_of("CustomerDisclosures", RecipientSerializer),
        tags=TAG,
    )
    def get(self, request: Request, reference: str) -> Response:
        """Every recipient on record, at most 200, the latest first (GDPR Art. 15(1)(c)); tombstones answer too."""
        self.only()
        customer = find_customer(reference=reference, include_deleted=True)
        check_leaving(self.credential.client_id, customer_ids=[customer.pk], now=timezone.now())
        rows = recipients_of(customer_ids=all_ids(customer))
        more = [
            {"first_hour": r.first_at, "hours": r.hours, "purpose": r.purpose, "legal_basis": r.basis} for r in rows
        ]
        return Response({"data": [_shared(row) | facts for row, facts in zip(rows, more, strict=True)]})


class DisclosuresAfterNo(ApiView):
    """GET /api/v1/disclosures/after-no."""

    scopes = {"get": READ}

    @extend_schema(
        operation_id="listDisclosuresAfterNo",
        summary="Who received data of people who said no",
        parameters=[
            OpenApiParameter("purpose", str, required=True, description="A key of GET /purposes."),
            OpenApiParameter("since", str, description="Only what was told since then; 90 days when absent."),
        ],
        responses=data_of("DisclosuresAfterNo", ToldAfterNoSerializer),
        tags=TAG,
    )
    def get(self, request: Request) -> Response:
        """Recipients of data of people whose answer to a purpose now is no; those told afterwards first."""
        self.only("purpose", "since")
        key = request._request.GET.get("purpose", "")
        if not key:
            raise InvalidInput("Missing required field 'purpose'", code="missing_field", param="purpose")
        since = instant(request._request, "since") or timezone.now() - LOOK_BACK
        rows = told_of_those_who_said_no(purpose_id=find_purpose(key).pk, since=since)
        return Response({"data": [_shared(row) | {"people": row.people, "after": row.after} for row in rows]})


def _shared(row: Any) -> dict[str, Any]:
    return {
        "recipient": row.recipient,
        "name": row.name,
        "way": row.way,
        "kinds": row.kinds.split(", "),
        "last_hour": row.last_at,
    }


def _received(row: Received) -> dict[str, Any]:
    more = {"first_hour": row.first_at, "hours": row.hours, "purpose": row.purpose, "legal_basis": row.basis}
    return _shared(row) | more


def _flow(row: DisclosureFlow, name: str) -> dict[str, Any]:
    return {
        "recipient": row.recipient,
        "name": name,
        "way": row.way,
        "kinds": row.kinds.split(", "),
        "first_hour": row.first_at,
        "last_hour": row.last_at,
    }
