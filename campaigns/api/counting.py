"""Counts of large campaigns as partners see them, and /campaigns/{campaign_id}/audience."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.models import CampaignCount
from campaigns.rules.counting import AUDIENCE
from campaigns.rules.deliveries import reason_words
from campaigns.selectors.campaigns import find_campaign
from campaigns.selectors.kept import is_counting
from campaigns.services.counting import audience_for, figures_for
from core.api.views import ApiView
from core.errors import Conflict
from core.models import Job, JobState


class CountJobSerializer(serializers.Serializer[object]):
    """How far the newest count is."""

    id = serializers.CharField()
    state = serializers.ChoiceField(choices=JobState.values)
    done = serializers.IntegerField(help_text="Steps so far.")
    total = serializers.IntegerField(allow_null=True)
    error = serializers.CharField(allow_null=True, help_text="Why it failed, in words.")


class CampaignCountSerializer(serializers.Serializer[object]):
    """A campaign that is being counted: ask again until the answer is there."""

    campaign = serializers.CharField()
    job = CountJobSerializer(allow_null=True, help_text="Null while the timetable counts.")


class ExperimentCountSerializer(serializers.Serializer[object]):
    """An experiment that is being counted."""

    experiment = serializers.CharField()
    job = CountJobSerializer()


class WhyNotSerializer(serializers.Serializer[object]):
    """People who would not get it, for one reason: the first that holds."""

    reason = serializers.CharField()
    why = serializers.CharField(help_text="In words.")
    people = serializers.IntegerField()


class CampaignAudienceSerializer(serializers.Serializer[object]):
    """Who would get a campaign."""

    campaign = serializers.CharField()
    counted_at = serializers.DateTimeField()
    total = serializers.IntegerField()
    reachable = serializers.IntegerField(help_text="Who may be written to.")
    why_not = WhyNotSerializer(many=True, help_text="The others. They add up to `total` with `reachable`.")


def counting_response(row: CampaignCount) -> Response:
    """202 with how far the count is; Conflict with the reason when it failed or was stopped."""
    job = row.job
    if job is not None and not is_counting(row) and row.answer is None:
        raise Conflict(job.error or "The count was stopped; POST /campaigns/{campaign_id}/results counts anew.")
    told: dict[str, Any] = {"campaign": row.campaign.public_id, "job": job and job_answer(job)}
    return Response(told, status=202)


def job_answer(job: Job) -> dict[str, Any]:
    """How far a count is."""
    names = ("state", "done", "total")
    return {"id": job.public_id, **{name: getattr(job, name) for name in names}, "error": job.error or None}


class ReadAudience(ApiView):
    """GET /api/v1/campaigns/{campaign_id}/audience."""

    scopes = {"get": "campaigns:read"}
    tag = "Campaigns"

    @extend_schema(
        operation_id="getCampaignAudience",
        summary="Who would get the campaign?",
        responses={200: CampaignAudienceSerializer, 202: CampaignCountSerializer},
    )
    def get(self, request: Request, campaign_id: str) -> Response:
        """How many people its segments have, how many of them may be written to, and why the others may not.

        As of now; of 50,000 people and more as counted in the last hour, and 202 with the job until that is done.
        Submitting and launching such a campaign needs that count (409 `not_ready` without it).
        """
        self.only()
        campaign, now = find_campaign(campaign_id), timezone.now()
        found = audience_for(campaign=campaign, by=self.actor, now=now)
        if found is None:
            return counting_response(figures_for(campaign=campaign, question=AUDIENCE, by=self.actor, now=now))
        why_not = [
            {"reason": reason, "why": reason_words(reason), "people": people} for reason, people in found.why_not
        ]
        figures = {"total": found.total, "reachable": found.reachable, "why_not": why_not}
        return Response({"campaign": campaign.public_id, "counted_at": found.at, **figures})
