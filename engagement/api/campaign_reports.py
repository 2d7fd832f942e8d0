"""/reports/conversion, uplift and channels: what campaigns of a period brought; /reports/query counts anew."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from core.errors import InvalidInput
from engagement.api.report_serializers import (
    AttributionCountSerializer,
    ChannelGroupSerializer,
    ChannelLineSerializer,
    ChannelsSerializer,
    ConversionGroupSerializer,
    ConversionLineSerializer,
    ConversionSerializer,
    ReportQuestionSerializer,
    UpliftLineSerializer,
    UpliftSerializer,
)
from engagement.api.report_wishes import NAMES, Wish, parameters
from engagement.api.reports import (
    MODELS,
    PERIOD,
    CountedView,
    attribution_of,
    count_of,
    touched_groups,
    touched_lines,
)
from engagement.models import CountedReport
from engagement.rules.attribution import Model
from engagement.rules.report_groups import (
    ATTRIBUTION as ATTRIBUTION_REPORT,
)
from engagement.rules.report_groups import CAMPAIGN, CHANNELS, CONVERSION, UPLIFT, VARIANT, narrowed, of_sides, summed
from engagement.selectors.counted import ATTRIBUTION, CAMPAIGNS
from engagement.selectors.report_groups import facts_of

_OF_REPORT: Final = {
    CONVERSION: CAMPAIGNS,
    UPLIFT: CAMPAIGNS,
    CHANNELS: ATTRIBUTION,
    ATTRIBUTION_REPORT: ATTRIBUTION,
}
_FILE: Final = {(200, "text/csv"): OpenApiTypes.STR, (202, "application/json"): AttributionCountSerializer}
_COUNTED: Final = ("people", "measured", "buyers", "revenue")


class _OfCampaigns(CountedView):
    """Campaigns of a period, a line each: what both reports on them have in common."""

    scopes = {"get": "reports:read"}
    kind = CAMPAIGNS
    listed = "campaigns"

    def shown(self, row: CountedReport, wish: Wish) -> dict[str, Any]:
        """Newest launch first."""
        kept = narrowed((row.answer or {})["campaigns"], wish.campaigns, wish.channels)
        lines = [{**_line(one), **more} for one in kept if (more := self.told_of(one))]
        found = {**_head(row), "window_days": (row.answer or {})["window_days"], "campaigns": lines}
        return {**found, **self.divided(kept, wish)}

    def divided(self, kept: list[Mapping[str, Any]], wish: Wish) -> dict[str, Any]:
        """The groups that were wished for."""
        return {}

    def told_of(self, one: Mapping[str, Any]) -> dict[str, Any]:
        """What this report says of a campaign; nothing for one that it is not about."""
        raise NotImplementedError


class ConversionReport(_OfCampaigns):
    """GET /api/v1/reports/conversion."""

    report, serializers = CONVERSION, (ConversionLineSerializer, ConversionGroupSerializer)

    @extend_schema(
        operation_id="getConversionReport",
        summary="How many bought after each campaign?",
        responses={(200, "application/json"): ConversionSerializer, **_FILE},
        parameters=[*PERIOD, *parameters(CONVERSION)],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Campaigns that were launched in the period, at most 200, with who bought within 14 days of the launch.

        A rate after a campaign is not what the campaign caused: that is `/reports/uplift`. 202 with the job until it
        is counted; `POST /reports/query` counts anew.
        """
        return self.asked_in_query()

    def told_of(self, one: Mapping[str, Any]) -> dict[str, Any]:
        """Those it was sent to."""
        return {"sent": _group(one["sent"])}

    def divided(self, kept: list[Mapping[str, Any]], wish: Wish) -> dict[str, Any]:
        """The sums of the campaigns of each group, of those they were sent to unless it is asked for both sides."""
        if not wish.by:
            return {}
        facts = facts_of([one[CAMPAIGN] for one in kept])
        sides = [side for one in kept for side in of_sides(one, facts[one[CAMPAIGN]])]
        shown = [side for side in sides if VARIANT in wish.by or side[VARIANT] == "sent"]
        groups = [_rated(one) for one in summed(shown, wish.by, _COUNTED)]
        if CAMPAIGN in wish.by:
            groups = [{**one, "name": facts[one[CAMPAIGN]]["name"]} for one in groups]
        return {"groups": groups}


class UpliftReport(_OfCampaigns):
    """GET /api/v1/reports/uplift."""

    report, serializers = UPLIFT, (UpliftLineSerializer, UpliftLineSerializer)

    @extend_schema(
        operation_id="getUpliftReport",
        summary="What did each campaign cause?",
        responses={(200, "application/json"): UpliftSerializer, **_FILE},
        parameters=[*PERIOD, *parameters(UPLIFT)],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Campaigns of the period that held people out: both sides, with intervals, checks and what may be said.

        202 with the job until it is counted; `POST /reports/query` counts anew.
        """
        return self.asked_in_query()

    def told_of(self, one: Mapping[str, Any]) -> dict[str, Any]:
        """Both sides, of a campaign that has two."""
        if not one["compared"]:
            return {}
        return {"sent": _group(one["sent"]), "held_out": _group(one["held_out"]), **one["compared"]}


class ChannelsReport(CountedView):
    """GET /api/v1/reports/channels."""

    scopes = {"get": "reports:read"}
    report, serializers = CHANNELS, (ChannelLineSerializer, ChannelGroupSerializer)

    @extend_schema(
        operation_id="getChannelsReport",
        summary="What did each channel bring, by one model?",
        responses={(200, "application/json"): ChannelsSerializer, **_FILE},
        parameters=[
            *PERIOD,
            *parameters(CHANNELS),
            OpenApiParameter("model", str, enum=[str(one) for one in Model], description="Of attribution; last."),
        ],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """The division of `/reports/attribution` by one of its models.

        202 with the job until it is counted; `POST /reports/query` counts anew.
        """
        return self.asked_in_query(model=self._model)

    @property
    def _model(self) -> str:
        return _read_model(self.request._request.GET.get("model", str(Model.LAST)))

    def shown(self, row: CountedReport, wish: Wish) -> dict[str, Any]:
        """The largest first."""
        whole, model = attribution_of(row)["revenue"], self._model
        lines = narrowed(touched_lines(row), wish.campaigns, wish.channels)
        channels = [
            {"channel": one[CAMPAIGN], "name": one["name"], **_share(one, model, whole)}
            for one in sorted(lines, key=lambda one: (-one[model], one[CAMPAIGN]))
        ]
        found = {**_head(row), "model": model, "channels": channels}
        if not wish.by:
            return found
        groups = [
            {name: value for name, value in one.items() if name not in MODELS} | _share(one, model, whole)
            for one in touched_groups(row, wish)
        ]
        return {**found, "groups": groups}


class ReportQuery(CountedView):
    """POST /api/v1/reports/query."""

    scopes = {"post": "reports:read"}

    @extend_schema(
        operation_id="queryReport",
        summary="Count a report anew",
        request=ReportQuestionSerializer,
        responses={(202, "application/json"): AttributionCountSerializer},
    )
    def post(self, request: Request) -> HttpResponseBase:
        """A job that counts; `Location` says where its answer will be. Until then, what was counted before is there.

        While the same question is being counted, that job. 409 while 20 others are.
        """
        wanted = self.body().get("report")
        if wanted is None:
            raise InvalidInput("Missing required field 'report'", code="missing_field", param="report")
        if not isinstance(wanted, str) or wanted not in _OF_REPORT:
            raise InvalidInput(f"Invalid 'report': one of {', '.join(_OF_REPORT)}.", param="report")
        self.kind, self.report = _OF_REPORT[wanted], wanted
        model = self.body().get("model")
        if wanted != CHANNELS or model is None:
            return self.asked_in_body("report", *NAMES)
        return self.asked_in_body("report", "model", *NAMES, model=_read_model(model))


def _read_model(asked: object) -> str:
    if asked not in MODELS:
        raise InvalidInput(f"Invalid 'model': one of {', '.join(MODELS)}.", param="model")
    return str(asked)


def _share(line: Mapping[str, Any], model: str, whole: float) -> dict[str, Any]:
    given = float(line[model])
    return {"revenue": given, "share": given / whole if whole else None}


def _rated(group: dict[str, Any]) -> dict[str, Any]:
    people, measured, campaigns = group["people"], group["measured"], group.pop("lines")
    rates = {
        "coverage": measured / people if people else None,
        "conversion_rate": group["buyers"] / measured if measured else None,
    }
    return {**group, **rates, "revenue": float(group["revenue"]), "campaigns": campaigns}


def _head(row: CountedReport) -> dict[str, Any]:
    return {**count_of(row), "counted_at": row.counted_at}


def _line(one: Mapping[str, Any]) -> dict[str, Any]:
    instants = {name: datetime.fromisoformat(one[name]) for name in ("launched_at", "as_of")}
    return {name: one[name] for name in ("campaign", "name", "channel")} | instants


def _group(one: Mapping[str, Any]) -> dict[str, Any]:
    return {**one, "revenue": float(one["revenue"])}
