"""/campaigns/{campaign_id}/results: what a campaign brought, and how its pilot did."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.campaign_metrics import MetricsSerializer
from campaigns.api.counting import CampaignCountSerializer, counting_response
from campaigns.api.effort_serializers import PaceSerializer, ReturnsSerializer, SparedSerializer
from campaigns.api.experiment_serializers import GroupReportSerializer, InterruptionsSerializer, IntervalSerializer
from campaigns.models import Campaign
from campaigns.rules.counting import RESULTS
from campaigns.selectors.campaign_results import WINDOW, campaign_results
from campaigns.selectors.campaigns import find_campaign
from campaigns.selectors.effort import pace_answer, pace_of, spared_answer, spared_of
from campaigns.selectors.experiment_answers import campaign_results_answer
from campaigns.selectors.interruptions import interruptions_answer
from campaigns.selectors.kept import is_large
from campaigns.selectors.pilots import MEASURES as PILOT_MEASURES
from campaigns.selectors.pilots import pilot_answer, pilot_story
from campaigns.services.counting import ask_count, figures_for
from core.api.views import ApiView


class FunnelStepSerializer(serializers.Serializer[object]):
    """A step and how many people came so far."""

    step = serializers.CharField()
    people = serializers.IntegerField()


class PilotComparisonSerializer(serializers.Serializer[object]):
    """The others against the pilot in one share (pooled two-proportion z test)."""

    measure = serializers.ChoiceField(choices=[key for key, *_ in PILOT_MEASURES])
    pilot = serializers.FloatField()
    rest = serializers.FloatField()
    difference = IntervalSerializer(help_text="The others less the pilot, with 95 % confidence.")
    p_value = serializers.FloatField(help_text="Corrected by Holm for all of them.")


class PilotSerializer(serializers.Serializer[object]):
    """How a pilot went; its messages against those held out for it are in `compared` until it is promoted."""

    drawn = serializers.IntegerField(help_text="Who was put into the pilot.")
    of = serializers.IntegerField(help_text="Of so many people.")
    waiting = serializers.IntegerField(help_text="Who gets it when the pilot is promoted.")
    promoted_at = serializers.DateTimeField(allow_null=True)
    pilot = MetricsSerializer(allow_null=True, help_text="Its messages; null before the first.")
    rest = MetricsSerializer(allow_null=True, help_text="Messages after it was promoted; null before.")
    same_time = serializers.BooleanField(help_text="Whether both had the whole window to buy in.")
    compared = PilotComparisonSerializer(many=True)


class CampaignResultsSerializer(ReturnsSerializer, InterruptionsSerializer):
    """What a campaign brought; figures are null before it was launched or where nothing divides."""

    campaign = serializers.CharField()
    counted_at = serializers.DateTimeField(allow_null=True, help_text="What was bought later is not in it.")
    currency = serializers.CharField()
    funnel = FunnelStepSerializer(many=True)
    buyers = serializers.IntegerField(allow_null=True)
    new_buyers = serializers.IntegerField(allow_null=True)
    window_days = serializers.IntegerField(allow_null=True)
    compared = GroupReportSerializer(allow_null=True, help_text="Sent against held out.")
    pace = PaceSerializer()
    spared = SparedSerializer()
    pilot = PilotSerializer(allow_null=True, help_text="Null for a campaign that is no pilot, and before the launch.")


class CampaignReport(ApiView):
    """GET /api/v1/campaigns/{campaign_id}/results."""

    scopes = {"get": "reports:read", "post": "reports:read"}
    tag = "Campaigns"

    @extend_schema(
        operation_id="getCampaignResults",
        summary="What did the campaign bring?",
        responses={200: CampaignResultsSerializer, 202: CampaignCountSerializer},
    )
    def get(self, request: Request, campaign_id: str) -> Response:
        """Funnel, buyers, revenue, cost, CPA, CAC, ROAS and ROI, and those sent to against those held out.

        With how fast it came about, what it did not send and saved, when it was paused, hours in which nothing was
        heard, and how its pilot did. Of 50,000 people and more it is what was counted at `counted_at`, every few
        minutes while it changes; 202 before the first count.
        """
        self.only()
        campaign, now = find_campaign(campaign_id), timezone.now()
        if is_large(campaign):
            row = figures_for(campaign=campaign, question=RESULTS, by=self.actor, now=now)
            if row.answer is None:
                return counting_response(row)
        return Response(_report(campaign, now))

    @extend_schema(
        operation_id="countCampaignResults",
        summary="Count anew what the campaign brought",
        request=None,
        responses={200: CampaignResultsSerializer, 202: CampaignCountSerializer},
    )
    def post(self, request: Request, campaign_id: str) -> Response:
        """A job that counts a campaign of 50,000 people and more; until it is done, GET answers the count before.

        Smaller ones are counted whenever they are asked for: 200 with the answer.
        """
        self.only()
        campaign, now = find_campaign(campaign_id), timezone.now()
        if not is_large(campaign):
            return Response(_report(campaign, now))
        return counting_response(ask_count(campaign=campaign, question=RESULTS, by=self.actor, now=now))


def _report(campaign: Campaign, now: datetime) -> dict[str, Any]:
    begins = campaign.launched_at
    heard = interruptions_answer(campaign, begins=begins, ends=min(now, begins + WINDOW) if begins else now)
    answer = campaign_results_answer(campaign, campaign_results(campaign, now))
    effort = {"pace": pace_answer(pace_of(campaign)), "spared": spared_answer(spared_of(campaign))}
    return answer | heard | effort | {"pilot": pilot_answer(pilot_story(campaign, now))}
