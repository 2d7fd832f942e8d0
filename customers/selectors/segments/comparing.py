"""The operators in SQL: a value compared with an operand."""

import json
from dataclasses import dataclass
from typing import Any, Final

from customers.rules.segments import times
from customers.rules.segments.operators import BY_NAME, CHANGES, Type
from customers.rules.segments.tree import Condition
from customers.rules.segments.windows import length
from customers.selectors.segments.builder import Builder, Test

OPPOSITES: Final = {
    "is_not": "is",
    "is_none_of": "is_one_of",
    "does_not_contain": "contains",
    "is_not_set": "is_set",
    "does_not_equal": "equals",
    "has_none": "has_any",
    "not_member_of": "member_of",
    "is_not_allowed": "is_allowed",
}
"""Operators that hold exactly where another does not, so also for people without a value."""
_ORDER: Final = {
    "equals": "=",
    "more_than": ">",
    "at_least": ">=",
    "less_than": "<",
    "at_most": "<=",
}
_TIMES: Final = frozenset({"before", "after", "on", "between_dates", "within_last", "longer_ago_than", "within_next"})
KNOWN_SQL: Final = "c.is_known AND c.merged_into_id IS NULL AND c.status <> 'deleted'"
"""The people that rules are about, as in `customers.models.customers.KNOWN`."""


@dataclass(frozen=True, slots=True)
class Value:
    """The value of a subject as SQL. `present` says when there is one, unless a null says so.

    `zero`: nothing counts as 0. `history` is the field under which changes are kept.
    """

    sql: str
    type: Type
    own: bool = False
    present: str = ""
    zero: bool = False
    history: str = ""


def compare(condition: Condition, value: Value, builder: Builder) -> Test:
    """The test of a condition on a single value."""
    seen = f"({value.sql})::text"
    opposite = OPPOSITES.get(condition.op)
    if opposite:
        return Test(expression(opposite, condition.value, value, builder), own=value.own, seen=seen).negated()
    if BY_NAME[condition.op].operand in CHANGES:
        return Test(_changed(condition, value, builder), certain=True, seen=seen)
    own = value.own and not condition.op.endswith("_percent")
    return Test(expression(condition.op, condition.value, value, builder), own=own, seen=seen)


def expression(op: str, operand: Any, value: Value, builder: Builder) -> str:
    """One positive operator on one value."""
    if op == "is_set":
        return value.present or f"{value.sql} IS NOT NULL"
    if op in _TIMES:
        return _time(op, operand, value, builder)
    if op in _ORDER or op == "between":
        return _number(op, operand, value, builder)
    if op.endswith("_percent"):
        return _ranked(op, operand, value, builder)
    if op == "anniversary_within":
        return _anniversary(operand, value, builder)
    if op in ("is_true", "is_false"):
        return f"{value.sql} IS {'TRUE' if op == 'is_true' else 'FALSE'}"
    return _listed(op, operand, value, builder) if value.type is Type.LIST else _text(op, operand, value, builder)


def _text(op: str, operand: Any, value: Value, builder: Builder) -> str:
    if op == "is":
        return f"{value.sql} = {builder.bind(operand, 'text')}"
    if op == "is_one_of":
        return f"{value.sql} = ANY({builder.bind(operand, 'text[]')})"
    text, part = f"lower({value.sql})", f"lower({builder.bind(operand, 'text')})"
    if op == "starts_with":
        return f"starts_with({text}, {part})"
    return f"strpos({text}, {part}) > 0" if op == "contains" else f"right({text}, length({part})) = {part}"


def _number(op: str, operand: Any, value: Value, builder: Builder) -> str:
    low, high = operand if op == "between" else (operand, operand)
    # A comparison that nothing (0) does not pass stays strict, so that the planner may start from the facts.
    passes = {"equals": low == 0, "more_than": low < 0, "at_least": low <= 0, "less_than": low > 0, "at_most": low >= 0}
    nothing_passes = low <= 0 <= high if op == "between" else passes[op]
    sql = f"coalesce({value.sql}, 0)" if value.zero and nothing_passes else value.sql
    if op == "between":
        return f"{sql} BETWEEN {_bound(low, builder)} AND {_bound(high, builder)}"
    return f"{sql} {_ORDER[op]} {_bound(operand, builder)}"


def _bound(number: int | float, builder: Builder) -> str:
    """A whole number as such, so that counts are not turned into decimals one by one."""
    return builder.bind(number, "bigint" if isinstance(number, int) else "numeric")


def _time(op: str, operand: Any, value: Value, builder: Builder) -> str:
    if value.type is Type.DATE:
        return " AND ".join(builder.within(value.sql, times.days(op, operand, builder.now, builder.zone), "date"))
    return " AND ".join(builder.within(value.sql, times.instants(op, operand, builder.now, builder.zone)))


def _ranked(op: str, operand: Any, value: Value, builder: Builder) -> str:
    order = "DESC" if op == "top_percent" else "ASC"
    present = value.present or f"{value.sql} IS NOT NULL"
    rank = (
        f"(SELECT percentile_disc({builder.bind(operand / 100, 'float8')}) WITHIN GROUP (ORDER BY {value.sql} {order})"  # noqa: S608
        f" FROM customers_customer c WHERE {KNOWN_SQL} AND {present})"
    )
    return f"({present}) AND {value.sql} {'>=' if op == 'top_percent' else '<='} {rank}"


def _anniversary(operand: Any, value: Value, builder: Builder) -> str:
    there = builder.bind(builder.zone.key, "text")
    day = value.sql if value.type is Type.DATE else f"({value.sql} AT TIME ZONE {there})::date"
    today = builder.now.astimezone(builder.zone).date()
    first, last = builder.bind(today, "date"), builder.bind(today + length(operand), "date")
    year = f"extract(year FROM {day})::integer"
    comes = [
        f"({year} < {builder.bind(y, 'integer')} AND"
        f" ({day} + make_interval(years => {builder.bind(y, 'integer')} - {year}))::date BETWEEN {first} AND {last})"
        for y in (today.year, today.year + 1)
    ]
    return f"({' OR '.join(comes)})"


def _listed(op: str, operand: Any, value: Value, builder: Builder) -> str:
    return f"{value.sql} {'?&' if op == 'has_all' else '?|'} {builder.bind(operand, 'text[]')}"


def _changed(condition: Condition, value: Value, builder: Builder) -> str:
    since = builder.now - length(condition.value["within"])
    parts = [
        "h.customer_id = c.id",
        f"h.field = {builder.bind(value.history, 'text')}",
        *builder.within("h.at", (since, None)),
        f"h.at <= {builder.bind(builder.now, 'timestamptz')}",
    ]
    for name, column in (("from", "h.before"), ("to", "h.after")):
        if name in condition.value:
            parts.append(f"{column} = {builder.bind(json.dumps(condition.value[name]), 'jsonb')}")
    return f"EXISTS (SELECT FROM customers_profilechange h WHERE {' AND '.join(parts)})"
