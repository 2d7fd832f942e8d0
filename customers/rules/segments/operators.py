"""The operators of segment rules: what each means, on which types of value, with which operand, in which words."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final


class Type(StrEnum):
    """Types of what a condition is about. `ANY` is a property of an event that no schema describes."""

    TEXT = "text"
    ENUM = "enum"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    LIST = "list"
    ANY = "any"
    MEMBERSHIP = "membership"
    CONSENT = "consent"
    SEQUENCE = "sequence"


class Operand(StrEnum):
    """Shapes of `value`."""

    NONE = "none"
    ONE = "one"
    MANY = "many"
    RANGE = "range"
    SPAN = "span"
    PERCENT = "percent"
    CHANGE = "change"
    CHANGE_TO = "change_to"
    CHANGE_FROM_TO = "change_from_to"
    STEP = "step"


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator. `phrase` is how words say it; no other operator is said so. `joint` stands between two values."""

    name: str
    types: frozenset[Type]
    operand: Operand
    phrase: str
    meaning: str
    example: Mapping[str, Any]
    joint: str = "to"


_TEXT: Final = frozenset({Type.TEXT, Type.ENUM, Type.ANY})
_FREE_TEXT: Final = frozenset({Type.TEXT, Type.ANY})
_NUMBER: Final = frozenset({Type.NUMBER, Type.ANY})
_RANKED: Final = frozenset({Type.NUMBER})
_BOOLEAN: Final = frozenset({Type.BOOLEAN, Type.ANY})
_TIME: Final = frozenset({Type.DATE, Type.DATETIME})
_VALUES: Final = _TEXT | _NUMBER | _BOOLEAN | _TIME | {Type.LIST}
_TRACKED: Final = frozenset({Type.TEXT, Type.ENUM, Type.NUMBER, Type.BOOLEAN, Type.DATE, Type.DATETIME})
_LIST: Final = frozenset({Type.LIST})
_MEMBER: Final = frozenset({Type.MEMBERSHIP})
_CONSENT: Final = frozenset({Type.CONSENT})
_SEQUENCE: Final = frozenset({Type.SEQUENCE})


def _country(op: str, value: Any = None) -> dict[str, Any]:
    return _on("profile", "country", op, value)


def _on(on: str, field: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"on": on, "field": field, "op": op} | ({} if value is None else {"value": value})


def _listed(op: str, phrase: str, meaning: str) -> Operator:
    example = {"on": "tags", "op": op, "value": ["vip", "newsletter"]}
    return Operator(op, _LIST, Operand.MANY, phrase, meaning, example)


def _orders(op: str, value: Any) -> dict[str, Any]:
    return {"on": "purchases", "field": "count", "window": {"last": {"days": 365}}, "op": op, "value": value}


def _step(op: str) -> dict[str, Any]:
    value = {"type": "purchase", "within": {"days": 3}}
    return {"on": "sequence", "type": "view", "window": {"last": {"days": 30}}, "op": op, "value": value}


ALL: Final = (
    Operator("is", _TEXT, Operand.ONE, "is", "Exactly this value.", _country("is", "DE")),
    Operator("is_not", _TEXT, Operand.ONE, "is not", "Any other value, or none.", _country("is_not", "DE")),
    Operator("is_one_of", _TEXT, Operand.MANY, "is one of", "One of these.", _country("is_one_of", ["DE", "FR"])),
    Operator("is_none_of", _TEXT, Operand.MANY, "is none of", "None of these.", _country("is_none_of", ["DE", "FR"])),
    Operator(
        "contains",
        _FREE_TEXT,
        Operand.ONE,
        "contains",
        "The text stands somewhere in it, in capitals or not.",
        _on("profile", "created_via", "contains", "import"),
    ),
    Operator(
        "does_not_contain",
        _FREE_TEXT,
        Operand.ONE,
        "does not contain",
        "The text stands nowhere in it, or there is no value.",
        _on("profile", "created_via", "does_not_contain", "import"),
    ),
    Operator(
        "starts_with",
        _FREE_TEXT,
        Operand.ONE,
        "starts with",
        "It begins so, in capitals or not.",
        _on("profile", "region", "starts_with", "US-"),
    ),
    Operator(
        "ends_with",
        _FREE_TEXT,
        Operand.ONE,
        "ends with",
        "It ends so, in capitals or not.",
        _on("identity", "email", "ends_with", "@example.com"),
    ),
    Operator("is_set", _VALUES, Operand.NONE, "is known", "There is a value.", _on("identity", "phone", "is_set")),
    Operator(
        "is_not_set", _VALUES, Operand.NONE, "is unknown", "There is none.", _on("identity", "phone", "is_not_set")
    ),
    Operator("equals", _NUMBER, Operand.ONE, "equals", "Exactly this number.", _orders("equals", 2)),
    Operator(
        "does_not_equal",
        _NUMBER,
        Operand.ONE,
        "does not equal",
        "Any other number, or none.",
        _orders("does_not_equal", 2),
    ),
    Operator("more_than", _NUMBER, Operand.ONE, "is more than", "Greater.", _orders("more_than", 1)),
    Operator("at_least", _NUMBER, Operand.ONE, "is at least", "Greater or equal.", _orders("at_least", 2)),
    Operator("less_than", _NUMBER, Operand.ONE, "is less than", "Smaller.", _orders("less_than", 2)),
    Operator("at_most", _NUMBER, Operand.ONE, "is at most", "Smaller or equal.", _orders("at_most", 1)),
    Operator(
        "between",
        _NUMBER,
        Operand.RANGE,
        "is from",
        "From one number to another, both included.",
        _orders("between", [1, 3]),
    ),
    Operator(
        "top_percent",
        _RANKED,
        Operand.PERCENT,
        "is in the top",
        "At least as great as the smallest of the given share with the greatest values, among all who have one.",
        _on("profile", "lifetime_value", "top_percent", 25),
    ),
    Operator(
        "bottom_percent",
        _RANKED,
        Operand.PERCENT,
        "is in the bottom",
        "At most as great as the greatest of the given share with the smallest values, among all who have one.",
        _on("profile", "lifetime_value", "bottom_percent", 25),
    ),
    Operator("is_true", _BOOLEAN, Operand.NONE, "is true", "Yes.", _on("privacy", "gpc", "is_true")),
    Operator("is_false", _BOOLEAN, Operand.NONE, "is false", "No; not: unknown.", _on("privacy", "gpc", "is_false")),
    Operator(
        "before",
        _TIME,
        Operand.ONE,
        "is before",
        "Earlier than this day or instant.",
        _on("profile", "created_at", "before", "2026-01-01"),
    ),
    Operator(
        "after",
        _TIME,
        Operand.ONE,
        "is after",
        "Later than this day (not on it) or instant.",
        _on("profile", "created_at", "after", "2026-01-01"),
    ),
    Operator(
        "on", _TIME, Operand.ONE, "is on", "On this day, in UTC.", _on("profile", "birth_date", "on", "1990-02-14")
    ),
    Operator(
        "between_dates",
        _TIME,
        Operand.RANGE,
        "is between",
        "From one day to another, both included.",
        _on("profile", "created_at", "between_dates", ["2026-01-01", "2026-03-31"]),
        joint="and",
    ),
    Operator(
        "within_last",
        _TIME,
        Operand.SPAN,
        "is within the last",
        "In the time up to now.",
        _on("profile", "last_seen_at", "within_last", {"days": 60}),
    ),
    Operator(
        "longer_ago_than",
        _TIME,
        Operand.SPAN,
        "is longer ago than",
        "Before that time; never does not count.",
        _on("profile", "last_seen_at", "longer_ago_than", {"days": 60}),
    ),
    Operator(
        "within_next",
        _TIME,
        Operand.SPAN,
        "is within the next",
        "In the time that comes.",
        {"on": "attribute", "field": "renews_on", "op": "within_next", "value": {"days": 14}},
    ),
    Operator(
        "anniversary_within",
        _TIME,
        Operand.SPAN,
        "has its anniversary within",
        "The day of the year comes round today or within that time; 29 February on the 28th where there is none.",
        _on("profile", "birth_date", "anniversary_within", {"days": 7}),
    ),
    _listed("has_any", "include any of", "At least one of these."),
    _listed("has_all", "include all of", "Each of these."),
    _listed("has_none", "include none of", "Not one of these."),
    Operator(
        "member_of",
        _MEMBER,
        Operand.ONE,
        "is in segment",
        "A member of that segment as last calculated.",
        {"on": "segment", "op": "member_of", "value": "loyal"},
    ),
    Operator(
        "not_member_of",
        _MEMBER,
        Operand.ONE,
        "is not in segment",
        "No member of it as last calculated.",
        {"on": "segment", "op": "not_member_of", "value": "loyal"},
    ),
    Operator(
        "is_allowed",
        _CONSENT,
        Operand.NONE,
        "is allowed",
        "The law and the person's record allow this purpose now.",
        _on("consent", "marketing_email", "is_allowed"),
    ),
    Operator(
        "is_not_allowed",
        _CONSENT,
        Operand.NONE,
        "is not allowed",
        "They do not.",
        _on("consent", "marketing_email", "is_not_allowed"),
    ),
    Operator(
        "state_is_one_of",
        _CONSENT,
        Operand.MANY,
        "stands at one of",
        "The person's record of this purpose is in one of these states; `none` is no record.",
        _on("consent", "marketing_email", "state_is_one_of", ["granted", "imported"]),
    ),
    Operator(
        "followed_by",
        _SEQUENCE,
        Operand.STEP,
        "was followed by",
        "After at least one of the first events the second came within the time.",
        _step("followed_by"),
    ),
    Operator(
        "not_followed_by",
        _SEQUENCE,
        Operand.STEP,
        "was not followed by",
        "After at least one of the first events the second did not come, and the time for it has run out.",
        _step("not_followed_by"),
    ),
    Operator(
        "changed",
        _TRACKED,
        Operand.CHANGE,
        "changed",
        "It changed within the time.",
        _country("changed", {"within": {"days": 30}}),
    ),
    Operator(
        "changed_to",
        _TRACKED,
        Operand.CHANGE_TO,
        "changed to",
        "It changed to this value within the time.",
        _country("changed_to", {"to": "FR", "within": {"days": 30}}),
    ),
    Operator(
        "changed_from_to",
        _TRACKED,
        Operand.CHANGE_FROM_TO,
        "changed from",
        "It changed from one value to the other, in one step, within the time.",
        _country("changed_from_to", {"from": "DE", "to": "FR", "within": {"days": 30}}),
    ),
)

BY_NAME: Final[Mapping[str, Operator]] = {operator.name: operator for operator in ALL}
CHANGES: Final = frozenset({Operand.CHANGE, Operand.CHANGE_TO, Operand.CHANGE_FROM_TO})
SIMPLE: Final = frozenset({Operand.NONE, Operand.ONE, Operand.MANY, Operand.RANGE})
"""Operands that a property of an event can be compared with."""


def for_type(value_type: Type, *, tracked: bool = True, simple: bool = False) -> list[Operator]:
    """Operators for values of this type; `tracked` says that changes are kept, `simple` leaves out the clever ones."""
    found = [operator for operator in ALL if value_type in operator.types]
    found = [operator for operator in found if tracked or operator.operand not in CHANGES]
    return [operator for operator in found if operator.operand in SIMPLE] if simple else found
