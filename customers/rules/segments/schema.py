"""The grammar as JSON Schema (2020-12), for builders of other people."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from customers.rules.segments.forms import SPAN_SCHEMA, Form
from customers.rules.segments.operators import ALL, Operand, Operator
from customers.rules.segments.tree import MAX_CONDITIONS, MAX_DEPTH, MAX_VALUES, VERSION
from customers.rules.segments.where import MAX_WHERE, PHRASES

_VALUE: Final = {"type": ["string", "number", "boolean"]}
_STEP: Final = {
    "type": "object",
    "properties": {"type": {"type": "string"}, "where": {"$ref": "#/$defs/where"}, "within": SPAN_SCHEMA},
    "required": ["type", "within"],
    "additionalProperties": False,
}


def json_schema(forms: Mapping[str, Form]) -> dict[str, Any]:
    """The schema of a rule; it takes every rule that `Grammar.read` takes.

    What depends on this installation (keys of attributes, event types, slugs) is checked when the rule is sent.
    """
    shapes = {name: shape for form in forms.values() for name, shape in _shapes(form)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:marketing-hub:segment-rule:1",
        "title": "Segment rule",
        "description": f"Groups stand at most {MAX_DEPTH} deep and hold at most {MAX_CONDITIONS} conditions.",
        "type": "object",
        "properties": {"version": {"const": VERSION}, "rule": {"$ref": "#/$defs/node"}},
        "required": ["version", "rule"],
        "additionalProperties": False,
        "$defs": {
            "node": {"anyOf": [{"$ref": f"#/$defs/{name}"} for name in ("all", "any", "not", *shapes)]},
            **{mode: _group(mode) for mode in ("all", "any")},
            "not": _object({"not": {"$ref": "#/$defs/node"}}, ["not"]),
            "where": _where(),
            **shapes,
        },
    }


def _group(mode: str) -> dict[str, Any]:
    nodes = {"type": "array", "items": {"$ref": "#/$defs/node"}, "minItems": 1, "maxItems": MAX_CONDITIONS}
    return _object({mode: nodes}, [mode])


def _where() -> dict[str, Any]:
    by_operand: dict[Operand, list[Operator]] = defaultdict(list)
    for operator in ALL:
        if operator.name in PHRASES:
            by_operand[operator.operand].append(operator)
    items = [_asked({"property": {"type": "string"}}, ["property"], same) for same in by_operand.values()]
    return {"type": "array", "items": {"anyOf": items}, "minItems": 1, "maxItems": MAX_WHERE}


def _shapes(form: Form) -> list[tuple[str, dict[str, Any]]]:
    """One shape for each kind of operand that the criterion's operators take."""
    by_operand: dict[Operand, list[Operator]] = defaultdict(list)
    for operator in form.operators():
        by_operand[operator.operand].append(operator)
    members = {"on": {"const": form.on}} | {member.name: member.schema() for member in form.members}
    needed = ["on", *(member.name for member in form.members if member.required)]
    return [
        (f"{form.on}_{operand}", {"title": form.meaning} | _asked(members, needed, same))
        for operand, same in by_operand.items()
    ]


def _asked(members: dict[str, Any], needed: list[str], operators: Sequence[Operator]) -> dict[str, Any]:
    says = "; ".join(f"{operator.name}: {operator.meaning}" for operator in operators)
    asked = {**members, "op": {"type": "string", "enum": [o.name for o in operators], "description": says}}
    value = _operand(operators[0].operand)
    shape = _object(asked | ({"value": value} if value else {}), [*needed, "op", *(["value"] if value else [])])
    examples = [dict(o.example) for o in operators if o.example.get("on") == members.get("on", {}).get("const")]
    return shape | ({"examples": examples} if examples else {})


def _operand(operand: Operand) -> dict[str, Any]:
    many = {"type": "array", "items": _VALUE, "minItems": 1, "maxItems": MAX_VALUES}
    shapes: dict[Operand, dict[str, Any]] = {
        Operand.NONE: {},
        Operand.ONE: _VALUE,
        Operand.MANY: many,
        Operand.RANGE: {"type": "array", "items": {"type": ["string", "number"]}, "minItems": 2, "maxItems": 2},
        Operand.SPAN: SPAN_SCHEMA,
        Operand.PERCENT: {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 100},
        Operand.CHANGE: _object({"within": SPAN_SCHEMA}, ["within"]),
        Operand.CHANGE_TO: _object({"to": _VALUE, "within": SPAN_SCHEMA}, ["to", "within"]),
        Operand.CHANGE_FROM_TO: _object(
            {"from": _VALUE, "to": _VALUE, "within": SPAN_SCHEMA}, ["from", "to", "within"]
        ),
        Operand.STEP: _STEP,
    }
    return shapes[operand]


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
