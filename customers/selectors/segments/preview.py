"""Looking at an audience before it is stored: how many, how many each channel reaches, who drops out where, who."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings

from customers.models import Customer, CustomerQuerySet, Segment
from customers.rules.segments import words
from customers.rules.segments.grammar import Grammar
from customers.rules.segments.tree import Condition, Group, Node
from customers.selectors.segments import gates, registry
from customers.selectors.segments.comparing import KNOWN_SQL
from customers.selectors.segments.running import run
from customers.selectors.segments.statement import Statement, compile_rule, subtests

SAMPLE: Final = 20
_SUMMARY: Final = "(SELECT json_agg(to_json(g)) FROM (SELECT {columns}count(*) AS people FROM matched {grouped}) g)"
_SAMPLE: Final = "(SELECT json_agg(t.id) FROM (SELECT id FROM matched ORDER BY orders_total DESC, id LIMIT {limit}) t)"


@dataclass(frozen=True, slots=True)
class Preview:
    """An audience at `as_of`: its exact size, its reach by channel, and ids of those with the highest value."""

    total: int
    as_of: datetime
    reach: tuple[gates.Reach, ...]
    sample_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """How many are left of everybody after this part of the rule and all before it."""

    pointer: str
    words: str
    left: int


def count_rule(*, node: Node, grammar: Grammar, now: datetime) -> tuple[int, Statement]:
    """Exactly how many people the rule matches now, and the statement that said so."""
    statement = compile_rule(node=node, grammar=grammar, now=now, in_order=True)
    return sum(count for (count,) in _rows(statement, statement.select("count(*)"))), statement


def preview_rule(*, node: Node, grammar: Grammar, now: datetime) -> Preview:
    """One statement; RuleError for a rule that cannot be evaluated, Unavailable when it takes too long."""
    statement = compile_rule(node=node, grammar=grammar, now=now, in_order=True)
    placeholder, gate = gates.now_parameter(now)
    signature = [f"{column} AS g{n}" for n, column in enumerate(gates.signature_columns(placeholder))]
    names = "".join(f"g{n}, " for n in range(len(signature)))
    matched = statement.select(", ".join(["c.id", "c.orders_total", *signature]))
    summary = _SUMMARY.format(columns=names, grouped=f"GROUP BY {names.rstrip(', ')}" if names else "")
    sql = f"WITH matched AS MATERIALIZED ({matched}) SELECT {summary}, {_SAMPLE.format(limit=SAMPLE)}"
    rows = _rows(statement, sql, **gate)
    groups = [(_signature(group, len(signature)), int(group["people"])) for group in rows[0][0] or ()]
    return Preview(
        total=sum(people for _, people in groups),
        as_of=now,
        reach=tuple(gates.reach_of([group for group in groups if group[1]])),
        sample_ids=tuple(rows[0][1] or ()),
    )


def rule_of(segment: Segment, using: Grammar) -> Node:
    """The rule of a segment as it is stored; of a list, that somebody is on it."""
    return using.read(segment.rule or _inside(segment))


def preview_members(*, segment: Segment, now: datetime) -> Preview:
    """The members of a segment in use, as they stand; RuleError and Unavailable as for any rule."""
    using = registry.grammar()
    return preview_rule(node=using.read(_inside(segment)), grammar=using, now=now)


def _inside(segment: Segment) -> dict[str, Any]:
    return {"version": 1, "rule": {"on": "segment", "op": "member_of", "value": segment.slug}}


def _rows(statement: Statement, sql: str, **more: Any) -> list[tuple[Any, ...]]:
    parameters = statement.parameters | more
    return run(sql, parameters, seconds=settings.SEGMENT_PREVIEW_SECONDS, in_order=statement.in_order)


def _signature(group: dict[str, Any], width: int) -> list[Any]:
    return [group[f"g{n}"] for n in range(width)]


def count_everybody() -> int:
    """How many people rules may be about."""
    sql = f"SELECT count(*) FROM customers_customer c WHERE {KNOWN_SQL}"  # noqa: S608
    return int(run(sql, {}, seconds=settings.SEGMENT_PREVIEW_SECONDS)[0][0])


def drop_off(*, node: Node, grammar: Grammar, now: datetime) -> list[Step]:
    """Everybody, then who is left after each part of the outermost `all` in its order; one pass over everybody."""
    parts = node.nodes if isinstance(node, Group) and node.mode == "all" else (node,)
    statement = compile_rule(node=node, grammar=grammar, now=now, everybody=True, in_order=True)
    tests = [f"WHEN ({test}) IS NOT TRUE THEN {n}" for n, test in enumerate(subtests(parts, statement))]
    fails = f"CASE {' '.join(tests)} ELSE {len(parts)} END"
    fell: Counter[int] = Counter()
    for step, people in _rows(statement, statement.select(f"{fails}, count(*)", tail="GROUP BY 1", everybody=True)):
        fell[step] += people
    left = [sum(people for step, people in fell.items() if step > n) for n in range(-1, len(parts))]
    named = [
        ("", "everybody"),
        *((_pointer(part, n), words.render(part, grammar.forms)) for n, part in enumerate(parts)),
    ]
    return [Step(pointer, text, people) for (pointer, text), people in zip(named, left, strict=True)]


def _pointer(part: Node, number: int) -> str:
    return part.pointer if isinstance(part, Condition) else f"/rule/all/{number}"


def customers_by_id(ids: Sequence[int]) -> CustomerQuerySet:
    """The people of a sample, in no order."""
    return Customer.objects.filter(pk__in=list(ids))


def sample_rows(ids: Sequence[int]) -> list[Customer]:
    """The people of a sample in its order; one query."""
    found = Customer.objects.in_bulk(list(ids))
    return [found[pk] for pk in ids if pk in found]
