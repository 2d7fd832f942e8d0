"""What a client may know about itself: who it is, and how much it may do."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.pagination import whole_number
from core.api.scopes import ANY
from core.api.throttling import API, INGEST, levels_of
from core.api.views import ApiView
from core.meter import Level
from integrations.api.serializers import LimitsSerializer, MeSerializer, SumsSerializer, UsageSerializer
from integrations.rules.quotas import burn_of
from integrations.rules.routes import template_of
from integrations.selectors.clients import find_client
from integrations.selectors.usage import SHOWN_DAYS, Sums, list_days, sums_by

MOST_DAYS: Final = 90
MOST_OPERATIONS: Final = 200
_DAYS: Final = {"type": "integer", "minimum": 1, "maximum": MOST_DAYS, "default": SHOWN_DAYS}


class Me(ApiView):
    """GET /api/v1/me."""

    scopes = {"get": ANY}

    @extend_schema(operation_id="getMe", summary="Who am I", responses=MeSerializer, tags=["Account"])
    def get(self, request: Request) -> Response:
        """The client behind the credential, its scopes and its rate class."""
        credential = self.credential
        answer: dict[str, Any] = {
            "client_id": credential.client_id,
            "name": credential.label,
            "kind": credential.kind,
            "scopes": sorted(credential.scopes),
            "tier": credential.tier,
            "acts_for": credential.staff_id or None,
            "expires_at": credential.expires_at,
            "livemode": settings.LIVEMODE,
        }
        return Response(MeSerializer(answer).data)


class Limits(ApiView):
    """GET /api/v1/limits."""

    scopes = {"get": ANY}

    @extend_schema(operation_id="getLimits", summary="My limits", responses=LimitsSerializer, tags=["Account"])
    def get(self, request: Request) -> Response:
        """How many calls each window of the client's rate class allows; an unlimited class has none."""
        windows = settings.API_TIERS[self.credential.tier]
        rows = [{"name": name, "limit": limit, "seconds": seconds} for name, (limit, seconds) in windows.items()]
        return Response({"tier": self.credential.tier, "windows": rows})


class UsageView(ApiView):
    """GET /api/v1/usage."""

    scopes = {"get": ANY}

    @extend_schema(
        operation_id="getUsage",
        summary="My use of the API",
        parameters=[OpenApiParameter("days", _DAYS, description="How many days of history, today included.")],
        responses=UsageSerializer,
        tags=["Account"],
    )
    def get(self, request: Request) -> Response:
        """How much of each window is used now, this call included, when it will be full; calls by day and operation.

        An unlimited class has no windows. Figures of days and operations are some seconds behind.
        """
        self.only("days")
        days = whole_number(request._request, "days", SHOWN_DAYS, 1, MOST_DAYS)
        credential, now = self.credential, timezone.now()
        client = find_client(identifier=credential.client_id)
        ask = partial(sums_by, first=now.date() - timedelta(days=days - 1), last=now.date(), client_id=client.public_id)
        first = client.first_success_at
        answer = {
            "tier": credential.tier,
            "windows": [_level(level, now) for name in (API, INGEST) for level in levels_of(credential, name)],
            "totals": ask("all")[()],
            "history": [
                {"day": day.day, "quota_share": day.quota_share, **_figures(day.sums)}
                for day in list_days(client_id=client.public_id, tier=credential.tier, today=now.date(), days=days)
            ],
            "operations": [
                {"method": method, "path": template_of(route), **_figures(sums)}
                for (method, route), sums in list(ask("operation").items())[:MOST_OPERATIONS]
            ],
            "registered_at": client.created,
            "first_success_at": first,
            "seconds_to_first_success": int((first - client.created).total_seconds()) if first else None,
        }
        return Response(UsageSerializer(answer).data)


def _level(level: Level, now: datetime) -> dict[str, Any]:
    window = level.window
    burn = burn_of(used=level.used, limit=window.limit, seconds=window.seconds, resets_in=level.resets_in)
    return {
        "name": window.name,
        "limit": window.limit,
        "used": level.used,
        "remaining": level.remaining,
        "resets_at": now + timedelta(seconds=level.resets_in),
        "share": round(burn.share, 4),
        "expected_share": round(burn.expected, 4),
        "full_at": None if burn.full_in is None else now + timedelta(seconds=burn.full_in),
        "warning": burn.step or None,
    }


def _figures(sums: Sums) -> dict[str, Any]:
    return {str(name): getattr(sums, str(name)) for name in SumsSerializer().fields}
