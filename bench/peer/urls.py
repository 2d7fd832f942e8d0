"""Doors of the peer."""

from django.urls import path

from bench.peer import views

urlpatterns = [
    path("tutorial/events", views.TutorialEvents.as_view()),
    path("tuned/events", views.TunedEvents.as_view()),
    path("customers", views.PagedCustomers.as_view()),
    path("customers/cursor", views.CursorCustomers.as_view()),
    path("consent", views.ConsentCheck.as_view()),
    path("promotion", views.ServedPromotion.as_view()),
    path("flag", views.EvaluatedFlag.as_view()),
]
