"""Where every door is."""

from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="console:home")),
    path("console", RedirectView.as_view(pattern_name="console:home")),
    path("console/", include("marketing_hub.console")),
]

handler403 = "marketing_hub.refusals.forbidden"
handler404 = "marketing_hub.refusals.not_found"
handler500 = "marketing_hub.refusals.broken"
