"""Start-up of customers."""

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    """Registers the app."""

    name = "customers"
    default_auto_field = "django.db.models.BigAutoField"
