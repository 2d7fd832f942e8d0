"""Pages of the customer list: each question is put into SQL once and kept, since that takes longer than the answer.

What Django's query compiler makes of filters, order and columns is the same for every page and every poll of a client;
only the position differs, and it is bound at the time of reading.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from threading import Lock
from typing import Any, Final, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL

from customers.models import Customer
from customers.selectors import direct
from customers.selectors.answers import row_of

_KEPT_AT_MOST: Final = 512
_ONCE_ONLY: Final = frozenset({"email", "external_id"})
"""Filters that find one person: never asked twice, and what they hold has no business in memory."""
_BESIDE: Final = frozenset({"cursor", "limit", "offset"})

Narrow = Callable[[], QuerySet[Any]]


class _Position(NamedTuple):
    """Stands for a value of the position until it is known."""

    place: int


class _Question(NamedTuple):
    statement: str
    parameters: tuple[Any, ...]

    def at(self, position: Sequence[Any] | None) -> tuple[Any, ...]:
        """The parameters with the values of this position in their places."""
        if position is None:
            return self.parameters
        return tuple(position[each.place] if type(each) is _Position else each for each in self.parameters)


_kept: dict[tuple[Any, ...], _Question] = {}
_changing: Final = Lock()


class CustomerPages:
    """The customers that a query string asks for, to be cut into pages by `core.api.pagination.paginate`.

    `narrow` checks the query string and narrows the customers; it is called unless the same question was answered
    before, or when somebody asks for `customers`. With filters of upper floors (`fixed` is False) a question may mean
    something else the next time, and is composed anew.
    """

    def __init__(self, *, asked: Mapping[str, str], fixed: bool, columns: tuple[str, ...], narrow: Narrow) -> None:
        self.columns, self._narrow, self._customers = columns, narrow, None if fixed else narrow()
        names = asked.keys() - _BESIDE
        self._key = tuple((name, asked[name]) for name in sorted(names)) if fixed and not names & _ONCE_ONLY else None

    @property
    def customers(self) -> QuerySet[Any]:
        """The same as a queryset, for whoever counts them."""
        if self._customers is None:
            self._customers = self._narrow()
        return self._customers

    def read_page(self, order: Sequence[str], position: Sequence[Any] | None, first: int, end: int) -> list[Any]:
        """Rows `first` to `end` behind the position in this total order, with the columns asked for."""
        key = (self._key, self.columns, *order, position is None, first, end)
        question = _kept.get(key) if self._key is not None else None
        if question is None:
            try:
                question = self._composed(order, position is not None, first, end)
            except EmptyResultSet:
                return []
            if self._key is not None:
                _keep(key, question)
        rows = direct.read(statement=question.statement, parameters=question.at(position))
        return list(map(row_of(self.columns)._make, rows))

    def _composed(self, order: Sequence[str], positioned: bool, first: int, end: int) -> _Question:
        rows = self.customers.values_list(*self.columns)
        if positioned:
            condition, indexes = behind(tuple(order))
            rows = rows.filter(RawSQL(condition, [_Position(index) for index in indexes], BooleanField()))
        compiler = rows.order_by(*order)[first:end].query.get_compiler(rows.db)
        statement, parameters = compiler.as_sql()
        return _Question(statement, tuple(parameters))


def _keep(key: tuple[Any, ...], question: _Question) -> None:
    with _changing:
        if len(_kept) >= _KEPT_AT_MOST:
            del _kept[next(iter(_kept))]
        _kept[key] = question


@lru_cache(maxsize=64)
def behind(order: tuple[str, ...], table: str = Customer._meta.db_table) -> tuple[str, tuple[int, ...]]:
    """SQL for what stands behind a position in a total order of columns that are never null, and which of its values.

    One comparison of rows where all columns run the same way, which enters an index at the position; else each column
    in turn, after equals in those before.
    """
    columns = [f'"{table}"."{term.lstrip("-")}"' for term in order]
    signs = ["<" if term.startswith("-") else ">" for term in order]
    if len(set(signs)) == 1:
        return f"({', '.join(columns)}) {signs[0]} ({', '.join(['%s'] * len(order))})", tuple(range(len(order)))
    equal = accumulate((f"{column} = %s AND " for column in columns[:-1]), initial="")
    turns = [f"({before}{column} {sign} %s)" for before, column, sign in zip(equal, columns, signs, strict=True)]
    bound = f"{columns[0]} {signs[0]}= %s AND "
    return f"{bound}({' OR '.join(turns)})", (0, *(i for end in range(len(order)) for i in range(end + 1)))
