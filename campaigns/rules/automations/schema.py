"""The JSON Schema of a graph (draft 2020-12), and reading one: every refusal beside the member it is about."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import jsonschema_rs

from campaigns.rules.automations.graph import MAX_STEPS, VERSION, Reentry, StepType
from customers.rules.tags import SHAPE, UNFIT

MAX_PROBLEMS: Final = 20
_KEY: Final = {"type": "string", "pattern": "^[a-z][a-z0-9_-]{0,39}$"}
_NEXT: Final = {"anyOf": [_KEY, {"type": "null"}]}
_CLOCK: Final = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}
PATH: Final = "^[A-Za-z][A-Za-z0-9_]*(\\.[A-Za-z0-9_-]+){0,4}$"
MAX_CONDITIONS: Final = 10
_PATH: Final = {"type": "string", "pattern": PATH}
_LINE: Final = rf"^[^{UNFIT}]*$"
_TAG: Final = rf"^[^{UNFIT},]*[^{UNFIT},\s][^{UNFIT},]*$"
_SAID: Final[Mapping[str, str]] = {
    _LINE: "This text holds control characters; write it in one line.",
    _TAG: SHAPE.capitalize(),
}
"""What is wrong with a text that is not like these, in words."""


def _text(most: int, least: int = 1, pattern: str = _LINE) -> dict[str, Any]:
    return {"type": "string", "minLength": least, "maxLength": most, "pattern": pattern}


def _count(low: int, high: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": low, "maximum": high}


def _closed(needed: tuple[str, ...], **members: Any) -> dict[str, Any]:
    return {"type": "object", "properties": members, "required": list(needed), "additionalProperties": False}


_WHERE: Final = {
    "type": "array",
    "maxItems": MAX_CONDITIONS,
    "items": _closed(
        ("field", "op"),
        field=_PATH,
        op={"enum": ["is", "is_not", "contains", "at_least", "at_most", "is_set"]},
        value={"type": ["string", "number", "boolean"], "maxLength": 200},
    ),
}
_LENGTH: Final[dict[str, Any]] = {"days": _count(0, 365), "hours": _count(0, 23), "minutes": _count(0, 59)}
_DELAY: Final[dict[str, Any]] = {
    **_LENGTH,
    "at": _CLOCK,
    "weekdays": {"type": "array", "items": _count(1, 7), "uniqueItems": True, "minItems": 1},
}
TRIGGERS: Final[Mapping[str, dict[str, Any]]] = {
    "event": _closed(("on", "event"), on={"const": "event"}, event=_text(60), where=_WHERE, key=_PATH),
    "order": _closed(("on",), on={"const": "order"}, where=_WHERE, key=_PATH),
    "segment": _closed(("on", "segment"), on={"const": "segment"}, segment=_text(60)),
}
ENTRIES: Final[Mapping[str, dict[str, Any]]] = {
    **TRIGGERS,
    "date": _closed(
        ("on", "field", "at"),
        on={"const": "date"},
        field=_text(80),
        days=_count(-365, 365),
        at=_CLOCK,
        yearly={"type": "boolean"},
    ),
    "api": _closed(("on",), on={"const": "api"}),
}
_TAGS: Final = {"type": "array", "items": _text(100, pattern=_TAG), "maxItems": 20, "uniqueItems": True}
_BRANCH: Final = _closed(("key", "weight"), key=_text(20), weight=_count(0, 1000), next=_NEXT)


def _step(kind: StepType, *needed: str, **members: Any) -> dict[str, Any]:
    return _closed(("type", *needed), type={"const": kind.value}, title=_text(80, 0), **members)


STEPS: Final[Mapping[str, dict[str, Any]]] = {
    StepType.WAIT.value: _step(StepType.WAIT, **_DELAY, next=_NEXT),
    StepType.WAIT_FOR.value: _step(
        StepType.WAIT_FOR,
        "for",
        "timeout",
        **{"for": {"type": "object"}},
        timeout=_closed((), **_DELAY),
        next=_NEXT,
        otherwise=_NEXT,
    ),
    StepType.SPLIT.value: _step(StepType.SPLIT, "rule", rule={"type": "object"}, yes=_NEXT, no=_NEXT),
    StepType.AB.value: _step(
        StepType.AB, "branches", branches={"type": "array", "items": _BRANCH, "minItems": 2, "maxItems": 8}
    ),
    StepType.SEND.value: _step(
        StepType.SEND,
        "subject",
        "body",
        subject=_text(200, 0),
        body={"type": "string", "maxLength": 100_000},
        template=_text(50),
        next=_NEXT,
    ),
    StepType.TAG.value: _step(StepType.TAG, add=_TAGS, remove=_TAGS, next=_NEXT),
    StepType.WEBHOOK.value: _step(
        StepType.WEBHOOK, "name", name=_text(60), data={"type": "object", "maxProperties": 20}, next=_NEXT
    ),
    StepType.OFFER.value: _step(
        StepType.OFFER, "promotion", "attribute", promotion=_text(60), attribute=_text(60), next=_NEXT
    ),
    StepType.EXIT.value: _step(StepType.EXIT),
}
_LIMITS: Final = _closed(
    (),
    quiet_from=_CLOCK,
    quiet_until=_CLOCK,
    time_zone=_text(60),
    cap_messages=_count(1, 1_000),
    cap_days=_count(1, 90),
)
_OUTER: Final = _closed(
    ("version", "entry", "start", "steps"),
    version={"const": VERSION},
    entry={"type": "object"},
    reentry=_closed(("policy",), policy={"enum": Reentry.values}, days=_count(1, 365)),
    goals={"type": "array", "items": {"type": "object"}, "maxItems": 5},
    limits=_LIMITS,
    start=_KEY,
    steps={
        "type": "object",
        "propertyNames": _KEY,
        "additionalProperties": {"type": "object"},
        "minProperties": 1,
        "maxProperties": MAX_STEPS,
    },
)


@dataclass(frozen=True, slots=True)
class GraphProblem:
    """What is wrong, and where (a JSON Pointer into the graph)."""

    pointer: str
    code: str
    message: str


def published() -> dict[str, Any]:
    """The schema of a whole graph, for editors of partners."""
    outer = dict(_OUTER["properties"])
    outer["entry"] = {"oneOf": list(ENTRIES.values())}
    outer["goals"] = {**outer["goals"], "items": {"oneOf": list(TRIGGERS.values())}}
    waits = STEPS[StepType.WAIT_FOR.value]
    known = {**waits, "properties": {**waits["properties"], "for": {"oneOf": list(TRIGGERS.values())}}}
    steps = [*(schema for kind, schema in STEPS.items() if kind != StepType.WAIT_FOR), known]
    outer["steps"] = {**outer["steps"], "additionalProperties": {"oneOf": steps}}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_OUTER, "properties": outer}


def shape_problems(raw: Any) -> list[GraphProblem]:
    """Where a value is no graph; each part is held against the schema of its kind only, so that the words fit."""
    found = _against(_outer, raw, "")
    if found:
        return found[:MAX_PROBLEMS]
    found += _chosen(_entries, raw["entry"], "on", "/entry")
    for number, goal in enumerate(raw.get("goals", ())):
        found += _chosen(_triggers, goal, "on", f"/goals/{number}")
    for key, step in raw["steps"].items():
        wrong = _chosen(_steps, step, "type", f"/steps/{key}")
        if not wrong and step["type"] == StepType.WAIT_FOR:
            wrong = _chosen(_triggers, step["for"], "on", f"/steps/{key}/for")
        found += wrong
    return found[:MAX_PROBLEMS]


_Validator = jsonschema_rs.Draft202012Validator


def _compiled(schema: dict[str, Any]) -> _Validator:
    return _Validator(schema, offline=True, mask="this value", pattern_options=jsonschema_rs.RegexOptions())


_outer: Final = _compiled(_OUTER)
_entries: Final = {name: _compiled(schema) for name, schema in ENTRIES.items()}
_triggers: Final = {name: _compiled(schema) for name, schema in TRIGGERS.items()}
_steps: Final = {name: _compiled(schema) for name, schema in STEPS.items()}


def _chosen(validators: Mapping[str, _Validator], raw: Any, by: str, pointer: str) -> list[GraphProblem]:
    name = raw.get(by)
    if not isinstance(name, str) or name not in validators:
        message = f"Choose one of: {', '.join(validators)}."
        return [GraphProblem(f"{pointer}/{by}", "unknown_kind", message)]
    return _against(validators[name], raw, pointer)


def _against(validator: _Validator, raw: Any, pointer: str) -> list[GraphProblem]:
    return [
        GraphProblem(pointer + "".join(f"/{part}" for part in error.instance_path), "invalid_graph", _words(error))
        for error in validator.iter_errors(raw)
    ]


def _words(error: jsonschema_rs.ValidationError) -> str:
    return _SAID.get(getattr(error.kind, "pattern", ""), error.message)
