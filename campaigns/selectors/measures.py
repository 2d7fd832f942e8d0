"""What experiments can count after somebody was shown a variant: purchases here, more from upper floors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from campaigns.rules.statistics.report import Measure
from core.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Counted:
    """Rows that count: of `table` (alias `m`), dated by `at`, each worth `amount`, narrowed by `condition`.

    The table has a `customer_id`; names in `condition` are filled in from `parameters`.
    """

    measure: Measure
    table: str
    at: str
    amount: str = "1"
    condition: str = "true"
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MeasureSource:
    """A family of measures: `find(key, currency)` answers one, None for a key of another family; `choices` all."""

    name: str
    find: Callable[[str, str], Counted | None]
    choices: Callable[[], list[tuple[str, str]]]


_sources: dict[str, MeasureSource] = {}


def register_measures(source: MeasureSource) -> None:
    """Make a family of measures known; a name may be taken once."""
    if source.name in _sources:
        raise ValueError(f"{source.name} is registered twice")
    _sources[source.name] = source


def find_measure(key: str, currency: str) -> Counted:
    """The measure with this key; InvalidInput when there is none."""
    for source in _sources.values():
        found = source.find(key, currency)
        if found is not None:
            return found
    raise InvalidInput(f"Invalid 'measures': there is no measure '{key[:60]}'.", param="measures")


def measure_choices() -> list[tuple[str, str]]:
    """(key, label) of every measure, family by family."""
    return [choice for name in sorted(_sources) for choice in _sources[name].choices()]


_PURCHASES: Final = {"purchase": "Customers who bought", "revenue": "Revenue per customer"}


def _purchases(key: str, currency: str) -> Counted | None:
    if key == "purchase":
        bought = Measure(key, _PURCHASES[key], is_amount=False)
        return Counted(bought, "customers_purchase", "purchased_at", condition="m.amount > 0")
    if key == "revenue":
        revenue = Measure(key, _PURCHASES[key], is_amount=True, currency=currency)
        condition, parameters = "m.currency = %(currency)s", {"currency": currency}
        return Counted(revenue, "customers_purchase", "purchased_at", "m.amount", condition, parameters)
    return None


register_measures(MeasureSource("a-purchases", _purchases, lambda: list(_PURCHASES.items())))
