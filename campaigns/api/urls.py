"""Addresses of campaigns below /api/v1."""

from typing import Any

from django.urls import path

from campaigns.api.campaigns import CampaignViewSet, DeliveryViewSet

_MANY: dict[str, Any] = {"get": "list", "post": "create"}
_ONE: dict[str, Any] = {"get": "retrieve", "patch": "partial_update"}
_STEPS = ("duplicate", "submit", "launch", "pause", "resume", "cancel", "archive")

urlpatterns = [
    path("campaigns", CampaignViewSet.as_view(_MANY)),
    path("campaigns/<str:campaign_id>", CampaignViewSet.as_view(_ONE)),
    *(path(f"campaigns/<str:campaign_id>/{step}", CampaignViewSet.as_view({"post": step})) for step in _STEPS),
    path("campaigns/<str:campaign_id>/deliveries", DeliveryViewSet.as_view({"get": "list"})),
]
