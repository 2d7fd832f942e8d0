"""Defining custom attributes, and checking values against the definitions."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError, transaction

from core import audit
from core.actors import Actor
from core.errors import Conflict, InvalidInput, InvalidState, Problem
from customers.models import AttributeDefinition, AttributeType, PiiClass
from customers.rules.attributes import check_attributes
from customers.rules.fields import DICTIONARY
from customers.rules.sealed import SEALED_CLASSES, must_be_sealed, seal_sensitive
from customers.selectors.attributes import attribute_rules
from customers.services.profiles import AttributeCheck
from customers.services.resealing import start_resealing

MAX_ATTRIBUTES: Final = 500
_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,59}")
_CHANGEABLE: Final = ("name", "description", "options", "unit", "pii_class", "purpose", "owner")


def attribute_check() -> AttributeCheck:
    """A check of attribute values against the definitions of this moment, which also seals the sensitive ones."""
    rules = attribute_rules()
    to_seal = must_be_sealed(rules)

    def check(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
        clean, problems = check_attributes(values, rules, partial=True)
        clean = seal_sensitive(clean, to_seal)
        return clean, [Problem(f"attributes.{key}", code, message) for key, code, message in problems]

    return check


def define_attribute(
    *, key: str, value_type: str, values: Mapping[str, Any], by: Actor, now: datetime
) -> AttributeDefinition:
    """A new definition: values of this attribute may be stored from now on.

    Refuses: a key that is not lower-case letters, digits and underscores, or is the name of a profile field; an
    unknown type; an enum without options; a missing purpose (400); a key that is taken (409).
    """
    if not _KEY.fullmatch(key) or key in DICTIONARY:
        raise InvalidInput(
            "Invalid 'key': use lower-case letters, digits and underscores, and no name of a profile field.",
            param="key",
        )
    if value_type not in AttributeType.values:
        raise InvalidInput("Invalid 'type'", param="type")
    definition = AttributeDefinition(key=key, type=value_type, created_at=now, updated_at=now)
    _fill(definition, values)
    if AttributeDefinition.objects.count() >= MAX_ATTRIBUTES:
        raise InvalidInput(f"There may be at most {MAX_ATTRIBUTES} attributes.", code="business_rule")
    try:
        with transaction.atomic():
            definition.save(force_insert=True)
            audit.record(by=by, action="attribute.defined", target=key, changes={"type": ["", value_type]})
    except IntegrityError as taken:
        raise Conflict("There is an attribute with this key.", code="state_conflict", param="key") from taken
    return definition


@transaction.atomic
def change_attribute(*, key: str, values: Mapping[str, Any], by: Actor, now: datetime) -> AttributeDefinition:
    """The definition with other words, options or handling; key and type stay, since values are stored under them.

    When its class becomes sensitive, or ceases to be, a job seals or opens what is stored already.
    """
    definition = AttributeDefinition.objects.select_for_update().get(key=key)
    before = {name: getattr(definition, name) for name in _CHANGEABLE}
    _fill(definition, values)
    missing = [option for option in before["options"] if option not in definition.options]
    if missing and definition.type in (AttributeType.ENUM, AttributeType.LIST):
        raise InvalidState("Options that values may use cannot be taken away; add new ones instead.")
    definition.updated_at = now
    definition.save(update_fields=[*_CHANGEABLE, "updated_at"])
    changes = {
        name: [old, getattr(definition, name)] for name, old in before.items() if old != getattr(definition, name)
    }
    audit.record(by=by, action="attribute.changed", target=key, changes=changes)
    if (before["pii_class"] in SEALED_CLASSES) != (definition.pii_class in SEALED_CLASSES):
        start_resealing(by=by, now=now)
    return definition


@transaction.atomic
def archive_attribute(*, key: str, by: Actor, now: datetime) -> AttributeDefinition:
    """Stored values stay readable, new ones are refused; archiving again changes nothing."""
    definition = AttributeDefinition.objects.select_for_update().get(key=key)
    if definition.archived_at is None:
        definition.archived_at = definition.updated_at = now
        definition.save(update_fields=["archived_at", "updated_at"])
        audit.record(by=by, action="attribute.archived", target=key)
    return definition


def _fill(definition: AttributeDefinition, values: Mapping[str, Any]) -> None:
    """Put checked values onto the definition; InvalidInput names the first that is wrong."""
    for name, value in values.items():
        if name not in _CHANGEABLE:
            raise InvalidInput(f"Unknown parameter '{name}'", code="unknown_parameter", param=name)
        setattr(definition, name, _options(value) if name == "options" else _words(definition, name, value))
    definition.name = definition.name or definition.key
    if not definition.purpose:
        raise InvalidInput("Missing required field 'purpose'", code="missing_field", param="purpose")
    if definition.type == AttributeType.ENUM and not definition.options:
        raise InvalidInput("Missing required field 'options'", code="missing_field", param="options")


def _words(definition: AttributeDefinition, name: str, value: Any) -> str:
    limit = int(getattr(definition._meta.get_field(name), "max_length", 0))
    text = value.strip() if isinstance(value, str) else None
    if text is None or len(text) > limit or not text.isprintable():
        raise InvalidInput(f"Invalid '{name}': send a text of at most {limit} characters.", param=name)
    if name == "pii_class" and text not in PiiClass.values:
        raise InvalidInput("Invalid 'pii_class'", param="pii_class")
    return text


def _options(value: Any) -> list[str]:
    options = value if isinstance(value, Sequence) and not isinstance(value, str) else [None]
    texts = [option.strip() for option in options if isinstance(option, str) and 0 < len(option.strip()) <= 100]
    if len(texts) != len(options) or len(set(texts)) != len(texts) or len(texts) > 200:
        raise InvalidInput("Invalid 'options': send up to 200 distinct texts of 1 to 100 characters.", param="options")
    return texts
