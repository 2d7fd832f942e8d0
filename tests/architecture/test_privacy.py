"""Every table that holds something about a customer is in the privacy registry."""

from django.apps import apps

from core.privacy import registered_models
from customers.models import Customer


def _refers_to_a_customer(model) -> bool:
    if model is Customer:
        return True
    fields = model._meta.get_fields(include_hidden=True)
    return any(
        (getattr(field, "related_model", None) is Customer and not field.auto_created)
        or getattr(field, "attname", "") == "customer_id"
        for field in fields
    )


def test_privacy_registry__models_about_customers__are_all_registered():
    about = {model for model in apps.get_models() if _refers_to_a_customer(model)}

    missing = {model.__name__ for model in about - registered_models()}

    assert missing == set()
