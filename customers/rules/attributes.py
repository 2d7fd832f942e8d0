"""Check values of custom attributes against their definitions; publish the definitions as JSON Schema."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from django.db.models.enums import TextChoices

MAX_TEXT = 1000
MAX_ITEMS = 100
MAX_ITEM_TEXT = 200
# Whole numbers beyond this lose digits in the doubles that JSON readers use (RFC 8259 section 6).
MAX_NUMBER = 2**53

_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


class AttributeType(TextChoices):
    """Types of value; the stored text is the API's spelling."""

    TEXT = "text", "Text"
    NUMBER = "number", "Number"
    BOOLEAN = "boolean", "Yes or no"
    DATE = "date", "Date"
    DATETIME = "datetime", "Date and time"
    ENUM = "enum", "One of a list"
    LIST = "list", "List of texts"


@dataclass(frozen=True, slots=True)
class AttributeRule:
    """The definition of one attribute as far as checking needs it; `options` are the values an enum or list allows."""

    key: str
    type: str
    options: tuple[str, ...] = ()
    unit: str = ""
    pii_class: str = "none"
    purpose: str = ""
    required: bool = False
    description: str = ""


class AttributeProblem(NamedTuple):
    """Why a value was refused: `code` is unknown_attribute, required, wrong_type, not_an_option, too_long,
    too_many_items, out_of_range, not_a_date or unstorable; the message never repeats the value."""

    key: str
    code: str
    message: str


class _Refusal(ValueError):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def check_attributes(
    values: Mapping[str, Any], rules: Iterable[AttributeRule], *, partial: bool = False
) -> tuple[dict[str, Any], list[AttributeProblem]]:
    """(clean values, problems), in the order of `values`; store only when there are no problems.

    Types are JSON types and are not converted: "5" is no number and 1 is no boolean. Dates come out as YYYY-MM-DD,
    instants (which need an offset) in UTC with Z. None clears an attribute and stays None in the clean values.
    `partial` says that attributes left out keep their value, so that a required one may be absent.
    """
    by_key = {rule.key: rule for rule in rules}
    clean: dict[str, Any] = {}
    problems: list[AttributeProblem] = []
    for key, value in values.items():
        rule = by_key.get(key)
        if rule is None:
            problems.append(AttributeProblem(key, "unknown_attribute", "No attribute of this name is defined."))
            continue
        try:
            clean[key] = _check(rule, value)
        except _Refusal as refusal:
            problems.append(AttributeProblem(key, refusal.code, refusal.message))
    if not partial:
        missing = (rule.key for rule in by_key.values() if rule.required and rule.key not in values)
        problems.extend(AttributeProblem(key, "required", "This attribute is required.") for key in missing)
    return clean, problems


def json_schema(rules: Iterable[AttributeRule]) -> dict[str, Any]:
    """JSON Schema (2020-12) of the attributes object; it takes what `check_attributes` takes."""
    ordered = sorted(rules, key=lambda rule: rule.key)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": False,
        "properties": {rule.key: _property_schema(rule) for rule in ordered},
        "required": [rule.key for rule in ordered if rule.required],
    }


def _check(rule: AttributeRule, value: Any) -> Any:
    if value is None:
        if rule.required:
            raise _Refusal("required", "This attribute is required and cannot be cleared.")
        return None
    return _CHECKS[rule.type](rule, value)


def _text(rule: AttributeRule, value: Any, limit: int = MAX_TEXT) -> str:
    if not isinstance(value, str):
        raise _Refusal("wrong_type", "Give a text.")
    if len(value) > limit:
        raise _Refusal("too_long", f"Give at most {limit} characters.")
    if _UNSTORABLE.search(value):
        raise _Refusal("unstorable", "The text holds a character that cannot be stored.")
    return value


def _number(rule: AttributeRule, value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Refusal("wrong_type", "Give a number.")
    if not math.isfinite(value) or abs(value) > MAX_NUMBER:
        raise _Refusal("out_of_range", f"Give a number between -{MAX_NUMBER} and {MAX_NUMBER}.")
    return value


def _boolean(rule: AttributeRule, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Refusal("wrong_type", "Give true or false.")
    return value


def _date(rule: AttributeRule, value: Any) -> str:
    text = _text(rule, value)
    try:
        if len(text) != len("2024-12-31"):
            raise ValueError
        return date.fromisoformat(text).isoformat()
    except ValueError as wrong:
        raise _Refusal("not_a_date", "Give a date as YYYY-MM-DD.") from wrong


def _instant(rule: AttributeRule, value: Any) -> str:
    text = _text(rule, value)
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is None or "T" not in text.upper():
            raise ValueError
        return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError) as wrong:
        raise _Refusal("not_a_date", "Give date, time and offset as in 2024-12-31T09:30:00Z.") from wrong


def _option(rule: AttributeRule, value: Any) -> str:
    text = _text(rule, value)
    if text not in rule.options:
        raise _Refusal("not_an_option", f"Give one of: {', '.join(rule.options)}.")
    return text


def _list(rule: AttributeRule, value: Any) -> list[str]:
    if not isinstance(value, list):
        raise _Refusal("wrong_type", "Give a list of texts.")
    if len(value) > MAX_ITEMS:
        raise _Refusal("too_many_items", f"Give at most {MAX_ITEMS} items.")
    return [_option(rule, item) if rule.options else _text(rule, item, MAX_ITEM_TEXT) for item in value]


_CHECKS: dict[str, Callable[[AttributeRule, Any], Any]] = {
    "text": _text,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "datetime": _instant,
    "enum": _option,
    "list": _list,
}

_SCHEMAS: dict[str, dict[str, Any]] = {
    "text": {"type": "string", "maxLength": MAX_TEXT},
    "number": {"type": "number", "minimum": -MAX_NUMBER, "maximum": MAX_NUMBER},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "enum": {"type": "string"},
    "list": {"type": "array", "maxItems": MAX_ITEMS},
}


def _property_schema(rule: AttributeRule) -> dict[str, Any]:
    schema = dict(_SCHEMAS[rule.type])
    if rule.type == "enum":
        schema["enum"] = list(rule.options)
    if rule.type == "list":
        item = {"enum": list(rule.options)} if rule.options else {"maxLength": MAX_ITEM_TEXT}
        schema["items"] = {"type": "string"} | item
    if not rule.required:
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    if rule.description:
        schema["description"] = rule.description
    notes = {"x-unit": rule.unit, "x-pii-class": rule.pii_class, "x-purpose": rule.purpose}
    return schema | {name: text for name, text in notes.items() if text}
