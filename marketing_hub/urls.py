"""Where every door is."""

from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from campaigns.api import providers
from campaigns.api.urls import ofrep
from consent.api import data_rights, preferences, public
from consent.api.catalogue import well_known_gpc
from engagement.api import calls, tracking
from integrations.api import leaks, opendsr
from marketing_hub import api_v1, documents
from marketing_hub.health import healthz, readyz, status
from marketing_hub.metrics import metrics
from marketing_hub.portal.views import postman_collection
from marketing_hub.system.raw import window

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="console:home")),
    path("console", RedirectView.as_view(pattern_name="console:home")),
    path("console/", include("marketing_hub.console")),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", window.urls),
    path("api/v1/", include(api_v1.urlpatterns)),
    path("api/v2", include("integrations.api.urls_v2")),
    path("api/", include(api_v1.aliases)),
    path("", include("integrations.api.oauth_urls")),
    path("", include(ofrep)),
    path("", include(public.urlpatterns)),
    path("", include(preferences.urlpatterns)),
    path("", include(data_rights.urlpatterns)),
    path("", include(opendsr.urlpatterns)),
    path("", include(tracking.urlpatterns)),
    path("", include(calls.urlpatterns)),
    path("", include(providers.urlpatterns)),
    path("", include(leaks.urlpatterns)),
    path(".well-known/gpc.json", well_known_gpc, name="gpc-json"),
    path(".well-known/api-catalog", documents.api_catalog),
    path("api/schema.yaml", documents.serve_yaml, name="schema-yaml"),
    path("api/schema.json", documents.serve_json, name="schema-json"),
    path("api/schema", documents.serve_schema, name="schema"),
    path("api/changelog", RedirectView.as_view(pattern_name="docs-changelog")),
    path("api/changelog.atom", documents.changelog_feed, name="changelog-feed"),
    path("api/postman.json", postman_collection, name="postman"),
    path("api/errors/<slug:code>", documents.error, name="error"),
    path("api/status", status, name="status"),
    path("api/docs", documents.swagger, name="swagger"),
    path("api/redoc", documents.redoc, name="redoc"),
    path("docs", RedirectView.as_view(pattern_name="docs")),
    path("docs/", include("marketing_hub.portal.urls")),
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
]

handler400 = "marketing_hub.refusals.bad_request"
handler403 = "marketing_hub.refusals.forbidden"
handler404 = "marketing_hub.refusals.not_found"
handler500 = "marketing_hub.refusals.broken"
