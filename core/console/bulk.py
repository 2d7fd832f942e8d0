"""Actions on many rows: the ticked ones, or all that match the filter."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.db.models import QuerySet

from core.actors import Actor
from core.console.forms import ConsoleForm, NoteForm


@dataclass(frozen=True, slots=True)
class Selection:
    """The rows an action is for. `filters` describes them when all that match were chosen: a job stores that."""

    rows: QuerySet[Any]
    count: int
    ids: Sequence[str]
    filters: dict[str, list[str]] | None


class Run(Protocol):
    """Makes one service call and answers the sentence shown afterwards."""

    def __call__(self, *, selection: Selection, form: ConsoleForm, by: Actor, now: datetime) -> str: ...


@dataclass(frozen=True, slots=True)
class BulkAction:
    """A button of the bulk bar; it asks to confirm, with `form` when it needs more than a yes.

    With `step_up` the password must have been entered within the last five minutes.
    """

    name: str
    label: str
    permission: str
    run: Run
    icon: str = ""
    danger: bool = False
    form: type[ConsoleForm] = NoteForm
    step_up: bool = False
