"""Other people's data in what a request found: the panel that shows it, and the pages on which staff decide."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpRequest
from django.urls import reverse

from consent.console.request_actions import RequestAction
from consent.console.request_words import CHANGE
from consent.models import DataRequest, Redaction
from consent.rules.redaction import OTHER
from consent.rules.requests import State, needs_package
from consent.selectors.redactions import Other, decisions_of, find_other, find_redaction, others_found
from consent.selectors.requests import names_of_staff, opened
from consent.services.redactions import leave_in, take_out, undo_redaction
from core.console.forms import ReasonForm

PII = "customers.view_pii"
_HIDDEN = "•••"


def others_context(request: HttpRequest, row: DataRequest) -> Mapping[str, Any]:
    """What was found of others, before and after, and what was decided; texts only for readers of personal data."""
    if not needs_package(row.kind):
        return {"found": [], "decided": []}
    personal = request.user.has_perm(PII)
    decidable = personal and request.user.has_perm(CHANGE) and row.state in (State.REVIEWING, State.REDACTING)
    found, decisions = others_found(row), decisions_of(row)
    names = names_of_staff(decision.by for decision in decisions)
    shown = {other.text_hash for other in found}
    return {
        "found": [_found(row, other, names, personal, decidable) for other in found],
        "decided": [_decided(row, one, names, personal, decidable) for one in decisions if one.text_hash not in shown],
        "url_out": reverse("console:request-take-out", args=[row.public_id]) if decidable else "",
    }


def _found(row: DataRequest, other: Other, names: Mapping[str, str], personal: bool, decidable: bool) -> dict[str, Any]:
    decision, name, args = other.decision, "request-leave-in", [row.public_id, other.text_hash]
    if decision:
        name, args = "request-redaction-undo", [row.public_id, str(decision.pk)]
    stays = decision is not None and decision.kind == Redaction.Kind.IN
    return {
        "place": other.place,
        "before": other.hit.before if personal else _HIDDEN,
        "after": (other.hit.before if stays else other.hit.after) if personal else _HIDDEN,
        "times": other.hit.times,
        "decision": decision,
        "name": names.get(decision.by, "") if decision else "",
        "url": reverse(f"console:{name}", args=args) if decidable else "",
        "label": "Take back" if decision else "Leave in",
    }


def _decided(
    row: DataRequest, decision: Redaction, names: Mapping[str, str], personal: bool, decidable: bool
) -> dict[str, Any]:
    url = reverse("console:request-redaction-undo", args=[row.public_id, decision.pk])
    return {
        "text": opened(decision.text_sealed) if personal else _HIDDEN,
        "decision": decision,
        "name": names.get(decision.by, ""),
        "url": url if decidable else "",
    }


class TakeOutForm(ReasonForm):
    """What is taken out, and why."""

    text = forms.CharField(label="Text", max_length=200, help_text="Wherever it stands, in capitals or not.")
    field_order = ("text", "reason")


class TakeOut(RequestAction):
    """Takes a text out of the package."""

    name, title, form_class = "request-take-out", "Take out a text", TakeOutForm
    submit_label, success = "Take out", "It is taken out of the package."
    words = f"Wherever the text stands in the package, {OTHER} stands instead. The text itself is kept encrypted."

    def save(self, form: Any) -> Any:
        """Take it out."""
        data = form.cleaned_data
        return take_out(request=self.row, text=data["text"], reason=data["reason"], by=self.actor, now=self.now)


class LeaveIn(RequestAction):
    """Leaves a text in that was found."""

    name, title, form_class = "request-leave-in", "Leave it in", ReasonForm
    submit_label, success, danger = "Leave in", "It stays in the package. Somebody else approves the request.", True

    def question(self) -> str:
        """What stays."""
        other = find_other(self.row, self.kwargs["text_hash"])
        return f"The requester will see: {other.hit.text}. Only if it is nobody else's, or may be known."

    def save(self, form: Any) -> Any:
        """Leave it in."""
        reason, text_hash = form.cleaned_data["reason"], self.kwargs["text_hash"]
        return leave_in(request=self.row, text_hash=text_hash, reason=reason, by=self.actor, now=self.now)


class UndoRedaction(RequestAction):
    """Takes a decision back."""

    name, title = "request-redaction-undo", "Take a decision back"
    submit_label, success = "Take back", "Taken back."

    def question(self) -> str:
        """What was decided."""
        row = find_redaction(self.row, int(self.kwargs["pk"]))
        return f"{row.get_kind_display()}, because: {row.reason}. What was found is taken out again, and nothing else."

    def save(self, form: Any) -> Any:
        """Take it back."""
        return undo_redaction(request=self.row, pk=int(self.kwargs["pk"]), by=self.actor, now=self.now)
