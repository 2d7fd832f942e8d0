"""What the OpenAPI document cannot find by itself: operations of plain views, and words for REST views."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class PlainOperation:
    """One verb at one address of a plain view: an OpenAPI 3.1 operation object, and the scope of its door."""

    method: str
    path: str
    scope: str
    operation: dict[str, Any]


_operations: list[PlainOperation] = []
_components: dict[str, dict[str, Any]] = {}


def register_operation(method: str, path: str, *, scope: str, operation: dict[str, Any]) -> None:
    """Describe a plain view: `path` is absolute with {variables}; the object needs operationId, summary, responses.

    Error answers, security, tags by path and limit headers are added to every operation by the product.
    """
    _operations.append(PlainOperation(method.lower(), path, scope, operation))


def register_component(name: str, schema: dict[str, Any]) -> None:
    """Make a JSON Schema known as `#/components/schemas/<name>` for plain operations."""
    _components[name] = schema


def plain_operations() -> list[PlainOperation]:
    """What was registered."""
    return list(_operations)


def plain_components() -> dict[str, dict[str, Any]]:
    """What was registered."""
    return dict(_components)
