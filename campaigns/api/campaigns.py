"""/campaigns: writing, launching and watching mailings. Approving is for people, in the console."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from django_filters import BooleanFilter, ChoiceFilter, FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.bodies import Bodies
from campaigns.api.serializers import (
    CampaignChangeSerializer,
    CampaignInputSerializer,
    CampaignSerializer,
    DeliverySerializer,
    ReasonInputSerializer,
    UnsentInputSerializer,
)
from campaigns.models import Campaign, Delivery
from campaigns.rules.deliveries import DeliveryState
from campaigns.rules.lifecycle import State
from campaigns.selectors.answers import campaign_answer, delivery_answer
from campaigns.selectors.campaigns import counts_of, find_campaign, list_campaigns, list_deliveries, parts_of
from campaigns.selectors.pilots import PILOT
from campaigns.selectors.reactions import outcomes_of, reactions_of
from campaigns.selectors.templates import templates_of
from campaigns.services.approval import submit_campaign
from campaigns.services.campaigns import archive_campaign, change_campaign, define_campaign, duplicate_campaign
from campaigns.services.pilots import promote_campaign
from campaigns.services.removing import delete_campaign
from campaigns.services.running import (
    cancel_campaign,
    launch_campaign,
    pause_campaign,
    resume_campaign,
    send_to_unsent,
    unschedule_campaign,
)
from core.api.conditional import etag_of
from core.api.views import ApiViewSet
from core.errors import InvalidInput
from customers.selectors.recipients import rows_leaving


class CampaignFilter(FilterSet):  # type: ignore[misc]
    """What campaigns can be narrowed by."""

    state = ChoiceFilter(choices=State.choices)
    pilot = BooleanFilter(method="narrow_to_pilots")

    def narrow_to_pilots(self, rows: QuerySet[Campaign], _: str, wanted: bool) -> QuerySet[Campaign]:
        """Those marked as pilots, or the others."""
        return rows.filter(PILOT) if wanted else rows.exclude(PILOT)


class DeliveryFilter(FilterSet):  # type: ignore[misc]
    """What deliveries can be narrowed by."""

    state = ChoiceFilter(choices=DeliveryState.choices)


class CampaignViewSet(Bodies, ApiViewSet):
    """/api/v1/campaigns and /api/v1/campaigns/{campaign_id}."""

    scopes = {
        "list": "campaigns:read",
        "create": "campaigns:write",
        "retrieve": "campaigns:read",
        "partial_update": "campaigns:write",
        "destroy": "campaigns:write",
        **dict.fromkeys(("send_unsent", "unschedule", "promote"), "campaigns:write"),
        **dict.fromkeys(("duplicate", "submit", "launch", "pause", "resume", "cancel", "archive"), "campaigns:write"),
    }
    tag = "Campaigns"
    queryset = Campaign.objects.all()
    serializer_class = CampaignSerializer
    filterset_class = CampaignFilter

    @extend_schema(responses=CampaignSerializer(many=True))
    def list(self, request: Request) -> Response:
        """List campaigns.

        Newest first; archived ones when `state` asks for them.
        """
        archived = request._request.GET.get("state") == State.ARCHIVED
        page = self.list_page(list_campaigns(include_archived=archived), filterset=CampaignFilter, now=timezone.now())
        return self.page_response(page, answers(page.rows))

    @extend_schema(request=CampaignInputSerializer, responses={201: CampaignSerializer})
    def create(self, request: Request) -> Response:
        """Write a new campaign.

        A draft: nobody gets anything before somebody else has approved it in the console.
        """
        self.only()
        campaign = define_campaign(values=self.body(), by=self.actor, now=timezone.now())
        return self._answer(campaign, status=201, location=True)

    @extend_schema(responses=CampaignSerializer)
    def retrieve(self, request: Request, campaign_id: str) -> Response:
        """Read a campaign.

        With the counts of its deliveries by state.
        """
        self.only()
        campaign = find_campaign(campaign_id)
        return Response(answers([campaign])[0], headers={"ETag": etag_for(campaign)})

    @extend_schema(request=CampaignChangeSerializer, responses=CampaignSerializer)
    def partial_update(self, request: Request, campaign_id: str) -> Response:
        """Change a draft.

        Refused in every other state: what was approved is what is sent.
        """
        self.only()
        campaign = find_campaign(campaign_id)
        self.check_unchanged(etag_for(campaign))
        return self._answer(change_campaign(campaign=campaign, values=self.body(), by=self.actor, now=timezone.now()))

    @extend_schema(operation_id="deleteCampaign", request=None, responses={204: None})
    def destroy(self, request: Request, campaign_id: str) -> Response:
        """Delete a draft.

        Refused (409) once it was launched: such a one can be archived, and its history stays.
        """
        self.only()
        campaign = find_campaign(campaign_id)
        self.check_unchanged(etag_for(campaign))
        delete_campaign(campaign=campaign, by=self.actor, now=timezone.now())
        return Response(status=204)

    @extend_schema(operation_id="duplicateCampaign", request=None, responses={201: CampaignSerializer})
    def duplicate(self, request: Request, campaign_id: str) -> Response:
        """Copy a campaign.

        A new draft with the same words, audience and limits.
        """
        return self._step(campaign_id, duplicate_campaign, status=201)

    @extend_schema(operation_id="submitCampaign", request=None, responses=CampaignSerializer)
    def submit(self, request: Request, campaign_id: str) -> Response:
        """Hand a draft in for approval.

        Refused with everything that stands against launching it.
        """
        return self._step(campaign_id, submit_campaign)

    @extend_schema(operation_id="launchCampaign", request=None, responses=CampaignSerializer)
    def launch(self, request: Request, campaign_id: str) -> Response:
        """Launch an approved campaign.

        At once, or at its `send_at`.
        """
        return self._step(campaign_id, launch_campaign)

    @extend_schema(operation_id="pauseCampaign", request=ReasonInputSerializer, responses=CampaignSerializer)
    def pause(self, request: Request, campaign_id: str) -> Response:
        """Pause a campaign.

        Nothing more is handed to the mail server.
        """
        return self._step(campaign_id, pause_campaign, reason=self.reason())

    @extend_schema(operation_id="resumeCampaign", request=None, responses=CampaignSerializer)
    def resume(self, request: Request, campaign_id: str) -> Response:
        """Let a paused campaign go on."""
        return self._step(campaign_id, resume_campaign)

    @extend_schema(operation_id="cancelCampaign", request=ReasonInputSerializer, responses=CampaignSerializer)
    def cancel(self, request: Request, campaign_id: str) -> Response:
        """Cancel a campaign.

        Whoever was not sent to is left out for good.
        """
        return self._step(campaign_id, cancel_campaign, reason=self.reason())

    @extend_schema(operation_id="unscheduleCampaign", request=None, responses=CampaignSerializer)
    def unschedule(self, request: Request, campaign_id: str) -> Response:
        """Take a campaign off the schedule.

        Its approval stands; it waits to be launched again.
        """
        return self._step(campaign_id, unschedule_campaign)

    @extend_schema(operation_id="sendToUnsent", request=UnsentInputSerializer, responses=CampaignSerializer)
    def send_unsent(self, request: Request, campaign_id: str) -> Response:
        """Send to those who were missed.

        Of a campaign that was completed with gaps; permission is read anew for everybody.
        """
        body = self.body() if self.request.data else {}
        also = body.pop("also_unknown", False)
        if body or not isinstance(also, bool):
            name = str(next(iter(body), "also_unknown"))
            raise InvalidInput(f"Invalid '{name[:120]}'", param=name[:120])
        return self._step(campaign_id, send_to_unsent, also_unknown=also)

    @extend_schema(operation_id="promoteCampaign", request=None, responses=CampaignSerializer)
    def promote(self, request: Request, campaign_id: str) -> Response:
        """Promote a pilot to the full audience.

        Everybody else of the audience taken at launch gets the message; nobody gets it twice.
        """
        return self._step(campaign_id, promote_campaign)

    @extend_schema(operation_id="archiveCampaign", request=None, responses=CampaignSerializer)
    def archive(self, request: Request, campaign_id: str) -> Response:
        """Put a campaign away.

        Out of the lists; its history and figures stay.
        """
        return self._step(campaign_id, archive_campaign)

    def _step(self, campaign_id: str, step: Callable[..., Campaign], status: int = 200, **more: Any) -> Response:
        self.only()
        campaign = find_campaign(campaign_id)
        return self._answer(step(campaign=campaign, by=self.actor, now=timezone.now(), **more), status=status)

    def _answer(self, campaign: Campaign, status: int = 200, location: bool = False) -> Response:
        headers = {"ETag": etag_for(campaign)}
        if location:
            headers["Location"] = f"/api/v1/campaigns/{campaign.public_id}"
        return Response(answers([campaign])[0], status=status, headers=headers)


class DeliveryViewSet(ApiViewSet):
    """/api/v1/campaigns/{campaign_id}/deliveries."""

    scopes = {"list": "campaigns:read"}
    tag = "Campaigns"
    queryset = Delivery.objects.all()
    serializer_class = DeliverySerializer
    filterset_class = DeliveryFilter
    sort_fields = ("id",)
    default_sort = "-id"

    @extend_schema(operation_id="listCampaignDeliveries", responses=DeliverySerializer(many=True))
    def list(self, request: Request, campaign_id: str) -> HttpResponse:  # type: ignore[override]
        """List who was sent to, and why others were not.

        One entry for each person of the audience.
        """
        rows, now = list_deliveries(find_campaign(campaign_id)), timezone.now()
        rows = rows_leaving(rows, "customer", recipient=self.credential.client_id, now=now)
        page = self.list_page(rows, filterset=DeliveryFilter, now=now)
        return self.page_response(page, [delivery_answer(row) for row in page.rows])


def answers(campaigns: Any) -> list[dict[str, Any]]:
    """These campaigns with segments, counts, reactions, outcomes and templates; five queries."""
    rows = list(campaigns)
    parts, counts, reactions, outcomes = parts_of(rows), counts_of(rows), reactions_of(rows), outcomes_of(rows)
    templates = templates_of(rows)
    return [
        campaign_answer(row, parts.get(row.pk, []), counts.get(row.pk, {}), reactions[row.pk], outcomes[row.pk])
        | {"templates": templates.get(row.pk, [])}
        for row in rows
    ]


def etag_for(campaign: Campaign) -> str:
    """Changes with the draft and with its state."""
    return etag_of(campaign.public_id, campaign.version, campaign.state, campaign.updated_at)
