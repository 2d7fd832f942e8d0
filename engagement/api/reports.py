"""/reports: what happened in a period, counted by a job for all who ask the same, and orders divided by attribution."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from core.api.views import ApiView
from core.errors import Conflict, InvalidInput
from customers.rules.instants import read_instant
from customers.rules.money import CURRENCIES
from engagement.api.report_serializers import (
    AttributionCountSerializer,
    AttributionQuestionSerializer,
    AttributionSerializer,
    CreditGroupSerializer,
    CreditsSerializer,
)
from engagement.api.report_wishes import NAMES, CsvRenderer, Wish, as_csv, parameters, read_wish
from engagement.models import CountedReport
from engagement.rules.attribution import Model
from engagement.rules.report_groups import ATTRIBUTION as ATTRIBUTION_REPORT
from engagement.rules.report_groups import CAMPAIGN, COUNTRY, DAY, narrowed, of_touches, summed
from engagement.selectors.counted import ATTRIBUTION, PARTS, has_answer, is_counting
from engagement.selectors.report_groups import facts_of
from engagement.services.reports import ask_report

MODELS: Final = [str(model) for model in Model]
_NAMES: Final = ("begins", "ends", "currency")
_JSON: Final = "application/json"

PERIOD: Final = [
    OpenApiParameter("begins", datetime, required=True, description="First instant, with an offset."),
    OpenApiParameter("ends", datetime, required=True, description="First instant after; at most 92 days."),
    OpenApiParameter("currency", str, description="ISO 4217; EUR. Other currencies are not added."),
]


class CountedView(ApiView):
    """A report that is counted once by a job, and answered from what was kept since."""

    scopes = {"get": "reports:read", "post": "reports:read"}
    renderer_classes = [JSONRenderer, CsvRenderer]
    tag = "Reports"
    report = ATTRIBUTION_REPORT
    kind = ATTRIBUTION
    listed = "channels"
    serializers: tuple[type[Serializer[object]], type[Serializer[object]]] = (CreditsSerializer, CreditGroupSerializer)
    """Of a line, and of a group."""

    def asked_in_query(self, **more: str) -> HttpResponseBase:
        """The kept answer as it is wished for, or 202 with the job and where it will be; `more` is in its address."""
        self.only(*_NAMES, *NAMES, *more)
        query = self.request._request.GET
        given: dict[str, str] = {name: query[name] for name in (*_NAMES, *NAMES) if name in query}
        return self._asked(given, more, anew=False)

    def asked_in_body(self, *others: str, **more: str) -> HttpResponseBase:
        """202 with the job that counts anew; while the same is being counted, that job."""
        self.only()
        for name, value in self.body().items():
            if name not in (*_NAMES, *others):
                raise InvalidInput(f"Unknown parameter '{name}'", code="unknown_parameter", param=str(name)[:120])
            if not isinstance(value, str):
                raise InvalidInput(f"Invalid '{name}'", param=name)
        given: dict[str, str] = {name: self.body()[name] for name in (*_NAMES, *NAMES) if name in self.body()}
        return self._asked(given, more, anew=True)

    def body(self) -> dict[str, Any]:
        """The members of the request."""
        if not isinstance(self.request.data, dict):
            raise InvalidInput("The body must be a JSON object.", code="malformed_json")
        return self.request.data

    def shown(self, row: CountedReport, wish: Wish) -> dict[str, Any]:
        """The kept answer as partners read it."""
        raise NotImplementedError

    def _asked(self, asked: Mapping[str, str], more: Mapping[str, str], *, anew: bool) -> HttpResponseBase:
        wish = read_wish(self.report, asked, accepted=self._accepted() if not anew else "")
        begins, ends = (_instant(name, asked.get(name, "")) for name in ("begins", "ends"))
        currency = asked.get("currency", "EUR")
        if currency not in CURRENCIES:
            message = "Invalid 'currency': send the ISO 4217 code of a currency that people pay with, such as EUR."
            raise InvalidInput(message, param="currency")
        needs = PARTS if self.kind == ATTRIBUTION and {DAY, COUNTRY} & set(wish.by) else ""
        question: dict[str, Any] = {"kind": self.kind, "begins": begins, "ends": ends, "currency": currency}
        row = ask_report(**question, anew=anew, needs=needs, by=self.actor, now=timezone.now())
        if has_answer(row, needs) and not anew:
            return self._answer(row, wish)
        if not is_counting(row) and not anew:
            raise Conflict(row.job.error if row.job and row.job.error else "The count was stopped; POST counts anew.")
        period = {"begins": _text(begins), "ends": _text(ends), "currency": currency}
        headers = {"Location": f"/api/v1/reports/{self.report}?{urlencode({**period, **more, **wish.asked})}"}
        return Response(count_of(row), status=202, headers=headers, content_type=_JSON)

    def _accepted(self) -> str:
        return str(getattr(self.request, "accepted_renderer", JSONRenderer).format)

    def _answer(self, row: CountedReport, wish: Wish) -> HttpResponseBase:
        answer = self.shown(row, wish)
        if not wish.as_csv:
            return Response(answer, content_type=_JSON)
        line, group = self.serializers
        lines, serializer = (answer["groups"], group) if "groups" in answer else (answer[self.listed], line)
        more = {"currency": row.currency, "counted_at": row.counted_at}
        return as_csv(f"{self.report}-{row.begins:%Y-%m-%d}", serializer, lines, wish.by, more)


class AttributionReport(CountedView):
    """GET and POST /api/v1/reports/attribution."""

    @extend_schema(
        operation_id="getAttribution",
        summary="Which campaigns brought the orders?",
        responses={
            (200, "application/json"): AttributionSerializer,
            (200, "text/csv"): OpenApiTypes.STR,
            (202, "application/json"): AttributionCountSerializer,
        },
        parameters=[*PERIOD, *parameters(ATTRIBUTION_REPORT)],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Seven models side by side, over the same orders, with hours of silence named.

        Counting takes seconds where there are many orders: 202 with the job until the answer is there, ask again
        then. The answer is kept with `counted_at`; POST counts anew. 409 with the reason when the count failed.
        """
        return self.asked_in_query()

    @extend_schema(
        operation_id="countAttribution",
        summary="Count anew which campaigns brought the orders",
        request=AttributionQuestionSerializer,
        responses={(202, "application/json"): AttributionCountSerializer},
    )
    def post(self, request: Request) -> HttpResponseBase:
        """A job that counts; until it is done, GET answers what was counted before.

        While the same question is being counted, that job. 409 while 20 others are.
        """
        return self.asked_in_body()

    def shown(self, row: CountedReport, wish: Wish) -> dict[str, Any]:
        """Sums as numbers."""
        lines = narrowed(touched_lines(row), wish.campaigns, wish.channels)
        channels = [{"channel": one[CAMPAIGN], "name": one["name"], **_numbers(one)} for one in lines]
        found = {**attribution_of(row), "channels": channels}
        return {**found, "groups": [as_numbers(one) for one in touched_groups(row, wish)]} if wish.by else found


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
    """The kept division of orders without its channels, sums as numbers."""
    kept = {name: value for name, value in (row.answer or {}).items() if name not in (PARTS, "channels")}
    sums = {name: float(kept[name]) for name in ("total", "revenue")}
    outages = [{name: datetime.fromisoformat(at) for name, at in one.items()} for one in kept["outages"]]
    return {**count_of(row), **kept, **sums, "counted_at": row.counted_at, "outages": outages}


def touched_lines(row: CountedReport) -> list[Mapping[str, Any]]:
    """What each campaign gets, with its facts, exactly."""
    kept: dict[str, Any] = row.answer or {}
    facts = facts_of([one["channel"] for one in kept["channels"]])
    return [
        {**facts[one["channel"]], "name": one["name"], **{model: Decimal(one[model]) for model in MODELS}}
        for one in kept["channels"]
    ]


def touched_groups(row: CountedReport, wish: Wish) -> list[dict[str, Any]]:
    """What each group gets, exactly."""
    lines = touched_lines(row)
    facts = {one[CAMPAIGN]: one for one in lines}
    for kind in {DAY, COUNTRY} & set(wish.by):
        lines = of_touches((row.answer or {})[PARTS][kind], MODELS, kind, facts)
    groups = summed(narrowed(lines, wish.campaigns, wish.channels), wish.by, MODELS)
    for one in groups:
        del one["lines"]
    return [{**one, "name": facts[one[CAMPAIGN]]["name"]} for one in groups] if CAMPAIGN in wish.by else groups


def as_numbers(line: Mapping[str, Any]) -> dict[str, Any]:
    """The line with its amounts as numbers."""
    return {**line, **_numbers(line)}


def _numbers(line: Mapping[str, Any]) -> dict[str, float]:
    return {model: float(line[model]) for model in MODELS}


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _instant(name: str, text: str) -> datetime:
    if not text:
        raise InvalidInput(f"Missing required field '{name}'", code="missing_field", param=name)
    return read_instant(name, text)
