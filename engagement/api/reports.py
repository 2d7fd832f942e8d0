"""/reports: what happened in a period, counted by a job for all who ask the same, and orders divided by attribution."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.views import ApiView
from core.errors import Conflict, InvalidInput
from core.models.jobs import JobState
from customers.rules.instants import read_instant
from customers.rules.money import CURRENCIES
from engagement.models import CountedReport
from engagement.rules.attribution import Model
from engagement.selectors.counted import ATTRIBUTION, is_counting
from engagement.services.reports import ask_report

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


class CountProgressSerializer(serializers.Serializer[object]):
    """How far the newest count is."""

    id = serializers.CharField()
    state = serializers.ChoiceField(choices=JobState.values)
    done = serializers.IntegerField(help_text="Steps so far.")
    total = serializers.IntegerField(allow_null=True)
    error = serializers.CharField(allow_null=True, help_text="Why it failed, in words.")


class AttributionCountSerializer(serializers.Serializer[object]):
    """A question that is being counted."""

    begins = serializers.DateTimeField()
    ends = serializers.DateTimeField()
    currency = serializers.CharField()
    job = CountProgressSerializer(allow_null=True)


class AttributionQuestionSerializer(serializers.Serializer[object]):
    """What is to be counted."""

    begins = serializers.DateTimeField(help_text="First instant, with an offset.")
    ends = serializers.DateTimeField(help_text="First instant after; at most 92 days.")
    currency = serializers.CharField(default="EUR", help_text="ISO 4217. Other currencies are not added.")


class AttributionSerializer(AttributionCountSerializer):
    """The orders of a period, divided."""

    counted_at = serializers.DateTimeField(help_text="What came later is not in the answer.")
    orders = serializers.IntegerField()
    measured = serializers.IntegerField(help_text="Orders of people who allow it to be looked at.")
    coverage = serializers.FloatField(allow_null=True)
    touched = serializers.IntegerField(help_text="Of these, orders with a touch in the 30 days before.")
    total = serializers.FloatField(help_text="Amount of all orders.")
    revenue = serializers.FloatField(help_text="Amount of the touched orders: what every model divides.")
    conversion = serializers.FloatField(help_text="The chance of an order after a touch, by the Markov chain.")
    channels = CreditsSerializer(many=True)
    outages = SilenceSerializer(many=True)


PERIOD: Final = [
    OpenApiParameter("begins", datetime, required=True, description="First instant, with an offset."),
    OpenApiParameter("ends", datetime, required=True, description="First instant after; at most 92 days."),
    OpenApiParameter("currency", str, description="ISO 4217; EUR. Other currencies are not added."),
]


class CountedView(ApiView):
    """A report that is counted once by a job, and answered from what was kept since."""

    scopes = {"get": "reports:read", "post": "reports:read"}
    tag = "Reports"
    kind = ATTRIBUTION
    address = "/api/v1/reports/attribution"

    def asked_in_query(self, **more: str) -> Response:
        """200 with the kept answer, or 202 with the job and where the answer will be; `more` is part of its address."""
        self.only(*_NAMES, *more)
        query = self.request._request.GET
        return self._asked({name: query[name] for name in _NAMES if name in query}, more, anew=False)

    def asked_in_body(self, *others: str, **more: str) -> Response:
        """202 with the job that counts anew; while the same is being counted, that job."""
        self.only()
        for name, value in self.body().items():
            if name not in (*_NAMES, *others):
                raise InvalidInput(f"Unknown parameter '{name}'", code="unknown_parameter", param=str(name)[:120])
            if not isinstance(value, str):
                raise InvalidInput(f"Invalid '{name}'", param=name)
        return self._asked({name: self.body()[name] for name in _NAMES if name in self.body()}, more, anew=True)

    def body(self) -> dict[str, Any]:
        """The members of the request."""
        if not isinstance(self.request.data, dict):
            raise InvalidInput("The body must be a JSON object.", code="malformed_json")
        return self.request.data

    def shown(self, row: CountedReport) -> dict[str, Any]:
        """The kept answer as partners read it."""
        raise NotImplementedError

    def _asked(self, asked: Mapping[str, str], more: Mapping[str, str], *, anew: bool) -> Response:
        begins, ends = (_instant(name, asked.get(name, "")) for name in ("begins", "ends"))
        currency = asked.get("currency", "EUR")
        if currency not in CURRENCIES:
            message = "Invalid 'currency': send the ISO 4217 code of a currency that people pay with, such as EUR."
            raise InvalidInput(message, param="currency")
        question: dict[str, Any] = {"kind": self.kind, "begins": begins, "ends": ends, "currency": currency}
        row = ask_report(**question, anew=anew, by=self.actor, now=timezone.now())
        if row.answer is not None and not anew:
            return Response(self.shown(row))
        if not is_counting(row) and not anew:
            raise Conflict(row.job.error if row.job and row.job.error else "The count was stopped; POST counts anew.")
        query = urlencode({"begins": _text(begins), "ends": _text(ends), "currency": currency, **more})
        return Response(count_of(row), status=202, headers={"Location": f"{self.address}?{query}"})


class AttributionReport(CountedView):
    """GET and POST /api/v1/reports/attribution."""

    @extend_schema(
        operation_id="getAttribution",
        summary="Which campaigns brought the orders?",
        responses={200: AttributionSerializer, 202: AttributionCountSerializer},
        parameters=PERIOD,
    )
    def get(self, request: Request) -> Response:
        """Seven models side by side, over the same orders, with hours of silence named.

        Counting takes seconds where there are many orders: 202 with the job until the answer is there, ask again
        then. The answer is kept with `counted_at`; POST counts anew. 409 with the reason when the count failed.
        """
        return self.asked_in_query()

    @extend_schema(
        operation_id="countAttribution",
        summary="Count anew which campaigns brought the orders",
        request=AttributionQuestionSerializer,
        responses={202: AttributionCountSerializer},
    )
    def post(self, request: Request) -> Response:
        """A job that counts; until it is done, GET answers what was counted before.

        While the same question is being counted, that job. 409 while 20 others are.
        """
        return self.asked_in_body()

    def shown(self, row: CountedReport) -> dict[str, Any]:
        """Sums as numbers."""
        return attribution_of(row)


def count_of(row: CountedReport) -> dict[str, Any]:
    """The question, and how far its newest count is."""
    job = row.job
    shown = job and {
        "id": job.public_id,
        "state": job.state,
        "done": job.done,
        "total": job.total,
        "error": job.error or None,
    }
    return {"begins": row.begins, "ends": row.ends, "currency": row.currency, "job": shown}


def attribution_of(row: CountedReport) -> dict[str, Any]:
    """The kept division of orders, sums as numbers."""
    kept: dict[str, Any] = row.answer or {}
    sums = {name: float(kept[name]) for name in ("total", "revenue")}
    channels = [{**one, **{str(model): float(one[model]) for model in Model}} for one in kept["channels"]]
    outages = [{name: datetime.fromisoformat(at) for name, at in one.items()} for one in kept["outages"]]
    return {**count_of(row), **kept, **sums, "counted_at": row.counted_at, "channels": channels, "outages": outages}


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _instant(name: str, text: str) -> datetime:
    if not text:
        raise InvalidInput(f"Missing required field '{name}'", code="missing_field", param=name)
    return read_instant(name, text)
