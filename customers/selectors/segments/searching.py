"""Whom a rule finds at this moment, page by page: the engine of segments with the position and order of a list."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from django.conf import settings

from customers.rules.segments.grammar import Grammar
from customers.rules.segments.tree import Condition, Node, conditions
from customers.selectors.answers import DIRECT_IDENTIFIERS, row_of
from customers.selectors.pages import behind
from customers.selectors.segments.running import run
from customers.selectors.segments.statement import Statement, compile_rule

_SHOWN_TO_ALL: Final = frozenset({"tags", "segment", "purchases", "consent", "score"})
"""Criteria about what every reader of customers is shown anyway."""


def hidden_conditions(*, node: Node, grammar: Grammar) -> Iterator[Condition]:
    """Conditions by which a search would tell what answers keep from callers without the right to personal data."""
    for condition in conditions(node):
        plain = condition.on == "profile" and condition.members["field"] not in DIRECT_IDENTIFIERS
        if not plain and condition.on not in _SHOWN_TO_ALL and grammar.subject(condition).personal:
            yield condition


class FoundPages:
    """The people whom a checked rule finds, to be cut into pages by `core.api.pagination.paginate`."""

    def __init__(self, *, node: Node, grammar: Grammar, columns: tuple[str, ...], now: datetime) -> None:
        self.columns = columns
        self._statement = compile_rule(node=node, grammar=grammar, now=now)

    def read_page(self, order: Sequence[str], position: Sequence[Any] | None, first: int, end: int) -> list[Any]:
        """Rows `first` to `end` behind the position; Unavailable when the rule takes too long to work out."""
        sql, more = self.question(order, position, first, end)
        rows = run(sql, self._statement.parameters | more, seconds=settings.SEGMENT_PREVIEW_SECONDS)
        return list(map(row_of(self.columns)._make, rows))

    def question(
        self, order: Sequence[str], position: Sequence[Any] | None, first: int, end: int
    ) -> tuple[str, dict[str, Any]]:
        """One statement, and its parameters beside those of the rule."""
        terms = [f"c.{term.lstrip('-')} {'DESC' if term.startswith('-') else 'ASC'}" for term in order]
        tail = f"ORDER BY {', '.join(terms)} LIMIT {end - first} OFFSET {first}"
        columns = ", ".join(f"c.{column}" for column in self.columns)
        if position is None:
            return self._statement.select(columns, tail=tail), {}
        condition, places = behind(tuple(order), "c")
        placed = condition % tuple(f"%(at_{place})s" for place in places)
        values = {f"at_{place}": value for place, value in enumerate(position)}
        return self._statement.select(columns, tail=f"AND {placed} {tail}"), values

    @property
    def statement(self) -> Statement:
        """The rule in SQL."""
        return self._statement
