"""Addresses below /docs/."""

from django.urls import path

from marketing_hub.portal import views

urlpatterns = [
    path("", views.overview, name="docs"),
    path("search", views.find, name="docs-search"),
    path("rate", views.rate, name="docs-rate"),
    path("data", views.data_model, name="docs-data"),
    path("data/<str:name>", views.shape, name="docs-shape"),
    path("errors", views.errors, name="docs-errors"),
    path("changelog", views.changelog, name="docs-changelog"),
    path("limits", views.limits, name="docs-limits"),
    path("support", views.support, name="docs-support"),
    path("downloads", views.downloads, name="docs-downloads"),
    path("postman/collection.json", views.postman_collection, name="docs-postman"),
    path("postman/environment.json", views.postman_environment, name="docs-postman-environment"),
    path("<path:name>", views.page, name="docs-page"),
]
