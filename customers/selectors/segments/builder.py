"""Putting a rule together as one statement: parameters, facts aggregated once, what each condition tests."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from customers.rules.segments.windows import Bounds

ALWAYS: Final = Bounds(None, None)
SCOPED: Final = "scope"
"""Facts of the people whom the statement chose before."""
ABSORBED: Final = "(SELECT id, merged_into_id FROM customers_customer WHERE merged_into_id IS NOT NULL)"


@dataclass(frozen=True, slots=True)
class Test:
    """A boolean expression over the customer `c` and joined facts.

    `certain` is never null; `own` reads the customer's row alone, so that it may choose whose facts are read;
    `seen` is a text expression of the value that was compared. `strict` is null where nothing may be concluded, and
    stays so when it is negated.
    """

    sql: str
    certain: bool = False
    own: bool = False
    seen: str = "NULL"
    strict: bool = False

    def negated(self) -> "Test":
        """True exactly when this is not: also where this is null, unless it is strict."""
        if self.strict:
            return Test(f"NOT ({self.sql})", own=self.own, seen=self.seen, strict=True)
        sql = f"NOT ({self.sql})" if self.certain else f"({self.sql}) IS NOT TRUE"
        return Test(sql, certain=True, own=self.own, seen=self.seen)


@dataclass(frozen=True, slots=True)
class Source:
    """A table of facts about customers. `absorbs`: facts stay under the ids of visitors that a customer absorbed.

    `covered` are the columns that an index in the order of customers holds.
    """

    name: str
    table: str
    at: str
    kind: str = ""
    absorbs: bool = False
    covered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of customer ids, from `low` to before `high`: placeholders of bound numbers.

    `scope` selects the ids of those alone whose facts matter, when they are few.
    """

    low: str
    high: str
    scope: str = ""

    def holds(self, column: str) -> str:
        """The test whether an id lies in the stretch."""
        return f"{column} >= {self.low} AND {column} < {self.high}"


Among = Span | str | None
"""Whose facts to read: those of a stretch of ids, of the people in `SCOPED`, or everybody's."""
Render = Callable[[Among], str]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which facts of a source count: `sql` over `f`, with the window and kinds it implies stated apart.

    `covered`: neither the test nor what is aggregated reads more than the covered columns of the source.
    """

    sql: str
    bounds: Bounds = ALWAYS
    kinds: tuple[int, ...] = ()
    covered: bool = False


@dataclass(slots=True)
class _Sums:
    """What is aggregated from one source in one pass."""

    source: Source
    filters: list[Filter] = field(default_factory=list)
    columns: dict[tuple[str, str], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Weight:
    """How facts weigh: `each` of them or the newest alone, fading to half in `half_life` (None: never)."""

    each: bool
    half_life: timedelta | None

    def over(self, at: str, builder: "Builder") -> str:
        """The aggregate that weighs facts by their instant `at`: 1 for a fact of this very moment."""
        if self.half_life is None:
            return "count(*)"
        age = f"greatest(extract(epoch FROM {builder.bind(builder.now, 'timestamptz')} - {at})::float8, 0)"
        faded = f"power(0.5::float8, {age} / {builder.bind(self.half_life.total_seconds(), 'float8')})"
        return f"{'sum' if self.each else 'max'}({faded})"


class Builder:
    """Collects what the conditions of one rule need, at one moment `now`; days are those of `zone`."""

    def __init__(self, now: datetime, zone: ZoneInfo) -> None:
        self.now = now
        self.zone = zone
        self.parameters: dict[str, Any] = {}
        self._names: dict[str, str] = {}
        self._sums: dict[str, _Sums] = {}
        self._sets: dict[str, Render] = {}
        self._uncovered = False

    def bind(self, value: Any, cast: str = "") -> str:
        """The placeholder of a parameter; equal values share one, so that equal conditions are equal text."""
        key = f"{type(value).__name__} {cast} {value!r}"
        if key not in self._names:
            self._names[key] = f"p{len(self._names)}"
            self.parameters[self._names[key]] = value
        return f"%({self._names[key]})s" + (f"::{cast}" if cast else "")

    def within(self, column: str, bounds: Sequence[Any], cast: str = "timestamptz") -> list[str]:
        """`column` lies in a half-open interval; nothing for an open end."""
        since, until = bounds
        parts = [f"{column} >= {self.bind(since, cast)}"] if since is not None else []
        return parts + ([f"{column} < {self.bind(until, cast)}"] if until is not None else [])

    def measure(self, source: Source, aggregate: str, chosen: Filter) -> str:
        """A column that aggregates the chosen facts of each customer; null for customers who have none at all."""
        self._uncovered |= not chosen.covered
        sums = self._sums.setdefault(source.name, _Sums(source))
        if chosen not in sums.filters:
            sums.filters.append(chosen)
        key = aggregate, chosen.sql
        sums.columns.setdefault(key, f"m{len(sums.columns)}")
        return f"{source.name}.{sums.columns[key]}"

    def people(self, render: Render, *, covered: bool) -> str:
        """The name of a joined set of customers: `render(among)` selects their ids as `who`, each once.

        `covered`: it reads only covered columns of its sources.
        """
        self._uncovered |= not covered
        name = f"s{len(self._sets)}"
        self._sets[name] = render
        return name

    @property
    def reads_facts(self) -> bool:
        """Whether any condition reads more than the customer's row."""
        return bool(self._sums or self._sets)

    @property
    def reads_indexes_only(self) -> bool:
        """Whether all facts can be had in the order of customers without a look at the tables."""
        return self.reads_facts and not self._uncovered

    def spanned(self, span: Span) -> str:
        """The joins behind `customers_customer c` where only customers of a stretch of ids are asked about."""
        found = {name: self._summed(sums, span) for name, sums in self._sums.items()}
        found |= {name: render(span) for name, render in self._sets.items()}
        return " ".join(f"LEFT JOIN ({table}) {name} ON {name}.who = c.id" for name, table in found.items())

    def joins(self) -> str:
        """The joins behind `customers_customer c`."""
        return " ".join(f"LEFT JOIN {name} ON {name}.who = c.id" for name in [*self._sums, *self._sets])

    def tables(self, *, scoped: bool) -> list[str]:
        """The WITH items behind the joins; `scoped` reads only facts of the people in `scope`.

        Sums over everybody are worked out apart: folded into a join that runs in parallel, each worker would add up
        all facts for itself.
        """
        apart, among = ("", SCOPED) if scoped else ("MATERIALIZED ", None)
        found = [f"{name} AS {apart}({self._summed(sums, among)})" for name, sums in self._sums.items()]
        return found + [f"{name} AS ({render(among)})" for name, render in self._sets.items()]

    def _summed(self, sums: _Sums, among: Among) -> str:
        alone = len(sums.filters) == 1
        columns = [
            f"{aggregate} AS {name}" if alone else f"{aggregate} FILTER (WHERE {condition}) AS {name}"
            for (aggregate, condition), name in sums.columns.items()
        ]
        who, table = facts(sums.source, among)
        condition = sums.filters[0].sql if alone else self._hull(sums)
        return f"SELECT {who} AS who, {', '.join(columns)} FROM {table} WHERE {condition} GROUP BY 1"  # noqa: S608

    def _hull(self, sums: _Sums) -> str:
        """The widest window and all kinds: what an index can find; FILTER does the rest."""
        all_bounds = [chosen.bounds for chosen in sums.filters]
        since = [bounds.since for bounds in all_bounds if bounds.since is not None]
        until = [bounds.until for bounds in all_bounds if bounds.until is not None]
        parts = self.within(
            f"f.{sums.source.at}",
            (
                min(since) if len(since) == len(all_bounds) else None,
                max(until) if len(until) == len(all_bounds) else None,
            ),
        )
        kinds = sorted({kind for chosen in sums.filters for kind in chosen.kinds})
        if kinds and all(chosen.kinds for chosen in sums.filters):
            parts.append(f"f.{sums.source.kind} = ANY({self.bind(kinds, 'smallint[]')})")
        return " AND ".join(parts) or "true"


def facts(source: Source, among: Among) -> tuple[str, str]:
    """(whose fact it is, FROM items) for a source as `f`: everybody's, or only those of some people."""
    if isinstance(among, Span):
        return "f.who", f"({_in_span(source, among)}) f"
    if among == SCOPED and source.absorbs:
        return "p.who", f"people p JOIN {source.table} f ON f.customer_id = p.id"
    if among == SCOPED:
        return "p.id", f"scope p JOIN {source.table} f ON f.customer_id = p.id"
    if source.absorbs:
        return (
            "coalesce(a.merged_into_id, f.customer_id)",
            f"{source.table} f LEFT JOIN {ABSORBED} a ON a.id = f.customer_id",
        )
    return "f.customer_id", f"{source.table} f"


def _in_span(source: Source, span: Span) -> str:
    """Covered facts in the order of customers: their own and, found one by one, those of visitors they absorbed.

    The bounds stand around the union, which PostgreSQL then reads as one table and merges in order.
    """
    columns = ", ".join(f"f.{name}" for name in source.covered)
    everybody = f"FROM {source.table} f"
    chosen = f"FROM ({span.scope}) s JOIN {source.table} f ON f.customer_id = s.id" if span.scope else everybody
    union = f"SELECT f.customer_id AS who, {columns} {chosen}"
    if source.absorbs:
        absorbed = (
            f"customers_customer a JOIN {source.table} f ON f.customer_id = a.id WHERE a.merged_into_id IS NOT NULL"
        )
        union += f" UNION ALL SELECT a.merged_into_id, {columns} FROM {absorbed}"  # noqa: S608
    return f"SELECT f.* FROM ({union}) f WHERE {span.holds('f.who')}"  # noqa: S608
