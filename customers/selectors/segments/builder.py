"""Putting a rule together as one statement: parameters, facts aggregated once, what each condition tests."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from customers.rules.segments.windows import Bounds

ALWAYS: Final = Bounds(None, None)
ABSORBED: Final = "(SELECT id, merged_into_id FROM customers_customer WHERE merged_into_id IS NOT NULL)"


@dataclass(frozen=True, slots=True)
class Test:
    """A boolean expression over the customer `c` and joined facts.

    `certain` is never null; `own` reads the customer's row alone, so that it may choose whose facts are read;
    `seen` is a text expression of the value that was compared.
    """

    sql: str
    certain: bool = False
    own: bool = False
    seen: str = "NULL"

    def negated(self) -> "Test":
        """True exactly when this is not: also where this is null."""
        sql = f"NOT ({self.sql})" if self.certain else f"({self.sql}) IS NOT TRUE"
        return Test(sql, certain=True, own=self.own, seen=self.seen)


@dataclass(frozen=True, slots=True)
class Source:
    """A table of facts about customers. `absorbs`: facts stay under the ids of visitors that a customer absorbed."""

    name: str
    table: str
    at: str
    kind: str = ""
    absorbs: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """Which facts of a source count: `sql` over `f`, with the window and kinds it implies stated apart."""

    sql: str
    bounds: Bounds = ALWAYS
    kinds: tuple[int, ...] = ()


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
        self._sets: dict[str, Callable[[bool], str]] = {}

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
        sums = self._sums.setdefault(source.name, _Sums(source))
        if chosen not in sums.filters:
            sums.filters.append(chosen)
        key = aggregate, chosen.sql
        sums.columns.setdefault(key, f"m{len(sums.columns)}")
        return f"{source.name}.{sums.columns[key]}"

    def people(self, render: Callable[[bool], str]) -> str:
        """The name of a joined set of customers: `render(scoped)` selects their ids as `who`, each once."""
        name = f"s{len(self._sets)}"
        self._sets[name] = render
        return name

    @property
    def reads_facts(self) -> bool:
        """Whether any condition reads more than the customer's row."""
        return bool(self._sums or self._sets)

    def joins(self) -> str:
        """The joins behind `customers_customer c`."""
        return " ".join(f"LEFT JOIN {name} ON {name}.who = c.id" for name in [*self._sums, *self._sets])

    def tables(self, *, scoped: bool) -> list[str]:
        """The WITH items behind the joins; `scoped` reads only facts of the people in `scope`.

        Sums over everybody are worked out apart: folded into a join that runs in parallel, each worker would add up
        all facts for itself.
        """
        apart = "" if scoped else "MATERIALIZED "
        found = [f"{name} AS {apart}({self._summed(sums, scoped)})" for name, sums in self._sums.items()]
        return found + [f"{name} AS ({render(scoped)})" for name, render in self._sets.items()]

    def _summed(self, sums: _Sums, scoped: bool) -> str:
        alone = len(sums.filters) == 1
        columns = [
            f"{aggregate} AS {name}" if alone else f"{aggregate} FILTER (WHERE {condition}) AS {name}"
            for (aggregate, condition), name in sums.columns.items()
        ]
        who, table = facts(sums.source, scoped=scoped)
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


def facts(source: Source, *, scoped: bool) -> tuple[str, str]:
    """(whose fact it is, FROM items) for a source as `f`: everybody's, or those of the people in `scope`."""
    if scoped and source.absorbs:
        return "p.who", f"people p JOIN {source.table} f ON f.customer_id = p.id"
    if scoped:
        return "p.id", f"scope p JOIN {source.table} f ON f.customer_id = p.id"
    if source.absorbs:
        return (
            "coalesce(a.merged_into_id, f.customer_id)",
            f"{source.table} f LEFT JOIN {ABSORBED} a ON a.id = f.customer_id",
        )
    return "f.customer_id", f"{source.table} f"
