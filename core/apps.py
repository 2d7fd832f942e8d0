"""Start-up of core."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Registers the app."""

    name = "core"
    default_auto_field = "django.db.models.BigAutoField"
