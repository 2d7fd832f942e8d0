"""Addresses below /api/v1."""

from django.urls import path

from integrations.api.account import Limits, Me, UsageView
from integrations.api.audit import AuditEntries, AuditSeals
from integrations.api.changes import Changes
from integrations.api.events import EventById
from integrations.api.sinks import SinkViewSet
from integrations.api.stream import stream
from integrations.api.versions import Versions
from integrations.api.webhooks import WebhookDeliveryViewSet, WebhookEventTypes, WebhookViewSet

SINK = "sinks/<str:sink_id>"
WEBHOOK = "webhooks/<str:endpoint_id>"
DELIVERY = f"{WEBHOOK}/deliveries/<str:delivery_id>"

urlpatterns = [
    path("me", Me.as_view(), name="me"),
    path("limits", Limits.as_view(), name="limits"),
    path("versions", Versions.as_view(), name="versions"),
    path("usage", UsageView.as_view(), name="usage"),
    path("audit", AuditEntries.as_view({"get": "list"}), name="audit"),
    path("audit/seals", AuditSeals.as_view({"get": "list"}), name="audit-seals"),
    path("changes", Changes.as_view(), name="changes"),
    path("events/<str:event_id>", EventById.as_view(), name="event"),
    path("stream", stream, name="stream"),
    path("sinks", SinkViewSet.as_view({"get": "list", "post": "create"})),
    path(SINK, SinkViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"})),
    path(f"{SINK}/test", SinkViewSet.as_view({"post": "test"})),
    path(f"{SINK}/pause", SinkViewSet.as_view({"post": "pause"})),
    path(f"{SINK}/resume", SinkViewSet.as_view({"post": "resume"})),
    path("webhooks", WebhookViewSet.as_view({"get": "list", "post": "create"})),
    path("webhooks/event-types", WebhookEventTypes.as_view()),
    path(WEBHOOK, WebhookViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"})),
    path(f"{WEBHOOK}/secret/rotate", WebhookViewSet.as_view({"post": "rotate"})),
    path(f"{WEBHOOK}/test", WebhookViewSet.as_view({"post": "test"})),
    path(f"{WEBHOOK}/pause", WebhookViewSet.as_view({"post": "pause"})),
    path(f"{WEBHOOK}/enable", WebhookViewSet.as_view({"post": "enable"})),
    path(f"{WEBHOOK}/recover", WebhookViewSet.as_view({"post": "recover"})),
    path(f"{WEBHOOK}/deliveries", WebhookDeliveryViewSet.as_view({"get": "list"})),
    path(DELIVERY, WebhookDeliveryViewSet.as_view({"get": "retrieve"})),
    path(f"{DELIVERY}/retry", WebhookDeliveryViewSet.as_view({"post": "retry"})),
]
