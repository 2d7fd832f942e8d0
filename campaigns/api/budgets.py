"""/campaigns/{campaign_id}/budget-guard: raising a budget by itself when clicks spike, and taking a raise back."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.bodies import Bodies
from campaigns.api.serializers import ReasonInputSerializer
from campaigns.models import Campaign
from campaigns.selectors.budgets import find_raise, guard_of, raises_of
from campaigns.selectors.campaigns import find_campaign
from campaigns.services.budgets import end_guard, revert_raise, set_guard
from core.api.views import ApiView
from core.errors import NotFound


class BudgetGuardInputSerializer(serializers.Serializer[object]):
    """Inside what the budget is raised."""

    step = serializers.DecimalField(max_digits=8, decimal_places=2, help_text="The most that one raise adds.")
    ceiling = serializers.DecimalField(max_digits=8, decimal_places=2, help_text="The budget never goes above it.")
    factor = serializers.DecimalField(max_digits=4, decimal_places=1, required=False, help_text="3.0 by default.")
    least_clicks = serializers.IntegerField(required=False, help_text="20 by default.")
    window_minutes = serializers.IntegerField(required=False, help_text="60 by default.")
    cooldown_minutes = serializers.IntegerField(required=False, help_text="360 by default.")


class BudgetRaiseSerializer(serializers.Serializer[object]):
    """One raise, and why."""

    id = serializers.CharField()
    before = serializers.FloatField()
    after = serializers.FloatField()
    clicks = serializers.IntegerField(help_text="Messages that people clicked in the window.")
    usual = serializers.FloatField(help_text="The mean of the windows before.")
    at = serializers.DateTimeField()
    reverted_at = serializers.DateTimeField(allow_null=True)
    reverted_because = serializers.CharField(help_text="The reason of whoever took it back.")


class BudgetGuardSerializer(serializers.Serializer[object]):
    """The guard of a campaign and its last 50 raises."""

    active = serializers.BooleanField()
    step = serializers.FloatField()
    ceiling = serializers.FloatField()
    factor = serializers.FloatField()
    least_clicks = serializers.IntegerField()
    window_minutes = serializers.IntegerField()
    cooldown_minutes = serializers.IntegerField()
    set_by = serializers.CharField()
    raised_at = serializers.DateTimeField(allow_null=True)
    raises = BudgetRaiseSerializer(many=True)


class BudgetGuardView(Bodies, ApiView):
    """GET, PUT and DELETE /api/v1/campaigns/{campaign_id}/budget-guard."""

    scopes = {"get": "campaigns:read", "put": "campaigns:write", "delete": "campaigns:write"}
    tag = "Campaigns"

    @extend_schema(operation_id="getBudgetGuard", responses=BudgetGuardSerializer)
    def get(self, request: Request, campaign_id: str) -> Response:
        """Read the budget guard of a campaign.

        404 when none was set.
        """
        self.only()
        return Response(_answer(find_campaign(campaign_id)))

    @extend_schema(operation_id="setBudgetGuard", request=BudgetGuardInputSerializer, responses=BudgetGuardSerializer)
    def put(self, request: Request, campaign_id: str) -> Response:
        """Let the budget of a campaign be raised when clicks spike.

        By one step at a time, never above the ceiling, not again within the cooldown. Clicks of machines do not count.
        Refused (403) for who submitted the campaign, and (409) while it has no budget.
        """
        self.only()
        campaign = find_campaign(campaign_id)
        set_guard(campaign=campaign, values=self.body(), by=self.actor, now=timezone.now())
        return Response(_answer(campaign))

    @extend_schema(operation_id="endBudgetGuard", request=None, responses={204: None})
    def delete(self, request: Request, campaign_id: str) -> Response:
        """Stop raising the budget.

        What was raised stays.
        """
        self.only()
        end_guard(campaign=find_campaign(campaign_id), by=self.actor, now=timezone.now())
        return Response(status=204)


class RevertRaise(Bodies, ApiView):
    """POST /api/v1/campaigns/{campaign_id}/budget-raises/{raise_id}/revert."""

    scopes = {"post": "campaigns:write"}
    tag = "Campaigns"

    @extend_schema(operation_id="revertBudgetRaise", request=ReasonInputSerializer, responses=BudgetGuardSerializer)
    def post(self, request: Request, campaign_id: str, raise_id: str) -> Response:
        """Take a raise of the budget back.

        The budget is lower by what was added, and the guard is off.
        """
        self.only()
        campaign = find_campaign(campaign_id)
        found = find_raise(campaign, raise_id)
        revert_raise(budget_raise=found, reason=self.reason(), by=self.actor, now=timezone.now())
        return Response(_answer(campaign))


def _answer(campaign: Campaign) -> dict[str, Any]:
    guard = guard_of(campaign)
    if guard is None:
        raise NotFound("This campaign has no budget guard.")
    return {
        "active": guard.active,
        "step": float(guard.step),
        "ceiling": float(guard.ceiling),
        "factor": float(guard.factor),
        "least_clicks": guard.least_clicks,
        "window_minutes": guard.window_minutes,
        "cooldown_minutes": guard.cooldown_minutes,
        "set_by": guard.set_by,
        "raised_at": guard.raised_at,
        "raises": [
            {
                "id": one.public_id,
                "before": float(one.before),
                "after": float(one.after),
                "clicks": one.clicks,
                "usual": one.usual,
                "at": one.at,
                "reverted_at": one.reverted_at,
                "reverted_because": one.reverted_because,
            }
            for one in raises_of(campaign)
        ],
    }
