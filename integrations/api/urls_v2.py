"""Addresses below /api/v2, which is in preview."""

from django.urls import path

from integrations.api.account import Limits, Me, UsageView
from integrations.api.versions import Versions

urlpatterns = [
    path("", Versions.as_view()),
    path("/me", Me.as_view()),
    path("/limits", Limits.as_view()),
    path("/usage", UsageView.as_view()),
]
