"""The product's addresses with the kit's pages among them."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from core.console.views import screen
from marketing_hub import console
from marketing_hub.urls import handler403, handler404, handler500
from tests.support.kit import pages

__all__ = ["handler403", "handler404", "handler500", "urlpatterns"]


def crash(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("crash")


kit = [
    screen("kit", pages.JobList),
    screen("kit/slow", pages.SlowList),
    screen("kit/new", pages.NewJob),
    screen("kit/rotate", pages.Rotate),
    screen("kit/jobs/<str:public_id>", pages.JobDetail),
    screen("kit/jobs/<str:public_id>/stop", pages.StopJob),
]
urlpatterns = [
    path("crash", crash),
    path("api/crash", crash),
    path("console/", include(([*console.urlpatterns, *kit], "console"))),
]
