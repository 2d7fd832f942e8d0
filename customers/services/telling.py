"""Who is told about whom: whatever hands customers to a program says so here; an upper floor keeps the record."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from customers.selectors.recipients import check_leaving


@dataclass(frozen=True, slots=True)
class Telling:
    """One way in which one recipient is told: `to` is an actor (`client:cli_...`), `kinds` the sorted kinds of data."""

    to: str
    way: str
    kinds: tuple[str, ...]


Keeper = Callable[[Telling, Collection[int]], None]
_keepers: dict[str, Keeper] = {}


def register_keeper(*, name: str, keep: Keeper) -> None:
    """`keep(telling, customer_ids)` is called in the request that answers: it must cost microseconds, no query."""
    _keepers[name] = keep


def tell(*, to: str, way: str, kinds: tuple[str, ...], customer_ids: Collection[int], now: datetime) -> None:
    """As `note_told`, before a program is answered: Forbidden when data of one of them may not go to it."""
    check_leaving(to.removeprefix("client:"), customer_ids=customer_ids, now=now)
    note_told(to=to, way=way, kinds=kinds, customer_ids=customer_ids)


def note_told(*, to: str, way: str, kinds: tuple[str, ...], customer_ids: Collection[int]) -> None:
    """The recipient was told this about these customers (row ids); nothing is noted about nobody."""
    if customer_ids:
        for keep in _keepers.values():
            keep(Telling(to, way, kinds), customer_ids)
