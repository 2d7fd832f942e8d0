"""Serializers written in snake_case that read and answer camelCase, as the consent addresses are documented."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from consent.selectors.answers import camel

AnyField = serializers.Field[Any, Any, Any, Any]


def renamed(name: str) -> dict[str, Any]:
    """The `source` of a field whose outer name differs from `name`."""
    return {} if camel(name) == name else {"source": name}


class CamelSerializer(serializers.Serializer[object]):
    """Member names are the field names in camelCase; checked values come out under the field names."""

    def get_fields(self) -> dict[str, AnyField]:
        """The declared fields under their outer names."""
        fields: dict[str, AnyField] = {}
        for name, field in super().get_fields().items():
            outer = camel(name)
            if outer != name:
                field.source = name
            fields[outer] = field
        return fields


class StrictSerializer(CamelSerializer):
    """Reads snake_case too, and refuses members it does not know: a misspelt one would lose a consent."""

    def to_internal_value(self, data: Any) -> Any:
        """The checked values; ValidationError names each unknown member."""
        if isinstance(data, Mapping):
            data = {name if name in self.fields else camel(str(name)): value for name, value in data.items()}
            word = ErrorDetail("Unknown field.", code="unknown_parameter")
            unknown = {str(name): [word] for name in data if name not in self.fields}
            if unknown:
                raise serializers.ValidationError(unknown)
        return super().to_internal_value(data)
