"""What the OpenAPI document cannot find by itself: operations of plain views, and examples that really work."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class PlainOperation:
    """One verb at one address of a plain view: an OpenAPI 3.1 operation object, and the scope of its door."""

    method: str
    path: str
    scope: str
    operation: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Example:
    """One call and its answer, shown in the document and executed by a test.

    The `EXAMPLES` of an app's `api.examples` are one story: a test makes the calls in order on an empty database,
    floor by floor from customers up. `answer` holds the members worth showing; the real answer has at least those,
    where "..." stands for any text. A path value `$operation.member` is that member of an earlier answer.
    """

    operation: str
    title: str
    path: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    status: int = 200
    answer: Any = None


OPERATIONS: list[PlainOperation] = []
COMPONENTS: dict[str, dict[str, Any]] = {}


def register_operation(method: str, path: str, *, scope: str, operation: dict[str, Any]) -> None:
    """Describe a plain view: `path` is absolute with {variables}; the object needs operationId, summary, responses.

    Error answers, security, tags by path and limit headers are added to every operation by the product.
    """
    OPERATIONS.append(PlainOperation(method.lower(), path, scope, operation))


def register_component(name: str, schema: dict[str, Any]) -> None:
    """Make a JSON Schema known as `#/components/schemas/<name>` for plain operations."""
    COMPONENTS[name] = schema
