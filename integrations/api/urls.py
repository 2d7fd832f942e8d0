"""Addresses below /api/v1."""

from django.urls import path

from integrations.api.account import Limits, Me, UsageView
from integrations.api.audit import AuditEntries, AuditSeals
from integrations.api.versions import Versions

urlpatterns = [
    path("me", Me.as_view(), name="me"),
    path("limits", Limits.as_view(), name="limits"),
    path("versions", Versions.as_view(), name="versions"),
    path("usage", UsageView.as_view(), name="usage"),
    path("audit", AuditEntries.as_view({"get": "list"}), name="audit"),
    path("audit/seals", AuditSeals.as_view({"get": "list"}), name="audit-seals"),
]
