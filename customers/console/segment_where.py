"""Conditions on the properties of an event as fields of the builder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from customers.rules.segments.operands import Subject
from customers.rules.segments.operators import BY_NAME, Operand, Type, for_type
from customers.rules.segments.where import MAX_WHERE
from customers.selectors.segments.registry import segment_criteria

FIELDS: Final = ("wprop", "wop", "wval", "wsec")


@dataclass(slots=True)
class WhereRow:
    """One condition on a property as it was typed."""

    property: str = ""
    op: str = ""
    value: str = ""
    second: str = ""
    drawn: dict[str, Any] = field(default_factory=dict)


def rows_of(where: Sequence[Mapping[str, Any]]) -> list[WhereRow]:
    """The fields of stored conditions."""
    return [_row(item) for item in where]


def _row(item: Mapping[str, Any]) -> WhereRow:
    row, value = WhereRow(item["property"], item["op"]), item.get("value")
    operand = BY_NAME[row.op].operand
    if operand is Operand.MANY:
        row.value = ", ".join(str(one) for one in value or ())
    elif operand is Operand.RANGE:
        row.value, row.second = (str(one) for one in value or ("", ""))
    elif value is not None:
        row.value = str(value)
    return row


def rows_posted(data: Mapping[str, Any], path: str) -> list[WhereRow]:
    """The fields below a line as they were sent."""
    numbers = [n for n in range(MAX_WHERE) if f"wprop:{path}:{n}" in data]
    texts = ([str(data.get(f"{name}:{path}:{n}", "")) for name in FIELDS] for n in numbers)
    return [WhereRow(name, op, value, second) for name, op, value, second in texts]


def where_of(rows: Sequence[WhereRow], known: Mapping[str, Subject]) -> list[dict[str, Any]]:
    """What the fields spell, not yet checked; an operator that does not fit the property gives way to one that does."""
    return [_asked(row, known.get(row.property)) for row in rows]


def _asked(row: WhereRow, subject: Subject | None) -> dict[str, Any]:
    kind = subject.type if subject else Type.ANY
    allowed = [operator.name for operator in for_type(kind, simple=True)]
    if row.op not in allowed:
        row.op, row.value, row.second = allowed[0], "", ""
    value = _value(row, kind)
    return {"property": row.property.strip(), "op": row.op} | ({} if value is None else {"value": value})


def _value(row: WhereRow, kind: Type) -> Any:
    operator = BY_NAME[row.op]
    is_number = Type.NUMBER in operator.types and Type.TEXT not in operator.types

    def typed(text: str) -> Any:
        return number_of(text.strip()) if is_number else text.strip()

    if operator.operand is Operand.NONE:
        return None
    if operator.operand is Operand.MANY:
        return [typed(item) for item in row.value.split(",") if item.strip()]
    if operator.operand is Operand.RANGE:
        return [typed(row.value), typed(row.second)]
    return typed(row.value)


def number_of(text: str) -> Any:
    """The number, or the text itself for the grammar to refuse."""
    try:
        return int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            return text


def known_properties(asked: Mapping[str, Any]) -> dict[str, Subject]:
    """What the properties of the events of a condition are, as far as that is described."""
    criterion = segment_criteria().get(str(asked.get("on")))
    if criterion is None or criterion.properties is None:
        return {}
    return dict(criterion.properties(asked))


def dress(rows: Sequence[WhereRow], known: Mapping[str, Subject]) -> None:
    """Give every row what its template draws."""
    for row in rows:
        subject = known.get(row.property)
        kind = subject.type if subject else Type.ANY
        operator = BY_NAME.get(row.op)
        row.drawn = {
            "operators": [(one.name, one.phrase) for one in for_type(kind, simple=True)],
            "operand": operator.operand.value if operator else "none",
            "options": subject.options if subject and len(subject.options) <= 60 else (),
        }
