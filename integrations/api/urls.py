"""Addresses below /api/v1."""

from django.urls import path

from integrations.api.account import Limits, Me, UsageView

urlpatterns = [
    path("me", Me.as_view(), name="me"),
    path("limits", Limits.as_view(), name="limits"),
    path("usage", UsageView.as_view(), name="usage"),
]
