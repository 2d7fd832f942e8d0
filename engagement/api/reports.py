"""/reports: what campaigns brought, as models of attribution see it."""

from datetime import datetime
from typing import Any, Final

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.views import ApiView
from core.errors import InvalidInput
from customers.rules.instants import read_instant
from engagement.rules.attribution import Model
from engagement.selectors.attribution import Attribution, attribute

_NAMES: Final = ("begins", "ends", "currency")


class CreditsSerializer(serializers.Serializer[object]):
    """What one campaign or channel gets by every model."""

    channel = serializers.CharField(help_text="campaignId of the events; `direct` for none, `others` beyond 50.")
    name = serializers.CharField(allow_null=True, help_text="Of a campaign of ours.")
    first = serializers.FloatField()
    last = serializers.FloatField()
    last_non_direct = serializers.FloatField()
    linear = serializers.FloatField()
    time_decay = serializers.FloatField(help_text="Half as much for every seven days before the order.")
    position = serializers.FloatField(help_text="40 % each to the first and the last touch.")
    markov = serializers.FloatField(help_text="By what would be lost without it.")


class SilenceSerializer(serializers.Serializer[object]):
    """Hours in which no event arrived: figures across them are too low."""

    begins_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()


class AttributionSerializer(serializers.Serializer[object]):
    """The orders of a period, divided."""

    begins = serializers.DateTimeField()
    ends = serializers.DateTimeField()
    currency = serializers.CharField()
    orders = serializers.IntegerField()
    measured = serializers.IntegerField(help_text="Orders of people who allow it to be looked at.")
    coverage = serializers.FloatField(allow_null=True)
    touched = serializers.IntegerField(help_text="Of these, orders with a touch in the 30 days before.")
    total = serializers.FloatField(help_text="Amount of all orders.")
    revenue = serializers.FloatField(help_text="Amount of the touched orders: what every model divides.")
    conversion = serializers.FloatField(help_text="The chance of an order after a touch, by the Markov chain.")
    channels = CreditsSerializer(many=True)
    outages = SilenceSerializer(many=True)


class AttributionReport(ApiView):
    """GET /api/v1/reports/attribution."""

    scopes = {"get": "reports:read"}
    tag = "Reports"

    @extend_schema(
        operation_id="getAttribution",
        summary="Which campaigns brought the orders?",
        responses=AttributionSerializer,
        parameters=[
            OpenApiParameter("begins", datetime, required=True, description="First instant, with an offset."),
            OpenApiParameter("ends", datetime, required=True, description="First instant after; at most 92 days."),
            OpenApiParameter("currency", str, description="ISO 4217; EUR. Other currencies are not added."),
        ],
    )
    def get(self, request: Request) -> Response:
        """Seven models side by side, over the same orders, with hours of silence named."""
        query = request._request.GET
        self.only(*_NAMES)
        begins, ends = (_instant(name, query.get(name, "")) for name in ("begins", "ends"))
        currency = query.get("currency", "EUR")
        if len(currency) != 3 or not currency.isascii() or not currency.isupper():
            raise InvalidInput("Invalid 'currency': send an ISO 4217 code such as EUR.", param="currency")
        found = attribute(begins=begins, ends=ends, currency=currency, now=timezone.now())
        return Response({"begins": begins, "ends": ends, **_answer(found)})


def _answer(found: Attribution) -> dict[str, Any]:
    return {
        "currency": found.currency,
        "orders": found.orders,
        "measured": found.measured,
        "coverage": found.coverage,
        "touched": found.touched,
        "total": float(found.total),
        "revenue": float(found.revenue),
        "conversion": found.conversion,
        "channels": [
            {
                "channel": channel,
                "name": found.names.get(channel),
                **{model.value: float(given[model]) for model in Model},
            }
            for channel, given in found.given.items()
        ],
        "outages": [{"begins_at": one.begins_at, "ends_at": one.ends_at} for one in found.silent],
    }


def _instant(name: str, text: str) -> datetime:
    if not text:
        raise InvalidInput(f"Missing required field '{name}'", code="missing_field", param=name)
    return read_instant(name, text)
