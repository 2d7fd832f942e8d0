"""Addresses that steer the sandbox."""

from django.urls import path

from marketing_hub.sandbox.api.views import SandboxClock, SandboxReset, SandboxSeed, SandboxSends, SandboxTrigger

urlpatterns = [
    path("sandbox/clock", SandboxClock.as_view()),
    path("sandbox/reset", SandboxReset.as_view()),
    path("sandbox/seed", SandboxSeed.as_view()),
    path("sandbox/trigger/<str:event_type>", SandboxTrigger.as_view()),
    path("sandbox/sends", SandboxSends.as_view()),
]
