"""A rule as one statement: who matches, and what each condition says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection

from core.crypto import digest
from customers.rules.segments.grammar import Grammar
from customers.rules.segments.tree import Condition, Group, Node, Not, conditions
from customers.selectors.segments.builder import Builder, Span, Test
from customers.selectors.segments.comparing import KNOWN_SQL
from customers.selectors.segments.registry import test_of

SELECTIVE_SHARE: Final = 0.3
"""Below this share of all customers, reading only the facts of those who may match beats reading everybody's."""
SPANS: Final = 6
"""Stretches of customers that several workers take up one after another."""
SPANNED_FROM: Final = 20_000
"""From so many ids on, stretches are worth their planning."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A rule in SQL: `heading` is the WITH list or empty, `sources` the FROM items with the customer as `c`, `rule` the
    whole test and `tests` those of single conditions; `parameters` for all of them.

    There is more than one source, each with the test of its stretch, when facts are read in the order of customers.
    """

    heading: str
    sources: tuple[tuple[str, str], ...]
    rule: str
    tests: tuple[tuple[Condition, Test], ...]
    parameters: dict[str, Any]

    @property
    def in_order(self) -> bool:
        """Whether it reads facts in the order of customers, stretch by stretch."""
        return len(self.sources) > 1

    def select(self, columns: str, *, tail: str = "", everybody: bool = False) -> str:
        """A query over those who match, or over everybody a rule may be about; aggregates come once a stretch."""
        condition = KNOWN_SQL if everybody else f"{KNOWN_SQL} AND ({self.rule})"
        text = " UNION ALL ".join(
            f"SELECT {columns} FROM {source} WHERE {condition}{which} {tail}"  # noqa: S608
            for source, which in self.sources
        )
        return f"WITH {self.heading} {text}" if self.heading else text

    @property
    def hash(self) -> str:
        """SHA-256 of the statement without its parameters: which shape of question was asked."""
        return digest(self.select("c.id"))


def builder_at(now: datetime) -> Builder:
    """An empty builder whose days are those of the company."""
    return Builder(now, ZoneInfo(settings.COMPANY_TIME_ZONE))


def compile_rule(
    *,
    node: Node,
    grammar: Grammar,
    now: datetime,
    customer_id: int | None = None,
    everybody: bool = False,
    builder: Builder | None = None,
    among: str = "",
    in_order: bool = False,
) -> Statement:
    """The statement of a checked rule at `now`; RuleError when a condition cannot be evaluated (any more).

    `in_order` allows reading facts in the order of customers: for whoever runs the statement with `in_order` as well.
    With `customer_id` it is about that customer alone, with `among` about the customers `c` whom this SQL chooses
    (its parameters bound in `builder`). `everybody` keeps the facts of people whom the customer row already rules
    out, for questions about single conditions. A `builder` brings along what the caller measures beside the rule.
    """
    builder = builder or builder_at(now)
    tests = {id(condition): test_of(condition, grammar.subject(condition), builder) for condition in conditions(node)}
    rule = _test(node, tests)
    if customer_id is not None:
        among = f"c.id = {builder.bind(customer_id, 'bigint')}"
    scope = _scope(node, tests, builder, among, everybody)
    spans = _spans(builder, scope) if in_order and not among and builder.reads_indexes_only else []
    heading = [*([] if scope is None else _scope_items(scope)), *builder.tables(scoped=scope is not None)]
    only = f"{among} AND " if among else ""
    return Statement(
        heading="" if spans else ", ".join(heading),
        sources=tuple((f"customers_customer c {builder.spanned(span)}", f" AND {span.holds('c.id')}") for span in spans)
        or ((f"customers_customer c {builder.joins()}", ""),),
        rule=f"{only}({rule.sql})",
        tests=tuple((condition, tests[id(condition)]) for condition in conditions(node)),
        parameters=builder.parameters,
    )


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Several rules over the same people as one query: `sql` answers (id, verdicts in the order of `keys`)."""

    keys: tuple[int, ...]
    sql: str
    parameters: dict[str, Any]


def compile_verdicts(*, rules: Mapping[int, Node], grammar: Grammar, people: Sequence[int], now: datetime) -> Verdicts:
    """Whether each of these rules holds for each of these customers (ids), facts that rules share read once.

    RuleError when a condition cannot be evaluated (any more).
    """
    builder = builder_at(now)
    verdicts = []
    for node in rules.values():
        tests = {id(one): test_of(one, grammar.subject(one), builder) for one in conditions(node)}
        verdicts.append(f"(({_test(node, tests).sql}) AND {KNOWN_SQL}) IS TRUE")
    among = f"c.id = ANY({builder.bind(list(people), 'bigint[]')})"
    items = ", ".join([*_scope_items(among), *builder.tables(scoped=True)])
    source = f"customers_customer c {builder.joins()}"
    sql = f"WITH {items} SELECT c.id, ARRAY[{', '.join(verdicts)}] AS verdicts FROM {source} WHERE {among}"  # noqa: S608
    return Verdicts(tuple(rules), sql, builder.parameters)


def subtests(parts: Sequence[Node], statement: Statement) -> list[str]:
    """The tests of some nodes of the rule behind a statement."""
    tests = {id(condition): test for condition, test in statement.tests}
    return [_test(part, tests).sql for part in parts]


def _test(node: Node, tests: dict[int, Test]) -> Test:
    """The test of a whole tree. A null counts as false at every negation, so nobody is in for lack of a value.

    Below a strict test it stays unknown, as in the logic of Kleene: what is not known puts nobody in on either side.
    """
    if isinstance(node, Condition):
        return tests[id(node)]
    if isinstance(node, Not):
        return _test(node.node, tests).negated()
    inner = [_test(child, tests) for child in node.nodes]
    strict = any(test.strict for test in inner)
    joint = " AND " if node.mode == "all" else " OR "
    return Test(
        joint.join(f"({test.sql}) IS TRUE" if strict and not test.strict else f"({test.sql})" for test in inner),
        certain=all(test.certain for test in inner),
        own=all(test.own for test in inner),
        strict=strict,
    )


def _scope(node: Node, tests: dict[int, Test], builder: Builder, among: str, everybody: bool) -> str | None:
    """Which customers' facts to read, when that is fewer by far than everybody's; None for everybody's."""
    if not builder.reads_facts:
        return None
    if among:
        return among
    nodes = node.nodes if isinstance(node, Group) and node.mode == "all" else (node,)
    own = [test.sql for test in (_test(child, tests) for child in nodes) if test.own]
    if everybody or not own:
        return None
    scope = " AND ".join([KNOWN_SQL, *(f"({sql})" for sql in own)])
    return scope if _is_selective(scope, builder.parameters) else None


def _is_selective(scope: str, parameters: dict[str, Any]) -> bool:
    """What the planner expects of the conditions on the customer row, against all rows; it reads no table."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) SELECT c.id FROM customers_customer c WHERE {scope}", parameters)  # noqa: S608
        expected = cursor.fetchone()[0][0]["Plan"]["Plan Rows"]
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = 'customers_customer'::regclass")
        everyone = cursor.fetchone()[0]
    return bool(expected < max(everyone, 1) * SELECTIVE_SHARE)


def _spans(builder: Builder, scope: str | None) -> list[Span]:
    """Stretches of equal width over all ids, none for a small company.

    An index gives each customer's facts in a row, so that they are added up as they pass by, without a hash table of
    everybody; and no stretch needs anything of another, so that each goes to whichever worker is free.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(min(id), 0), coalesce(max(id), 0) + 1 FROM customers_customer")
        low, high = cursor.fetchone()
    if high - low < SPANNED_FROM:
        return []
    edges = [low + (high - low) * number // SPANS for number in range(SPANS + 1)]
    bound = [builder.bind(edge, "bigint") for edge in edges]
    which = f"SELECT c.id FROM customers_customer c WHERE {scope}" if scope else ""  # noqa: S608
    return [
        Span(one, following, f"{which} AND c.id >= {one} AND c.id < {following}" if which else "")
        for one, following in pairwise(bound)
    ]


def _scope_items(scope: str) -> list[str]:
    return [
        f"scope AS MATERIALIZED (SELECT c.id FROM customers_customer c WHERE {scope})",  # noqa: S608
        "people AS (SELECT s.id, s.id AS who FROM scope s UNION ALL SELECT v.id, v.merged_into_id"
        " FROM customers_customer v JOIN scope s ON s.id = v.merged_into_id WHERE v.merged_into_id IS NOT NULL)",
    ]
