"""Start-up of consent."""

from django.apps import AppConfig


class ConsentConfig(AppConfig):
    """Registers the app."""

    name = "consent"
    default_auto_field = "django.db.models.BigAutoField"
