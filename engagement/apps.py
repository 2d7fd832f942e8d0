"""Start-up of engagement."""

from django.apps import AppConfig


class EngagementConfig(AppConfig):
    """Registers the app."""

    name = "engagement"
    default_auto_field = "django.db.models.BigAutoField"
