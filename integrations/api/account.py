"""What a client may know about itself: who it is, and how much it may do."""

from datetime import timedelta
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
from integrations.api.serializers import LimitsSerializer, MeSerializer, UsageSerializer
from integrations.selectors.usage import SHOWN_DAYS, list_days

MOST_DAYS: Final = 90
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
            "livemode": True,
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
        """How much of each window is used now, this call included, and the calls of each day.

        An unlimited class has no windows.
        """
        self.only("days")
        days = whole_number(request._request, "days", SHOWN_DAYS, 1, MOST_DAYS)
        credential = self.credential
        levels = [level for name in (API, INGEST) for level in levels_of(credential, name)]
        rows = [
            {
                "name": level.window.name,
                "limit": level.window.limit,
                "used": level.used,
                "remaining": level.remaining,
                "resets_at": timezone.now() + timedelta(seconds=level.resets_in),
            }
            for level in levels
        ]
        history = list_days(
            client_id=credential.client_id, tier=credential.tier, today=timezone.now().date(), days=days
        )
        return Response(UsageSerializer({"tier": credential.tier, "windows": rows, "history": history}).data)
