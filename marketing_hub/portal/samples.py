"""Values that keep to a JSON Schema of the OpenAPI document, and examples made whole with them."""

from typing import Any, Final

Schema = dict[str, Any]

ANY_TEXT: Final = "..."
_DEEPEST: Final = 5
_FORMATS: Final = {
    "date-time": "2026-11-21T12:00:00Z",
    "date": "2026-11-21",
    "time": "12:00:00",
    "uri": "https://example.com/",
    "email": "jane.doe@example.com",
    "uuid": "0b3f6a52-6a0e-4a3c-9c37-0f5d2f1c9d11",
}


class Sampler:
    """Makes values for the schemas of one document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.schemas: dict[str, Schema] = document["components"]["schemas"]

    def value(self, schema: Schema, depth: int = 0) -> Any:
        """A value of the schema: the first of those it names, else a plain one of its type."""
        schema = self.resolved(schema)
        for word in ("const", "example", "default"):
            if word in schema:
                return schema[word]
        for word in ("examples", "enum"):
            if schema.get(word):
                return schema[word][0]
        return self._made(schema, depth)

    def whole(self, schema: Schema, shown: Any, depth: int = 0) -> Any:
        """What an example shows, with every other member that the schema promises; `...` stands for any text."""
        schema = self.resolved(schema)
        if shown == ANY_TEXT:
            made = self.value(schema, depth)
            return made if isinstance(made, str) else "text"
        if isinstance(shown, dict):
            base = self.value(schema, depth)
            members = schema.get("properties", {})
            rest = base if isinstance(base, dict) else {}
            return rest | {name: self.whole(members.get(name, {}), part, depth + 1) for name, part in shown.items()}
        if isinstance(shown, list):
            return [self.whole(schema.get("items", {}), part, depth + 1) for part in shown]
        return shown

    def resolved(self, schema: Schema) -> Schema:
        """The schema behind references; of a choice the first part that is not null; parts of a whole put together."""
        while "$ref" in schema:
            schema = self.schemas[schema["$ref"].rpartition("/")[2]]
        if "allOf" in schema:
            parts = [self.resolved(part) for part in schema["allOf"]]
            members = {name: value for part in parts for name, value in part.get("properties", {}).items()}
            return {**{k: v for part in parts for k, v in part.items()}, **({"properties": members} if members else {})}
        for word in ("oneOf", "anyOf"):
            if word in schema:
                plain = [part for part in schema[word] if part.get("type") != "null"]
                return self.resolved((plain or schema[word])[0])
        return schema

    def _made(self, schema: Schema, depth: int) -> Any:
        kinds = schema.get("type", "object" if "properties" in schema else "null")
        kind = kinds if isinstance(kinds, str) else next(iter(kinds))
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            some = schema.get("minItems") or depth < _DEEPEST
            return [self.value(schema.get("items", {}), depth + 1)] if some else []
        if kind == "string":
            return _text(schema)
        if kind in ("integer", "number"):
            least = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
            number = max(least, 0)
            return number if kind == "integer" else float(number)
        return True if kind == "boolean" else None

    def _object(self, schema: Schema, depth: int) -> dict[str, Any]:
        required = schema.get("required", ())
        members = schema.get("properties", {}).items()
        return {name: self.value(part, depth + 1) for name, part in members if depth < _DEEPEST or name in required}


def _text(schema: Schema) -> str:
    made = _FORMATS.get(schema.get("format", ""), "text")
    return made.ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength", len(made) + 1_000)]
