"""Ways to narrow a customer list that upper floors add: consent, segments."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from customers.models import CustomerQuerySet

Choice = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Criterion:
    """One filter: parameter name, label, its choices when asked, and how it narrows a list.

    `shortcuts` are the (label, value) pairs that the console offers as ready-made views.
    """

    name: str
    label: str
    choices: Callable[[], Sequence[Choice]]
    narrow: Callable[[CustomerQuerySet, str], CustomerQuerySet]
    shortcuts: Sequence[Choice] = ()


_criteria: dict[str, Criterion] = {}


def register_criterion(criterion: Criterion) -> None:
    """Offer a filter in the API (`?name=value`) and in the console; `narrow` must use Exists or a join with an index.

    `narrow` raises InvalidInput for a value it does not know.
    """
    _criteria[criterion.name] = criterion


def criteria() -> list[Criterion]:
    """Every filter, by name."""
    return [_criteria[name] for name in sorted(_criteria)]
