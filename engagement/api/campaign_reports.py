"""/reports/conversion, uplift and channels: what campaigns of a period brought; /reports/query counts anew."""

from datetime import datetime
from typing import Any, Final

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.rules.statistics.verdicts import Verdict
from core.errors import InvalidInput
from engagement.api.reports import (
    PERIOD,
    AttributionCountSerializer,
    AttributionQuestionSerializer,
    CountedView,
    attribution_of,
    count_of,
)
from engagement.models import CountedReport
from engagement.rules.attribution import Model
from engagement.selectors.counted import ATTRIBUTION, CAMPAIGNS

_OF_REPORT: Final = {
    "conversion": CAMPAIGNS,
    "uplift": CAMPAIGNS,
    "channels": ATTRIBUTION,
    "attribution": ATTRIBUTION,
}


class CampaignGroupSerializer(serializers.Serializer[object]):
    """People on one side of a campaign, and what those did who allow it to be looked at, within 14 days."""

    people = serializers.IntegerField()
    measured = serializers.IntegerField(help_text="People who permit analytics.")
    coverage = serializers.FloatField(allow_null=True, help_text="measured / people.")
    buyers = serializers.IntegerField()
    conversion_rate = serializers.FloatField(allow_null=True, help_text="buyers / measured.")
    revenue = serializers.FloatField(help_text="In the currency asked for.")


class CampaignLineSerializer(serializers.Serializer[object]):
    """One campaign that was launched in the period."""

    campaign = serializers.CharField()
    name = serializers.CharField()
    channel = serializers.CharField()
    launched_at = serializers.DateTimeField()
    as_of = serializers.DateTimeField(help_text="Purchases up to then.")


class ConversionLineSerializer(CampaignLineSerializer):
    """With those it was sent to."""

    sent = CampaignGroupSerializer()


class BoundsSerializer(serializers.Serializer[object]):
    """A figure and the bounds it lies between with 95 % confidence."""

    estimate = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class UpliftLineSerializer(ConversionLineSerializer):
    """With those held out, and the comparison of the two in who bought; null while there is nobody to compare."""

    held_out = CampaignGroupSerializer()
    difference = BoundsSerializer(allow_null=True, help_text="Of the rates: 0.01 is one point.")
    uplift = BoundsSerializer(allow_null=True, help_text="Of the rate of those held out: 0.1 is a tenth more.")
    p_value = serializers.FloatField(allow_null=True, help_text="Valid at every look.")
    incremental_revenue = BoundsSerializer(allow_null=True)
    sample_ratio_mismatch = serializers.BooleanField(allow_null=True, help_text="Then nothing may be claimed.")
    verdict = serializers.ChoiceField(choices=[one.value for one in Verdict], allow_null=True)
    text = serializers.CharField(allow_null=True, help_text="The same in a sentence.")


class ChannelLineSerializer(serializers.Serializer[object]):
    """What one campaign or channel gets by the model."""

    channel = serializers.CharField(help_text="campaignId of the events; `direct` for none, `others` beyond 50.")
    name = serializers.CharField(allow_null=True, help_text="Of a campaign of ours.")
    revenue = serializers.FloatField()
    share = serializers.FloatField(allow_null=True, help_text="Of all that is divided.")


class _AnsweredSerializer(AttributionCountSerializer):
    counted_at = serializers.DateTimeField(help_text="What came later is not in the answer.")


class ConversionSerializer(_AnsweredSerializer):
    """Campaigns of a period, newest launch first."""

    window_days = serializers.IntegerField()
    campaigns = ConversionLineSerializer(many=True)


class UpliftSerializer(_AnsweredSerializer):
    """Campaigns of a period that held people out, newest launch first."""

    window_days = serializers.IntegerField()
    campaigns = UpliftLineSerializer(many=True)


class ChannelsSerializer(_AnsweredSerializer):
    """Channels of a period by one model, the largest first."""

    model = serializers.ChoiceField(choices=[str(one) for one in Model])
    channels = ChannelLineSerializer(many=True)


class ReportQuestionSerializer(AttributionQuestionSerializer):
    """What is to be counted, and for which report."""

    report = serializers.ChoiceField(choices=list(_OF_REPORT))


class _OfCampaigns(CountedView):
    """Campaigns of a period, a line each: what both reports on them have in common."""

    scopes = {"get": "reports:read"}
    kind = CAMPAIGNS

    def shown(self, row: CountedReport) -> dict[str, Any]:
        """Newest launch first."""
        kept = _kept(row)
        lines = [{**_line(one), **more} for one in kept["campaigns"] if (more := self.told_of(one))]
        return {**_head(row), "window_days": kept["window_days"], "campaigns": lines}

    def told_of(self, one: dict[str, Any]) -> dict[str, Any]:
        """What this report says of a campaign; nothing for one that it is not about."""
        raise NotImplementedError


class ConversionReport(_OfCampaigns):
    """GET /api/v1/reports/conversion."""

    address = "/api/v1/reports/conversion"

    @extend_schema(
        operation_id="getConversionReport",
        summary="How many bought after each campaign?",
        responses={200: ConversionSerializer, 202: AttributionCountSerializer},
        parameters=PERIOD,
    )
    def get(self, request: Request) -> Response:
        """Campaigns that were launched in the period, at most 200, with who bought within 14 days of the launch.

        A rate after a campaign is not what the campaign caused: that is `/reports/uplift`. 202 with the job until it
        is counted; `POST /reports/query` counts anew.
        """
        return self.asked_in_query()

    def told_of(self, one: dict[str, Any]) -> dict[str, Any]:
        """Those it was sent to."""
        return {"sent": _group(one["sent"])}


class UpliftReport(_OfCampaigns):
    """GET /api/v1/reports/uplift."""

    address = "/api/v1/reports/uplift"

    @extend_schema(
        operation_id="getUpliftReport",
        summary="What did each campaign cause?",
        responses={200: UpliftSerializer, 202: AttributionCountSerializer},
        parameters=PERIOD,
    )
    def get(self, request: Request) -> Response:
        """Campaigns of the period that held people out: both sides, with intervals, checks and what may be said.

        202 with the job until it is counted; `POST /reports/query` counts anew.
        """
        return self.asked_in_query()

    def told_of(self, one: dict[str, Any]) -> dict[str, Any]:
        """Both sides, of a campaign that has two."""
        if not one["compared"]:
            return {}
        return {"sent": _group(one["sent"]), "held_out": _group(one["held_out"]), **one["compared"]}


class ChannelsReport(CountedView):
    """GET /api/v1/reports/channels."""

    scopes = {"get": "reports:read"}
    address = "/api/v1/reports/channels"

    @extend_schema(
        operation_id="getChannelsReport",
        summary="What did each channel bring, by one model?",
        responses={200: ChannelsSerializer, 202: AttributionCountSerializer},
        parameters=[
            *PERIOD,
            OpenApiParameter("model", str, enum=[str(one) for one in Model], description="Of attribution; last."),
        ],
    )
    def get(self, request: Request) -> Response:
        """The division of `/reports/attribution` by one of its models.

        202 with the job until it is counted; `POST /reports/query` counts anew.
        """
        return self.asked_in_query(model=self._model)

    @property
    def _model(self) -> str:
        asked = self.request._request.GET.get("model", str(Model.LAST))
        if asked not in [str(one) for one in Model]:
            raise InvalidInput(f"Invalid 'model': one of {', '.join(map(str, Model))}.", param="model")
        return asked

    def shown(self, row: CountedReport) -> dict[str, Any]:
        """The largest first."""
        found, model = attribution_of(row), self._model
        lines = [
            {
                "channel": one["channel"],
                "name": one["name"],
                "revenue": one[model],
                "share": one[model] / found["revenue"] if found["revenue"] else None,
            }
            for one in sorted(found["channels"], key=lambda one: (-one[model], one["channel"]))
        ]
        return {**_head(row), "model": model, "channels": lines}


class ReportQuery(CountedView):
    """POST /api/v1/reports/query."""

    scopes = {"post": "reports:read"}

    @extend_schema(
        operation_id="queryReport",
        summary="Count a report anew",
        request=ReportQuestionSerializer,
        responses={202: AttributionCountSerializer},
    )
    def post(self, request: Request) -> Response:
        """A job that counts; `Location` says where its answer will be. Until then, what was counted before is there.

        While the same question is being counted, that job. 409 while 20 others are.
        """
        wanted = self.body().get("report")
        if wanted is None:
            raise InvalidInput("Missing required field 'report'", code="missing_field", param="report")
        if not isinstance(wanted, str) or wanted not in _OF_REPORT:
            raise InvalidInput(f"Invalid 'report': one of {', '.join(_OF_REPORT)}.", param="report")
        self.kind, self.address = _OF_REPORT[wanted], f"/api/v1/reports/{wanted}"
        return self.asked_in_body("report")


def _kept(row: CountedReport) -> dict[str, Any]:
    return row.answer or {}


def _head(row: CountedReport) -> dict[str, Any]:
    return {**count_of(row), "counted_at": row.counted_at}


def _line(one: dict[str, Any]) -> dict[str, Any]:
    instants = {name: datetime.fromisoformat(one[name]) for name in ("launched_at", "as_of")}
    return {name: one[name] for name in ("campaign", "name", "channel")} | instants


def _group(one: dict[str, Any]) -> dict[str, Any]:
    return {**one, "revenue": float(one["revenue"])}
