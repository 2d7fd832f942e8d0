"""Why somebody is in a segment or not: each condition with the value it saw."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from customers.models import Customer
from customers.rules.segments import words
from customers.rules.segments.grammar import Grammar
from customers.rules.segments.tree import Node
from customers.selectors.segments.running import run
from customers.selectors.segments.statement import compile_rule


@dataclass(frozen=True, slots=True)
class Finding:
    """One condition for one customer: whether it holds, and what was seen; None when there is no value.

    `hidden` says that the reader may not see the value.
    """

    pointer: str
    words: str
    holds: bool
    seen: str | None
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """Whether a rule matches a customer at `as_of`, and each of its conditions in reading order."""

    matches: bool
    as_of: datetime
    findings: tuple[Finding, ...]


def explain_rule(*, node: Node, grammar: Grammar, customer: Customer, sees_pii: bool, now: datetime) -> Explanation:
    """One statement that reads this customer's facts alone. Rules are about people we know: visitors never match."""
    statement = compile_rule(node=node, grammar=grammar, now=now, customer_id=customer.pk)
    columns = [f"({statement.rule}) IS TRUE"]
    for _, test in statement.tests:
        columns += [f"({test.sql}) IS TRUE", test.seen]
    sql = statement.select(", ".join(columns), tail="AND c.id = %(explained)s", everybody=True)
    rows = run(sql, statement.parameters | {"explained": customer.pk}, seconds=settings.SEGMENT_PREVIEW_SECONDS)
    row: tuple[Any, ...] = rows[0] if rows else (False, *[False, None] * len(statement.tests))
    findings = []
    for n, (condition, _) in enumerate(statement.tests):
        hidden = not sees_pii and grammar.subject(condition).personal
        findings.append(
            Finding(
                pointer=condition.pointer,
                words=words.condition_words(condition, grammar.forms),
                holds=bool(row[1 + 2 * n]),
                seen=None if hidden else row[2 + 2 * n],
                hidden=hidden,
            )
        )
    return Explanation(bool(row[0]), now, tuple(findings))
