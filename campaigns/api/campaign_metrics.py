"""/campaigns/{campaign_id}/metrics: the figures that were asked for, of a period, in all or broken down."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.counting import CampaignCountSerializer, counting_response
from campaigns.api.effort_serializers import GivenCodesSerializer, PaceSerializer, ReturnsSerializer, SparedSerializer
from campaigns.api.experiment_serializers import GroupReportSerializer, InterruptionsSerializer
from campaigns.models import Campaign
from campaigns.rules.counting import RESULTS, period_question
from campaigns.selectors.campaign_metrics import (
    BREAKDOWNS,
    METRICS,
    Figures,
    figures_of,
    from_kept,
    kept_rows,
    metrics_answer,
    whole_answer,
)
from campaigns.selectors.campaigns import find_campaign
from campaigns.selectors.interruptions import interruptions_answer
from campaigns.selectors.kept import is_large
from campaigns.services.counting import figures_for
from core.api.views import ApiView
from core.errors import InvalidInput, InvalidState
from customers.rules.instants import read_instant

LONGEST: Final = timedelta(days=366)


class MetricsSerializer(serializers.Serializer[object]):
    """Figures of the messages that left in the period; only those that were asked for are there."""

    sent = serializers.IntegerField(required=False)
    delivered = serializers.IntegerField(required=False, help_text="Not sent back by the receiving server.")
    delivery_rate = serializers.FloatField(required=False, allow_null=True)
    measured = serializers.IntegerField(required=False, help_text="Of people who allow that we see opens and clicks.")
    opened = serializers.IntegerField(required=False, help_text="By people; machines and doubts are left out.")
    open_rate = serializers.FloatField(required=False, allow_null=True, help_text="Of the measured ones.")
    clicked = serializers.IntegerField(required=False, help_text="By people; machines and doubts are left out.")
    click_rate = serializers.FloatField(required=False, allow_null=True, help_text="Of the measured ones.")
    conversions = serializers.IntegerField(required=False, help_text="Who bought within 14 days of the message.")
    conversion_rate = serializers.FloatField(required=False, allow_null=True, help_text="Of those who may be counted.")
    coverage = serializers.FloatField(required=False, allow_null=True, help_text="Share that may be counted.")
    revenue = serializers.FloatField(required=False, help_text="What they paid within 14 days, in `currency`.")


class BrokenDownSerializer(MetricsSerializer):
    """The same for one value of the breakdown."""

    key = serializers.CharField(allow_blank=True, help_text="A day in UTC, a country, a language; '' is unknown.")


class CampaignMetricsSerializer(InterruptionsSerializer):
    """The figures of a campaign."""

    campaign = serializers.CharField()
    currency = serializers.CharField()
    begins = serializers.DateTimeField(allow_null=True, help_text="Null before the launch.")
    ends = serializers.DateTimeField()
    counted_at = serializers.DateTimeField(help_text="What happened later is not in it.")
    totals = MetricsSerializer()
    breakdown = BrokenDownSerializer(many=True, help_text="Most messages first, at most 400; days in their order.")
    uplift = GroupReportSerializer(
        required=False,
        allow_null=True,
        help_text="Sent against held out, for the whole campaign whatever the period; null without people held out.",
    )
    returns = ReturnsSerializer(required=False, help_text="Of the whole campaign.")
    pace = PaceSerializer(required=False, help_text="From draft to launch to decision.")
    spared = SparedSerializer(required=False, help_text="What the whole campaign did not send, and what that saved.")
    codes = GivenCodesSerializer(required=False, help_text="Of the whole campaign.")


class CampaignMetrics(ApiView):
    """GET /api/v1/campaigns/{campaign_id}/metrics."""

    scopes = {"get": "reports:read"}
    tag = "Campaigns"

    @extend_schema(
        operation_id="getCampaignMetrics",
        summary="How does the campaign do?",
        responses={200: CampaignMetricsSerializer, 202: CampaignCountSerializer},
        parameters=[
            OpenApiParameter("fields", str, description=f"Some of {', '.join(METRICS)}, with commas; all of them."),
            OpenApiParameter("begins", datetime, description="First instant, with an offset; the launch."),
            OpenApiParameter("ends", datetime, description="First instant after; now. At most 366 days later."),
            OpenApiParameter("breakdown", str, enum=sorted(BREAKDOWNS), description="What to divide the figures by."),
        ],
    )
    def get(self, request: Request, campaign_id: str) -> Response:
        """Sent, delivered, opened and clicked by people, conversions, revenue, uplift, returns, pace, spared, codes.

        Of the messages that left in the period; the last five of the whole campaign. Pauses and hours in which
        nothing was heard are named beside. Of 50,000 people and more it is what was counted at `counted_at`; 202 until
        a period was counted.
        """
        self.only("fields", "begins", "ends", "breakdown")
        query, now = request._request.GET, timezone.now()
        fields, breakdown = _fields(query.get("fields")), _breakdown(query.get("breakdown", ""))
        campaign = find_campaign(campaign_id)
        if campaign.totals:
            raise InvalidState("The rows of this campaign were removed for their age; its results are still there.")
        begins, ends = _period(campaign, query, now)
        totals, parts, counted_at = [], [], now  # type: tuple[list[Figures], list[Figures], datetime]
        if begins is not None and is_large(campaign):
            whole = not {"begins", "ends"} & set(query)
            question = RESULTS if whole else period_question(begins, ends, breakdown)
            row = figures_for(campaign=campaign, question=question, by=self.actor, now=now)
            if row.answer is None or row.counted_at is None:
                return counting_response(row)
            totals, parts = (from_kept(rows) for rows in kept_rows(row.answer, breakdown))
            counted_at, ends = row.counted_at, row.counted_at if whole else ends
        elif begins is not None:
            totals = figures_of(campaign, begins=begins, ends=ends, now=now)
            parts = figures_of(campaign, begins=begins, ends=ends, breakdown=breakdown, now=now) if breakdown else []
        head = {"campaign": campaign.public_id, "currency": campaign.currency, "begins": begins, "ends": ends}
        found = _told(totals, parts, fields, breakdown) | whole_answer(campaign, fields, now)
        heard = interruptions_answer(campaign, begins=begins, ends=ends)
        return Response({**head, "counted_at": counted_at, **found, **heard})


def _told(totals: Sequence[Figures], parts: list[Figures], fields: tuple[str, ...], breakdown: str) -> dict[str, Any]:
    if breakdown == "day":
        parts.sort(key=lambda one: one.key)
    return {
        "totals": metrics_answer(totals[0], fields) if totals else {},
        "breakdown": [{"key": one.key, **metrics_answer(one, fields)} for one in parts],
    }


def _fields(text: str | None) -> tuple[str, ...]:
    if text is None:
        return METRICS
    wanted = tuple(dict.fromkeys(text.split(",")))
    if strange := [name for name in wanted if name not in METRICS]:
        raise InvalidInput(f"Invalid 'fields': there is no '{strange[0][:40]}'.", param="fields")
    return wanted


def _breakdown(text: str) -> str:
    if text and text not in BREAKDOWNS:
        raise InvalidInput(f"Invalid 'breakdown': choose from {', '.join(BREAKDOWNS)}.", param="breakdown")
    return text


def _period(campaign: Campaign, query: Mapping[str, str], now: datetime) -> tuple[datetime | None, datetime]:
    begins, ends = (read_instant(name, query[name]) if name in query else None for name in ("begins", "ends"))
    begins, ends = begins or campaign.launched_at, ends or now
    if begins and not begins <= ends <= begins + LONGEST and (query.get("begins") or query.get("ends")):
        raise InvalidInput("Invalid 'ends': it lies after 'begins', at most 366 days.", param="ends")
    return begins, ends
