"""Addresses of engagement below /api/v1, and the unversioned ones below /api."""

from django.urls import path

from engagement.api import documents
from engagement.api.ingest import post_event, post_events

__all__ = ["aliases", "documents", "urlpatterns"]

aliases = [
    path("engagement/events", post_events),
    path("engagement/<str:event_type>", post_event),
]
urlpatterns = [*aliases]
