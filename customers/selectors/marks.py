"""States that upper floors know about customers and show as columns of the list: consent by channel."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from customers.models import Customer

Shown = tuple[str, str]
"""A word and its tone: good, bad, warn, idle or info."""

SILENT: Final[Shown] = ("Unknown", "idle")


@dataclass(frozen=True, slots=True)
class Mark:
    """One column: its name in the address, its heading, and whether it waits until a reader chooses it."""

    name: str
    label: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class MarkSource:
    """Columns of one floor, shown to readers with `permission`.

    `read` answers by customer id and mark name, in a fixed number of queries; whoever is missing is SILENT.
    """

    permission: str
    marks: Callable[[], Sequence[Mark]]
    read: Callable[[Sequence[Customer]], Mapping[int, Mapping[str, Shown]]]


_sources: dict[str, MarkSource] = {}


def register_marks(*, name: str, source: MarkSource) -> None:
    """Add the columns of one floor to the customers list."""
    _sources[name] = source


def mark_sources() -> list[MarkSource]:
    """Every source, by name."""
    return [_sources[name] for name in sorted(_sources)]


def read_marks(customers: Sequence[Customer]) -> dict[int, dict[str, Shown]]:
    """All marks of these customers, by id and name."""
    found: dict[int, dict[str, Shown]] = {}
    for source in mark_sources() if customers else ():
        for pk, marks in source.read(customers).items():
            found.setdefault(pk, {}).update(marks)
    return found
