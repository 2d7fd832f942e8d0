"""Start-up of campaigns."""

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    """Registers the app."""

    name = "campaigns"
    default_auto_field = "django.db.models.BigAutoField"
