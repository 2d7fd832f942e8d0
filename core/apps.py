"""Start-up of core."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class CoreConfig(AppConfig):
    """Registers the app, and lets every app contribute to lower floors through its `hooks` module."""

    name = "core"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Import the tasks and hooks of all apps: importing `hooks` is what registers."""
        autodiscover_modules("tasks", "hooks")
