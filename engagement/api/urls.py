"""Addresses of engagement below /api/v1, and the unversioned ones below /api."""

from django.urls import path

from engagement.api import documents, documents_calls, documents_reading
from engagement.api.campaign_reports import ChannelsReport, ConversionReport, ReportQuery, UpliftReport
from engagement.api.cloudevents import post_cloudevents
from engagement.api.events import list_or_count_events, stream_events
from engagement.api.ingest import post_event, post_events
from engagement.api.predictions import CustomerPrediction, PredictionBatch, PredictionModelViewSet
from engagement.api.reports import AttributionReport
from engagement.api.types import delete_type, post_type, show_rejections, show_type, show_types
from engagement.api.verbs import by_method

__all__ = ["aliases", "documents", "documents_calls", "documents_reading", "urlpatterns"]

aliases = [
    path("engagement/cloudevents", post_cloudevents),
    path("engagement/events", by_method(GET=stream_events, POST=post_events)),
    path("engagement/types", by_method(GET=show_types, POST=post_type)),
    path("engagement/types/<str:name>", by_method(GET=show_type, DELETE=delete_type)),
    path("engagement/rejections", show_rejections),
    path("engagement/<str:event_type>", post_event),
]
urlpatterns = [
    *aliases,
    path("events", list_or_count_events),
    path("reports/attribution", AttributionReport.as_view()),
    path("reports/channels", ChannelsReport.as_view()),
    path("reports/conversion", ConversionReport.as_view()),
    path("reports/query", ReportQuery.as_view()),
    path("reports/uplift", UpliftReport.as_view()),
    path("predictions", PredictionModelViewSet.as_view({"get": "list"})),
    path("predictions/batch", PredictionBatch.as_view()),
    path("predictions/<str:model>/<path:user_id>", CustomerPrediction.as_view()),
    path("event-types/<str:name>/schema", by_method(GET=show_type)),
]
