"""The registry of every place where personal data lives: who can collect it, who erases it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models

Collector = Callable[[Sequence[int]], Iterator[dict[str, Any]]]
Eraser = Callable[[Sequence[int]], Mapping[int, int]]


@dataclass(frozen=True, slots=True)
class PersonalData:
    """One table with personal data of customers.

    `collect(customer_ids)` yields plain rows for an access package; `erase(customer_ids)` removes or empties what
    must go and returns the rows it changed, by customer. `kept_because` names the legal reason when rows stay (for
    example GDPR Art. 17(3)(e) for the consent ledger); such a table still collects.
    """

    name: str
    model: type[models.Model]
    category: str
    purpose: str
    retention: str
    collect: Collector
    erase: Eraser
    order: int = 100
    kept_because: str = ""


_places: dict[str, PersonalData] = {}


def register(place: PersonalData) -> None:
    """Make a place known; a name may be taken once."""
    if place.name in _places:
        raise ValueError(f"{place.name} is registered twice")
    _places[place.name] = place


def places() -> list[PersonalData]:
    """Every place, in the order in which erasure walks them (leaves first)."""
    return sorted(_places.values(), key=lambda place: (place.order, place.name))


def registered_models() -> set[type[models.Model]]:
    """The models of all places."""
    return {place.model for place in _places.values()}


def erase_everywhere(customer_ids: Iterable[int], spared: Iterable[str] = ()) -> dict[str, Mapping[int, int]]:
    """Erase these customers in every place not spared, in the caller's transaction; rows by place and customer."""
    ids = list(customer_ids)
    return {place.name: place.erase(ids) for place in places() if place.name not in spared}
