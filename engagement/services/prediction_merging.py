"""Predictions in a merge: the absorbed profile has none any more, and both have theirs again when it is undone.

What a model said about one half of a person is not about the whole; the survivor keeps its own until models look again.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from core.actors import Actor
from customers.services.guards import MergePart, Pair
from engagement.models import Prediction

_NAMES: Final = (
    "model_id",
    "customer_id",
    "score",
    "label",
    "model_version",
    "version_order",
    "scored_at",
    "expires_at",
    "written_at",
    "written_by",
)
_INSTANTS: Final = frozenset({"scored_at", "expires_at", "written_at"})


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _take(pair: Pair, by: Actor, now: datetime) -> dict[str, Any]:
    rows = Prediction.objects.filter(customer_id__in=[pair.absorbed_id, pair.into_id])
    image = [{name: _plain(getattr(row, name)) for name in _NAMES} for row in rows.order_by("customer_id", "model_id")]
    Prediction.objects.filter(customer_id=pair.absorbed_id).delete()
    return {"predictions": image}


def _give_back(pair: Pair, image: Any, by: Actor, now: datetime) -> None:
    Prediction.objects.filter(customer_id__in=[pair.absorbed_id, pair.into_id]).delete()
    Prediction.objects.bulk_create(Prediction(**_read(row)) for row in image["predictions"])


def _read(row: dict[str, Any]) -> dict[str, Any]:
    return {name: datetime.fromisoformat(value) if name in _INSTANTS else value for name, value in row.items()}


PREDICTIONS: Final = MergePart(name="predictions", absorb=_take, restore=_give_back)
