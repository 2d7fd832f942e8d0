"""JSON Schemas of event types: publishing them, compiling them, refusing bad ones when a partner registers a type."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

import jsonschema_rs
import msgspec

from core.errors import Problem
from engagement.rules.catalogue import Kind
from engagement.rules.members import MEMBERS

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
MAX_SCHEMA_BYTES: Final = 32_768
RESERVED_NAMES: Final = frozenset({"events", "types", "rejections", "cloudevents", "stream", "imports"})
MAY_BE_REQUIRED: Final = tuple(
    name for name in MEMBERS if name not in ("type", "schemaVersion", "timestamp", "consentToken")
)
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_WORD_STARTS: Final = re.compile(r"(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Form:
    """A version of an event type, compiled: what must be there, and the check of its properties."""

    kind: Kind
    needs: Callable[[Any], Any]
    validator: jsonschema_rs.Draft202012Validator | None

    def missing(self, event: Any) -> list[str]:
        """Required members that the event leaves out."""
        return [name for name in self.kind.required if getattr(event, attribute(name)) is None]


def compile_form(kind: Kind) -> Form:
    """The form of this kind; ValueError when its schema is no valid JSON Schema."""
    attributes = [attribute(name) for name in kind.required] or ["timestamp"]
    needs = attrgetter(*attributes) if len(attributes) > 1 else attrgetter(*attributes, attributes[0])
    return Form(kind, needs, _validator(kind.properties) if kind.properties is not None else None)


def attribute(name: str) -> str:
    """`campaignId` as Python spells it: `campaign_id`."""
    return _WORD_STARTS.sub("_", name).lower()


def _validator(schema: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """Looks nothing up on the network, never repeats a value in a message, matches patterns in linear time."""
    return jsonschema_rs.Draft202012Validator(
        dict(schema), offline=True, mask="this value", pattern_options=jsonschema_rs.RegexOptions()
    )


def published(kind: Kind) -> dict[str, Any]:
    """The JSON Schema of a whole event of this kind, as sent to the endpoint of its type."""
    members = {name: _member(name, kind) for name in MEMBERS if name not in ("type", "schemaVersion")}
    example = {"userId": "12345", "timestamp": "2024-06-10T13:45:00Z"}
    example |= {name: MEMBERS[name].example for name in kind.required} | dict(kind.example)
    schema: dict[str, Any] = {
        "$schema": DIALECT,
        "title": kind.title,
        "description": kind.description,
        "type": "object",
        "properties": members,
        "required": ["timestamp", *kind.required],
        "additionalProperties": False,
        "examples": [example],
    }
    if not {"userId", "anonymousId"} & set(kind.required):
        schema["anyOf"] = [
            {"required": [name], "properties": {name: {"type": "string"}}} for name in ("userId", "anonymousId")
        ]
    return schema


def _member(name: str, kind: Kind) -> dict[str, Any]:
    needed = name == "timestamp" or name in kind.required
    own = kind.properties if name == "properties" and kind.properties is not None else MEMBERS[name].schema
    schema = dict(own)
    if not needed:
        schema["type"] = [schema.get("type", "object"), "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    return schema | {"description": MEMBERS[name].meaning}


def check_name(name: str) -> list[Problem]:
    """What is wrong with the name of a type that somebody registers."""
    if not _NAME.fullmatch(name) or len(name) > 60:
        says = "Invalid 'name': use lower-case words joined by hyphens, for example webinar-join."
        return [Problem("name", "invalid_parameter", says)]
    if name in RESERVED_NAMES:
        return [Problem("name", "invalid_parameter", f"Invalid 'name': '{name}' is the address of something else.")]
    return []


def check_required(required: tuple[str, ...]) -> list[Problem]:
    """What is wrong with the members that a registered type requires."""
    unknown = [name for name in required if name not in MAY_BE_REQUIRED]
    says = f"choose from {', '.join(MAY_BE_REQUIRED)}"
    return [Problem("required", "invalid_parameter", f"Invalid 'required': {says}.")] if unknown else []


def check_properties_schema(schema: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the JSON Schema of a registered type's properties; [] when it can be used."""
    if len(msgspec.json.encode(schema)) > MAX_SCHEMA_BYTES:
        return [_refused(f"it is larger than {MAX_SCHEMA_BYTES} bytes")]
    if schema.get("$schema", DIALECT) != DIALECT:
        return [_refused(f"only {DIALECT} is understood")]
    if schema.get("type") != "object":
        return [_refused('it must say "type": "object"')]
    try:
        _validator(schema)
    except jsonschema_rs.ValidationError as error:
        return [_refused(str(error.message))]
    return []


def _refused(reason: str) -> Problem:
    return Problem("properties", "invalid_schema", f"Invalid 'properties': {reason}."[:300])


def check_properties(form: Form, properties: Mapping[str, Any] | None) -> list[Problem]:
    """Where these properties break the schema of their type, with the rule that is broken; never the value."""
    if form.validator is None:
        return []
    given = properties if properties is not None else {}
    if form.validator.is_valid(given):
        return []
    return [
        _problem(form.kind.name, error) for error, _ in zip(form.validator.iter_errors(given), range(5), strict=False)
    ]


def _problem(type_name: str, error: jsonschema_rs.ValidationError) -> Problem:
    path = ["properties", *error.instance_path]
    missing = getattr(error.kind, "property", None)
    if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Required) and missing:
        param = _dotted([*path, str(missing)])
        return Problem(param, "missing_field", f"Missing required field '{param}'")
    param = _dotted(path)
    return Problem(param, "invalid_parameter", f"Invalid '{param}': {error.message} (schema of '{type_name}')."[:300])


def _dotted(path: list[str | int]) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text[:120]
