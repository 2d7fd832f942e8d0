"""Conditions on the properties of an event, and the step that follows an event."""

from collections.abc import Callable
from typing import Any, Final

from customers.rules.segments.lexer import Reader, quoted
from customers.rules.segments.operands import Subject, check_operand, operand_words, parse_operand
from customers.rules.segments.operators import ALL, BY_NAME, SIMPLE, Operator, Type, for_type
from customers.rules.segments.tree import MAX_TEXT
from customers.rules.segments.windows import check_span, parse_span, refuse, span_words

MAX_WHERE: Final = 10
_SIMPLE: Final = [operator for operator in ALL if operator.operand in SIMPLE]
PHRASES: Final = {operator.name: operator.phrase for operator in _SIMPLE if Type.ANY in operator.types}
PropertySubject = Callable[[str, str], Subject]


def anything(name: str, pointer: str) -> Subject:
    """A property of which nothing is known."""
    return Subject(Type.ANY, name)


def check_name(raw: Any, pointer: str) -> str:
    """The name of an event type or property: a text."""
    if not isinstance(raw, str) or not raw.strip() or len(raw) > MAX_TEXT or "\x00" in raw or not raw.isprintable():
        raise refuse(pointer, f"Give a text of 1 to {MAX_TEXT} characters.")
    return raw


def check_where(raw: Any, pointer: str, subject_of: PropertySubject = anything) -> list[dict[str, Any]]:
    """Conditions on properties, all of which must hold, each checked against its property's type."""
    if not isinstance(raw, list) or not 1 <= len(raw) <= MAX_WHERE:
        raise refuse(pointer, f"Give a list of 1 to {MAX_WHERE} conditions on properties.")
    return [_check_one(item, f"{pointer}/{index}", subject_of) for index, item in enumerate(raw)]


def _check_one(raw: Any, pointer: str, subject_of: PropertySubject) -> dict[str, Any]:
    if not isinstance(raw, dict) or not {"property", "op"} <= set(raw) <= {"property", "op", "value"}:
        raise refuse(pointer, "Give property, op and value.", "invalid_condition")
    name = check_name(raw["property"], f"{pointer}/property")
    subject = subject_of(name, f"{pointer}/property")
    operator = property_operator(raw["op"], subject, f"{pointer}/op")
    value = check_operand(operator, subject, raw.get("value"), pointer)
    return {"property": name, "op": operator.name} | ({} if value is None else {"value": value})


def property_operator(raw: Any, subject: Subject, pointer: str) -> Operator:
    """The operator of this name, if properties of this type can be compared with it."""
    allowed = [operator.name for operator in for_type(subject.type, simple=True)]
    if raw not in allowed:
        raise refuse(pointer, f"Choose one of: {', '.join(allowed)}.", "unknown_operator")
    return BY_NAME[str(raw)]


def where_words(where: list[dict[str, Any]]) -> str:
    """`where ("colour" is "blue"; "price" is at least 5)`."""
    parts = [f"{quoted(item['property'])} {operand_words(BY_NAME[item['op']], item.get('value'))}" for item in where]
    return f"where ({'; '.join(parts)})"


def parse_where(reader: Reader) -> list[dict[str, Any]] | None:
    """The conditions on properties that words spell next; None when something else comes."""
    if not reader.take("where ("):
        return None
    where = [_parse_one(reader)]
    while reader.take(";"):
        where.append(_parse_one(reader))
    reader.expect(")")
    return where


def _parse_one(reader: Reader) -> dict[str, Any]:
    name = reader.value("text")
    operator = BY_NAME[reader.choice(PHRASES)]
    value = parse_operand(operator, reader)
    return {"property": name, "op": operator.name} | ({} if value is None else {"value": value})


def check_step(raw: Any, pointer: str, subjects_of: Callable[[str, str], PropertySubject]) -> dict[str, Any]:
    """The event that follows: its type, conditions on its properties, within which time.

    `subjects_of(type, pointer)` refuses an unknown type and answers what its properties are.
    """
    if not isinstance(raw, dict) or not {"type", "within"} <= set(raw) <= {"type", "within", "where"}:
        raise refuse(pointer, "Give type and within, and where if you like.")
    name = check_name(raw["type"], f"{pointer}/type")
    known = subjects_of(name, f"{pointer}/type")
    where = {"where": check_where(raw["where"], f"{pointer}/where", known)} if raw.get("where") is not None else {}
    return {"type": name, **where, "within": check_span(raw["within"], f"{pointer}/within")}


def step_words(step: dict[str, Any]) -> str:
    """`"purchase" where (...) within 3 days`."""
    where = f" {where_words(step['where'])}" if "where" in step else ""
    return f"{quoted(step['type'])}{where} within {span_words(step['within'])}"


def parse_step(reader: Reader) -> dict[str, Any]:
    """The step that words spell next."""
    name = reader.value("text")
    where = parse_where(reader)
    reader.expect("within")
    return {"type": name} | ({"where": where} if where else {}) | {"within": parse_span(reader)}
