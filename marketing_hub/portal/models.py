"""The data model as its readers need it: every shape of the OpenAPI document, field by field, and where it is used."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from marketing_hub.documents import schema

_REF: Final = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class Field:
    """One member: its type in words, the shape behind it if it has one, and what is known about its values."""

    name: str
    type: str
    shape: str
    required: bool
    description: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Use:
    """An operation that takes or answers a shape."""

    operation: str
    summary: str
    method: str
    path: str
    tag: str
    direction: str


@dataclass(frozen=True, slots=True)
class Shape:
    """One schema of the document: an object with fields, or a set of values."""

    name: str
    description: str
    fields: tuple[Field, ...]
    values: tuple[str, ...]
    uses: tuple[Use, ...]

    @property
    def url(self) -> str:
        """Its page."""
        return f"/docs/data/{self.name}"


@dataclass(frozen=True, slots=True)
class Resource:
    """A tag of the API: its operations and the scopes these need."""

    tag: str
    operations: int
    scopes: tuple[str, ...]
    shapes: tuple[Shape, ...]


@cache
def shapes() -> dict[str, Shape]:
    """Every shape by name, in alphabetical order."""
    described = schema()["components"]["schemas"]
    uses: dict[str, list[Use]] = {}
    for use, names in _uses():
        for name in names:
            uses.setdefault(name, []).append(use)
    return {name: _shape(name, described[name], tuple(uses.get(name, ()))) for name in sorted(described)}


@cache
def resources() -> tuple[Resource, ...]:
    """What the API shows, tag by tag."""
    found = []
    for tag in (entry["name"] for entry in schema()["tags"]):
        own = [operation for _, _, operation in operations() if operation["tags"][0] == tag]
        scopes = {s for operation in own for way in operation["security"] for s in way.get("oauth2", ())}
        used = [shape for shape in shapes().values() if any(use.tag == tag for use in shape.uses)]
        found.append(Resource(tag, len(own), tuple(sorted(scopes)), tuple(used)))
    return tuple(found)


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, verb and operation object of every operation, by path."""
    for path, item in schema()["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def _uses() -> Iterator[tuple[Use, set[str]]]:
    """Each operation once with the shapes it takes and once with those it answers when it succeeds."""
    for path, method, operation in operations():
        good = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        for direction, part in (("takes", operation.get("requestBody", {})), ("answers", good)):
            use = Use(
                operation["operationId"], operation["summary"], method.upper(), path, operation["tags"][0], direction
            )
            yield use, set(_direct(part))


def _direct(part: Any) -> Iterator[str]:
    """The shapes that a part of the document names itself; of a page the shape of its rows."""
    if isinstance(part, dict):
        if str(part.get("$ref", "")).startswith(_REF):
            yield from _of_rows(part["$ref"].removeprefix(_REF))
        for name, value in part.items():
            if name not in ("example", "examples"):
                yield from _direct(value)
    elif isinstance(part, list):
        for value in part:
            yield from _direct(value)


def _of_rows(name: str) -> Iterator[str]:
    yield name
    if name.startswith("Paginated"):
        yield from _direct(schema()["components"]["schemas"][name]["properties"]["data"])


def _shape(name: str, described: dict[str, Any], uses: tuple[Use, ...]) -> Shape:
    required = described.get("required", ())
    fields = tuple(_field(key, value, key in required) for key, value in described.get("properties", {}).items())
    return Shape(name, _words(described), fields, _values(described), uses)


def _field(name: str, described: dict[str, Any], required: bool) -> Field:
    shape = next(iter(_direct(described)), "")
    return Field(name, _type(described), shape, required, _words(described), _values(described))


def _words(described: dict[str, Any]) -> str:
    return str(described.get("description", "")).replace("`", "")


def _values(described: dict[str, Any]) -> tuple[str, ...]:
    return tuple("null" if value is None else str(value) for value in described.get("enum", ()))


def _type(described: dict[str, Any]) -> str:
    """`text`, `number`, `list of text`, ... and `or null` where that may be."""
    if "$ref" in described:
        return str(described["$ref"]).removeprefix(_REF)
    for word in ("oneOf", "anyOf", "allOf"):
        if word in described:
            return " or ".join(dict.fromkeys(_type(part) for part in described[word]))
    kinds = described.get("type", "anything")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return " or ".join(_kind(kind, described) for kind in kinds)


_WORDS: Final = {"string": "text", "integer": "whole number", "boolean": "true or false"}
_FORMATS: Final = {"date-time": "instant", "date": "day", "uri": "address", "email": "e-mail address", "uuid": "UUID"}


def _kind(kind: str, described: dict[str, Any]) -> str:
    if kind == "array":
        return f"list of {_type(described.get('items', {}))}"
    if kind == "string" and described.get("format") in _FORMATS:
        return _FORMATS[described["format"]]
    return _WORDS.get(kind, kind)
