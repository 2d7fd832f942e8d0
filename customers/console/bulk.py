"""What can be done to many customers at once: each is a job that keeps the filter; a few are done while one waits."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.utils import timezone

from core.actors import Actor
from core.console.addresses import unseal
from core.console.bulk import BulkAction, Selection
from core.console.forms import ConsoleForm
from core.models import JobState
from customers.console.forms import ListChoiceForm, TagForm
from customers.console.words import CHANGE
from customers.selectors.bulk import Chosen
from customers.services.bulk import BulkOffer, do_bulk, offered_steps

CHANGE_SEGMENT = "customers.change_segment"
Said = Callable[[int], str]


def bulk_actions(*, sees_pii: bool) -> Sequence[BulkAction]:
    """Tagging, putting on a list, and what upper floors offer; `sees_pii` says how far a search reaches."""
    tag = partial(_done, "tag", sees_pii, lambda people: f"The tag is on {people:,} more customers.")
    put = partial(_done, "list", sees_pii, lambda people: f"{people:,} more customers are on the list.")
    return (
        BulkAction("tag", "Add tag", CHANGE, run=tag, form=TagForm),
        BulkAction("list", "Add to list", CHANGE_SEGMENT, run=put, form=ListChoiceForm),
        *(
            BulkAction(
                step.name,
                step.offer.label,
                step.offer.permission,
                run=partial(_started, step.name, sees_pii),
                icon=step.offer.icon,
                danger=True,
                form=form_of(step.offer),
            )
            for step in offered_steps()
            if step.offer
        ),
    )


def form_of(offer: BulkOffer) -> type[ConsoleForm]:
    """Why, and whether that is really meant."""
    reason = forms.ChoiceField(label="Reason", choices=offer.reasons)
    sure = forms.BooleanField(label=offer.affirm)
    return type("BulkForm", (ConsoleForm,), {"reason": reason, "sure": sure})


def _chosen(selection: Selection, sees_pii: bool) -> Chosen:
    if selection.filters is None:
        return Chosen(ids=list(selection.ids))
    filters = {name: values for name, values in selection.filters.items() if name != "q"}
    text = unseal(next(iter(selection.filters.get("q", [])), "")) or ""
    return Chosen(filters=filters, text=text, by_prefix=sees_pii)


def _done(
    step: str, sees_pii: bool, said: Said, *, selection: Selection, form: ConsoleForm, by: Actor, now: datetime
) -> str:
    job = do_bulk(
        step=step,
        chosen=_chosen(selection, sees_pii),
        count=selection.count,
        options=form.cleaned_data,
        by=by,
        clock=timezone.now,
    )
    return said(int(job.result.get("changed", 0))) if job.state == JobState.SUCCEEDED else _waits(job.title)


def _started(step: str, sees_pii: bool, *, selection: Selection, form: ConsoleForm, by: Actor, now: datetime) -> str:
    options: dict[str, Any] = {"reason": form.cleaned_data["reason"]}
    chosen = _chosen(selection, sees_pii)
    job = do_bulk(
        step=step, chosen=chosen, count=selection.count, options=options, by=by, clock=timezone.now, waits=False
    )
    return _waits(job.title)


def _waits(title: str) -> str:
    return f"“{title}” is on its way. Its progress stands under Jobs, where it can be paused and stopped."
