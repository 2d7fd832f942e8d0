"""/purposes, /jurisdictions, and /.well-known/gpc.json."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from consent.api.answers import (
    JurisdictionRuleSerializer,
    JurisdictionSerializer,
    NoticeSerializer,
    PurposeSerializer,
    data_of,
)
from consent.selectors.jurisdictions import find_jurisdiction, gpc_support, list_jurisdictions
from consent.selectors.purposes import list_notices, list_purposes, notice_answer, purpose_description
from core.api.conditional import etag_of
from core.api.views import ApiView

TAG = ["Consent catalogue"]


class Purposes(ApiView):
    """GET /api/v1/purposes."""

    scopes = {"get": "consent:read"}

    @extend_schema(
        operation_id="listPurposes", summary="Purposes", responses=data_of("Purposes", PurposeSerializer), tags=TAG
    )
    def get(self, request: Request) -> Response:
        """What data may be wanted for, each with the notice to show now in every language it has."""
        rows = [purpose_description(purpose) for purpose in list_purposes()]
        return self.tagged({"data": rows}, etag_of(rows))


class Notices(ApiView):
    """GET /api/v1/purposes/{key}/notices."""

    scopes = {"get": "consent:read"}

    @extend_schema(
        operation_id="listNotices",
        summary="Notices of a purpose",
        responses=data_of("Notices", NoticeSerializer),
        tags=TAG,
    )
    def get(self, request: Request, key: str) -> Response:
        """The exact words of every version and language, newest first."""
        rows = [notice_answer(notice) for notice in list_notices(key)]
        return self.tagged({"data": rows}, etag_of(rows))


class Jurisdictions(ApiView):
    """GET /api/v1/jurisdictions."""

    scopes = {"get": "consent:read"}

    @extend_schema(
        operation_id="listJurisdictions",
        summary="Places and their rules",
        responses=data_of("Jurisdictions", JurisdictionSerializer),
        tags=TAG,
    )
    def get(self, request: Request) -> Response:
        """Every place with a rule of its own; all others follow `*`, the strictest."""
        rows = [
            {"code": row.code, "name": row.name, "mode": row.mode, "ruleSet": row.rule_set}
            for row in list_jurisdictions().defer("rule")
        ]
        return self.tagged({"data": rows}, etag_of(rows))


class JurisdictionDetail(ApiView):
    """GET /api/v1/jurisdictions/{place}."""

    scopes = {"get": "consent:read"}

    @extend_schema(
        operation_id="getJurisdiction", summary="Rule of a place", responses=JurisdictionRuleSerializer, tags=TAG
    )
    def get(self, request: Request, place: str) -> Response:
        """The rule that applies in a place (ISO 3166-1 or -2), which may be that of its country or `*`."""
        row = find_jurisdiction(place)
        body = {"code": row.code, "name": row.name, "mode": row.mode, "ruleSet": row.rule_set, "rule": row.rule}
        return self.tagged(body, etag_of(body))


@require_safe
def well_known_gpc(request: HttpRequest) -> JsonResponse:
    """The GPC support resource (W3C GPC section 4): what our rules do with the signal, since when."""
    response = JsonResponse(gpc_support())
    response["Cache-Control"] = "public, max-age=3600"
    return response
