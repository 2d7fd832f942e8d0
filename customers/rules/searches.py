"""Searches as partners write them, in the grammar of segments: groups of filters, of which one group must hold whole.

The operators are those of HubSpot's CRM search API (developers.hubspot.com, "Search the CRM"): a property, an operator,
and `value`, `values` or `value` with `high_value`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from customers.rules.identity import BadIdentity, normalise
from customers.rules.segments.grammar import Grammar
from customers.rules.segments.operators import Type
from customers.rules.segments.own import IDENTITY_WORDS, PROFILE_WORDS
from customers.rules.segments.tree import (
    MAX_CONDITIONS,
    VERSION,
    Group,
    Node,
    RuleError,
    RuleProblem,
    conditions,
)
from customers.rules.segments.windows import refuse

MAX_GROUPS: Final = 10
MAX_FILTERS: Final = 20
_FIRST_DAY, _LAST_DAY = "1900-01-01", "2200-12-31"
"""The days that the grammar knows; beyond them nothing is stored."""
_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    **{name: ("profile", name) for name in PROFILE_WORDS},
    **{name: ("identity", name) for name in IDENTITY_WORDS},
    "orders.count": ("profile", "lifetime_orders"),
    "orders.total": ("profile", "lifetime_value"),
    "orders.currency": ("profile", "lifetime_currency"),
    "last_purchase.date": ("profile", "last_order_at"),
}
"""Properties that go by a name of their own: fields as answers call them, identifiers, figures of the profile."""
_PLURALS: Final = {"attributes": "attribute", "scores": "score"}
_WHOLE: Final = {"tags": "tags", "segments": "segment"}
OPERANDS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("EQ", "NEQ", "LT", "LTE", "GT", "GTE", "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"), ("value",)),
    "BETWEEN": ("value", "high_value"),
    **dict.fromkeys(("IN", "NOT_IN"), ("values",)),
    **dict.fromkeys(("HAS_PROPERTY", "NOT_HAS_PROPERTY"), ()),
}
"""Which members each operator takes."""
PROPERTIES: Final = tuple(dict.fromkeys((*_NAMES, *_WHOLE)))
"""Properties that need nothing behind their name; `<criterion>.<field>` names all others."""

_Made = Callable[[Mapping[str, Any], list[Any]], dict[str, Any]]


def _one(op: str) -> _Made:
    return lambda base, given: {**base, "op": op, "value": given[0]}


def _many(op: str) -> _Made:
    return lambda base, given: {**base, "op": op, "value": given}


def _bare(op: str) -> _Made:
    return lambda base, given: {**base, "op": op}


def _each(mode: str, op: str) -> _Made:
    return lambda base, given: {mode: [{**base, "op": op, "value": value} for value in given]}


def _not(made: _Made) -> _Made:
    return lambda base, given: {"not": made(base, given)}


def _since(base: Mapping[str, Any], given: list[Any]) -> dict[str, Any]:
    return {**base, "op": "between_dates", "value": [given[0], _LAST_DAY]}


def _until(base: Mapping[str, Any], given: list[Any]) -> dict[str, Any]:
    return {**base, "op": "between_dates", "value": [_FIRST_DAY, given[0]]}


def _at(base: Mapping[str, Any], given: list[Any]) -> dict[str, Any]:
    """On a day, or at exactly this instant."""
    if isinstance(given[0], str) and "T" in given[0]:
        return {**base, "op": "between_dates", "value": [given[0], given[0]]}
    return {**base, "op": "on", "value": given[0]}


def _truth(base: Mapping[str, Any], given: list[Any]) -> dict[str, Any]:
    wanted = {"true": True, "false": False}.get(given[0], given[0]) if isinstance(given[0], str) else given[0]
    if not isinstance(wanted, bool):
        raise refuse("/rule/value", "Give true or false.")
    return {**base, "op": "is_true" if wanted else "is_false"}


def _standing(base: Mapping[str, Any], given: list[Any]) -> dict[str, Any]:
    """Whether a purpose is allowed now, or where the record of it stands."""
    if given[0] in ("allowed", "not_allowed"):
        return {**base, "op": f"is_{given[0]}"}
    return {**base, "op": "state_is_one_of", "value": given}


def _recorded(base: Mapping[str, Any], given: list[Any]) -> dict[str, Any]:
    return {"not": {**base, "op": "state_is_one_of", "value": ["none"]}}


def _token(base: Mapping[str, Any], given: list[Any]) -> dict[str, Any]:
    """HubSpot's asterisk stands for anything before or behind."""
    text = given[0]
    if not isinstance(text, str) or not text.strip("*"):
        return {**base, "op": "contains", "value": None if isinstance(text, str) else text}
    before, behind = text.startswith("*"), text.endswith("*")
    op = "contains" if before == behind else "ends_with" if before else "starts_with"
    return {**base, "op": op, "value": text.strip("*")}


_KNOWN: Final[dict[str, _Made]] = {"HAS_PROPERTY": _bare("is_set"), "NOT_HAS_PROPERTY": _bare("is_not_set")}
_TEXT: Final[dict[str, _Made]] = {
    **_KNOWN,
    "EQ": _one("is"),
    "NEQ": _one("is_not"),
    "IN": _many("is_one_of"),
    "NOT_IN": _many("is_none_of"),
    "CONTAINS_TOKEN": _token,
    "NOT_CONTAINS_TOKEN": _not(_token),
}
_TIME: Final[dict[str, _Made]] = {
    **_KNOWN,
    "EQ": _at,
    "NEQ": _not(_at),
    "LT": _one("before"),
    "LTE": _until,
    "GT": _one("after"),
    "GTE": _since,
    "BETWEEN": _many("between_dates"),
}
_MEANINGS: Final[Mapping[Type, Mapping[str, _Made]]] = {
    Type.TEXT: _TEXT,
    Type.ENUM: {op: made for op, made in _TEXT.items() if made is not _token and op != "NOT_CONTAINS_TOKEN"},
    Type.ANY: _TEXT,
    Type.NUMBER: {
        **_KNOWN,
        "EQ": _one("equals"),
        "NEQ": _one("does_not_equal"),
        "LT": _one("less_than"),
        "LTE": _one("at_most"),
        "GT": _one("more_than"),
        "GTE": _one("at_least"),
        "BETWEEN": _many("between"),
        "IN": _each("any", "equals"),
        "NOT_IN": _each("all", "does_not_equal"),
    },
    Type.BOOLEAN: {**_KNOWN, "EQ": _truth, "NEQ": _not(_truth)},
    Type.DATE: _TIME,
    Type.DATETIME: _TIME,
    Type.LIST: {
        **_KNOWN,
        **dict.fromkeys(("EQ", "CONTAINS_TOKEN", "IN"), _many("has_any")),
        **dict.fromkeys(("NEQ", "NOT_CONTAINS_TOKEN", "NOT_IN"), _many("has_none")),
    },
    Type.MEMBERSHIP: {
        "EQ": _one("member_of"),
        "NEQ": _one("not_member_of"),
        "IN": _each("any", "member_of"),
        "NOT_IN": _each("all", "not_member_of"),
    },
    Type.CONSENT: {
        "EQ": _standing,
        "NEQ": _not(_standing),
        "IN": _many("state_is_one_of"),
        "NOT_IN": _not(_many("state_is_one_of")),
        "HAS_PROPERTY": _recorded,
        "NOT_HAS_PROPERTY": _not(_recorded),
    },
}


def read_groups(raw: Any, grammar: Grammar) -> Node:
    """The checked rule that means these filter groups; RuleError with the JSON Pointer of what is wrong.

    Nothing is guessed: no group, an empty group, a filter without a value refuses the whole search, so that a mistake
    never finds everybody.
    """
    if not isinstance(raw, list) or not 1 <= len(raw) <= MAX_GROUPS:
        raise refuse("", f"Give 1 to {MAX_GROUPS} groups of filters.", "invalid_group")
    node = Group("any", tuple(_group(group, f"/{index}", grammar) for index, group in enumerate(raw)))
    if sum(1 for _ in conditions(node)) > MAX_CONDITIONS:
        raise refuse("", f"A search has at most {MAX_CONDITIONS} conditions.", "too_many_conditions")
    return node


def named_in(raw: Any) -> list[tuple[str, str]]:
    """(kind, value) of the identifiers that filters ask for one by one; takes anything."""
    groups = raw[:MAX_GROUPS] if isinstance(raw, list) else []
    listed = [group.get("filters") for group in groups if isinstance(group, dict)]
    filters = [one for some in listed if isinstance(some, list) for one in some[:MAX_FILTERS] if isinstance(one, dict)]
    pairs = [
        (one.get("property"), value)
        for one in filters
        if one.get("property") in tuple(IDENTITY_WORDS) and one.get("operator") in ("EQ", "IN")
        for value in [one.get("value"), *(one["values"][:200] if isinstance(one.get("values"), list) else [])]
    ]
    return [(str(kind), value) for kind, value in pairs if isinstance(value, str)]


def _group(raw: Any, at: str, grammar: Grammar) -> Node:
    filters = raw.get("filters") if isinstance(raw, dict) and set(raw) == {"filters"} else None
    if not isinstance(filters, list) or not 1 <= len(filters) <= MAX_FILTERS:
        raise refuse(at, f"A group holds 1 to {MAX_FILTERS} 'filters' and nothing else.", "invalid_group")
    return Group("all", tuple(_filter(one, f"{at}/filters/{index}", grammar) for index, one in enumerate(filters)))


def _filter(raw: Any, at: str, grammar: Grammar) -> Node:
    if not isinstance(raw, dict):
        raise refuse(at, "A filter is an object with property and operator.", "invalid_condition")
    operator = raw.get("operator")
    if not isinstance(operator, str) or operator not in OPERANDS:
        raise refuse(f"{at}/operator", f"Choose one of: {', '.join(OPERANDS)}.", "unknown_operator")
    base = _subject(raw, at, grammar)
    given = _given(raw, operator, at)
    try:
        members = grammar.forms[base["on"]].check_members(base, "/rule")
        subject = grammar.subject_of(base["on"], members, "/rule")
        meanings = _MEANINGS.get(subject.type, {})
        if operator not in meanings:
            says = f"'{subject.label}' can be asked: {', '.join(meanings) or 'nothing here; send a rule'}."
            raise refuse("/rule/op", says, "operator_does_not_fit")
        made = meanings[operator](base, _spelled(given, base, operator, subject.type))
        return grammar.read({"version": VERSION, "rule": made})
    except RuleError as refusal:
        raise RuleError([_placed(problem, at, OPERANDS[operator]) for problem in refusal.problems]) from refusal


def _subject(raw: Mapping[str, Any], at: str, grammar: Grammar) -> dict[str, Any]:
    """What a filter is about, as a condition says it; its other members are those of the criterion."""
    name = raw.get("property")
    more = {key: value for key, value in raw.items() if key not in _OWN_MEMBERS}
    if not isinstance(name, str) or not name:
        raise refuse(f"{at}/property", "Name the property to look at.", "missing_member")
    if name in _WHOLE:
        return {**more, "on": _WHOLE[name]}
    before, _, behind = name.partition(".")
    on, field = _NAMES.get(name, (_PLURALS.get(before, before), behind))
    form = grammar.forms.get(on)
    if form is None or not field or "field" not in {member.name for member in form.members}:
        says = f"There is no property '{name[:60]}'; choose {', '.join(PROPERTIES)}, attributes.<key> or another"
        raise refuse(f"{at}/property", f"{says} <criterion>.<field> of the segment grammar.", "unknown_property")
    return {**more, "on": on, "field": field}


_OWN_MEMBERS: Final = frozenset({"property", "operator", "value", "values", "high_value", "on", "op", "field"})


def _given(raw: Mapping[str, Any], operator: str, at: str) -> list[Any]:
    """The operands in one list; none may be missing, none too many."""
    wanted = OPERANDS[operator]
    for name in ("on", "op", "field"):
        if name in raw:
            raise refuse(f"{at}/{name}", f"A filter has no '{name}'.", "unknown_member")
    for name in ("value", "values", "high_value"):
        if (raw.get(name) is not None) != (name in wanted):
            missing = name in wanted
            says = f"'{operator}' needs '{name}'." if missing else f"'{operator}' takes no '{name}'."
            raise refuse(f"{at}/{name}", says, "missing_value" if missing else "unknown_member")
    if wanted == ("values",):
        values = raw["values"]
        if not isinstance(values, list) or not values:
            raise refuse(f"{at}/values", "Give a list of values; an empty one is not counted.", "missing_value")
        return values
    return [raw[name] for name in wanted]


def _spelled(given: list[Any], base: Mapping[str, Any], operator: str, asked: Type) -> list[Any]:
    """Numbers that were sent as text, as HubSpot's clients do; identifiers as they are kept."""
    if asked is Type.NUMBER:
        return [_number(value) if isinstance(value, str) else value for value in given]
    if base["on"] == "identity" and operator in ("EQ", "NEQ", "IN", "NOT_IN"):
        return [_kept(base["field"], value) if isinstance(value, str) else value for value in given]
    return given


def _kept(kind: str, value: str) -> str:
    """An identifier as customers keep it; as it stands when it can be none."""
    try:
        return normalise(kind, value)
    except BadIdentity:
        return value


def _number(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


_SENT_AS: Final = {"op": "operator", "field": "property", "on": "property"}


def _placed(problem: RuleProblem, at: str, operands: Sequence[str]) -> RuleProblem:
    """A problem of the condition at the place of the filter that it stands for."""
    steps = [step for step in problem.pointer.split("/")[2:] if step not in ("not", "all", "any")]
    while steps and steps[0].isdigit():
        steps = steps[1:]
    if not steps:
        return RuleProblem(at, problem.code, problem.message)
    first = operands[0] if steps[0] == "value" and operands else _SENT_AS.get(steps[0], steps[0])
    rest = steps[1:] if first != "value" else []
    return RuleProblem("/".join([at, first, *rest]), problem.code, problem.message)
