"""Attribute definitions as the rules read them."""

from django.db.models import QuerySet

from core.errors import NotFound
from customers.models import AttributeDefinition, PiiClass
from customers.rules.attributes import AttributeRule
from customers.rules.sealed import SEALED_CLASSES


def list_definitions(*, include_archived: bool = False) -> list[AttributeDefinition]:
    """Every definition, by key; archived ones on demand."""
    rows = AttributeDefinition.objects.order_by("key")
    return list(rows if include_archived else rows.filter(archived_at__isnull=True))


def all_definitions() -> QuerySet[AttributeDefinition]:
    """Every definition, archived ones included."""
    return AttributeDefinition.objects.all()


def personal_keys() -> list[str]:
    """Keys of attributes, archived ones included, that only callers with the right to personal data may see."""
    rows = AttributeDefinition.objects.exclude(pii_class=PiiClass.NONE).order_by("key")
    return list(rows.values_list("key", flat=True))


def sensitive_keys() -> frozenset[str]:
    """Keys of attributes, archived ones included, whose values are withheld of people who limit their use."""
    rows = AttributeDefinition.objects.filter(pii_class__in=SEALED_CLASSES)
    return frozenset(rows.values_list("key", flat=True))


def confidential_keys() -> list[str]:
    """Keys of attributes, archived ones included, whose values leave to nobody outside."""
    rows = AttributeDefinition.objects.filter(pii_class=PiiClass.CONFIDENTIAL).order_by("key")
    return list(rows.values_list("key", flat=True))


def find_definition(key: str) -> AttributeDefinition:
    """The definition with this key; NotFound otherwise."""
    definition = AttributeDefinition.objects.filter(key=key).first()
    if definition is None:
        raise NotFound("There is no attribute with this key.")
    return definition


def attribute_rules() -> list[AttributeRule]:
    """The definitions of this moment as the rules read them; one query."""
    return _rules(list_definitions())


def all_rules() -> list[AttributeRule]:
    """The same with archived definitions, under which values are still stored; one query."""
    return _rules(list_definitions(include_archived=True))


def _rules(definitions: list[AttributeDefinition]) -> list[AttributeRule]:
    return [
        AttributeRule(
            key=row.key,
            type=row.type,
            options=tuple(row.options),
            unit=row.unit,
            pii_class=row.pii_class,
            purpose=row.purpose,
            description=row.description,
        )
        for row in definitions
    ]
