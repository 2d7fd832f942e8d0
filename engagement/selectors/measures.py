"""Events as measures of experiments: the share of people who did something of a type."""

from typing import Final

from campaigns.rules.statistics.report import Measure
from campaigns.selectors.measures import Counted, MeasureSource
from core.errors import NotFound
from engagement.selectors.catalogue import find_type, list_types

_PREFIX: Final = "event:"


def _find(key: str, currency: str) -> Counted | None:
    if not key.startswith(_PREFIX):
        return None
    try:
        kind = find_type(name=key.removeprefix(_PREFIX)).kind
    except NotFound:
        return None
    measure = Measure(key, f"Customers with: {kind.title}", is_amount=False)
    return Counted(
        measure, "engagement_event", "occurred_at", condition="m.type_id = %(type)s", parameters={"type": kind.id}
    )


def _choices() -> list[tuple[str, str]]:
    return [(f"{_PREFIX}{kind.name}", f"Customers with: {kind.title}") for kind in list_types()]


EVENTS: Final = MeasureSource("b-events", _find, _choices)
