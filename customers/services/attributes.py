"""Defining custom attributes, and checking values against the definitions."""

from collections.abc import Mapping
from typing import Any

from core.errors import Problem
from customers.selectors.attributes import list_definitions
from customers.services.profiles import AttributeCheck


def attribute_check() -> AttributeCheck:
    """A check of attribute values against the definitions of this moment; one query."""
    known = {definition.key for definition in list_definitions()}

    def check(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
        problems = [
            Problem(f"attributes.{key}", "unknown_parameter", "There is no attribute of this name.")
            for key in values
            if key not in known
        ]
        return dict(values), problems

    return check
