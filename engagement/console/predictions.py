"""Predictions on screens: the models that write, and what they say about a customer."""

from collections.abc import Mapping
from typing import Any, Final

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from core.console import cells
from core.console.cells import State
from core.console.views import Column, Empty, ListPage, MenuEntry
from core.menu import Panel
from customers.models import Customer
from customers.selectors.origins import names_of
from engagement.models import Prediction, PredictionModel
from engagement.selectors.predictions import list_models, predictions_of, profiling_allowed, use_of

VIEW, SEGMENTS = "customers.view_customer", "customers.view_segment"
_COUNTS: Final = State("Counts", "good")
_EXPIRED: Final = State("Expired: counts for nothing", "idle")
_REFUSED: Final = State("Said no to profiling: counts for nothing", "warn")


class PredictionModels(ListPage):
    """Every model whose scores are written back."""

    name, title, permission = "prediction-models", "Predictions", SEGMENTS
    menu_entry = MenuEntry("Predictions", "chart-line", "Audience", order=26)
    default_sort, key_field = "-registered_at", "slug"
    empty = Empty(
        "No model has written anything yet",
        "Let yours send scores to PUT /api/v1/predictions/{model}/{userId}; segments can ask about them at once.",
    )
    columns = (
        Column("slug", "Model", cell=cells.code),
        Column("version", "Version", value=lambda row: row.use.version),
        Column("labels", "Labels", cell=cells.tags),
        Column("people", "Customers", value=lambda row: row.use.people, cell=cells.number),
        Column("scored", "Newest score", value=lambda row: row.use.scored_at, cell=cells.ago),
        Column("registered_at", "Since", cell=cells.day, sort="registered_at"),
        Column("writer", "Registered by"),
    )

    def rows(self) -> QuerySet[PredictionModel]:
        """All of them."""
        return list_models()

    def prepare(self, rows: list[Any]) -> list[Any]:
        """The figures of each, at most a minute old, and the names of clients."""
        names = names_of(row.registered_by for row in rows)
        for row in rows:
            row.use, row.writer = use_of(row), names.get(row.registered_by, row.registered_by)
        return rows


def customer_predictions(request: HttpRequest, customer: Customer) -> Mapping[str, Any]:
    """What each model says about the customer, when, by which version and client, and whether it counts."""
    now, allowed = timezone.now(), profiling_allowed(customer)

    def state(row: Prediction) -> str:
        if not allowed:
            return cells.dot(_REFUSED)
        return cells.dot(_COUNTS if row.expires_at > now else _EXPIRED)

    rows = predictions_of(customer)
    names = names_of(row.written_by for row in rows)
    shown = [(row, f"{row.score.normalize():f}", names.get(row.written_by, row.written_by), state(row)) for row in rows]
    return {"predictions": shown}


PREDICTIONS = Panel(
    "predictions",
    "Predictions",
    "engagement/_predictions.html",
    VIEW,
    customer_predictions,
    place="side",
    order=37,
)
