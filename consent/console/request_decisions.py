"""Decisions on a request: approve, send back, refuse, withdraw, hold, close; each confirmed on a page of its own."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms

from consent.console.request_actions import NeededTextForm, RequestAction, TextForm
from consent.console.request_words import APPROVE, kind_title
from consent.rules.requests import Refusal, State, needs_second_person
from consent.selectors.requests import refusable_parts
from consent.services import request_decisions as decisions
from core.console.forms import ConsoleForm, ReasonForm

_WORDS = forms.Textarea(attrs={"rows": 3})


class Redact(RequestAction):
    """Takes other people out."""

    name, title, submit_label, success = "request-redact", "Redact", "Start", "Redacting."
    words = "Somebody takes other people's data out of what was found (GDPR Art. 15(4)) before it is approved."

    def save(self, form: Any) -> Any:
        """Start."""
        return decisions.start_redacting(request=self.row, by=self.actor, now=self.now)


class Approve(RequestAction):
    """Lets what was found go out, or be erased."""

    name, title, permission, form_class = "request-approve", "Approve", APPROVE, TextForm
    submit_label, success, step_up = "Approve", "Approved.", True

    def question(self) -> str:
        """What follows."""
        row = self.row
        if row.state == State.SECOND_APPROVAL and row.refusal_code == Refusal.NO_DATA:
            return f"{kind_title(row)}: you are the second person. The letter that we hold nothing leaves at once."
        if row.state == State.SECOND_APPROVAL and not needs_second_person(row.kind):
            return f"{kind_title(row)}: nobody was found. You are the second person who confirms that."
        if not needs_second_person(row.kind):
            return f"{kind_title(row)}: what was found is correct and may go to the requester."
        if row.state == State.SECOND_APPROVAL:
            return f"{kind_title(row)}: you are the second person. It begins at once and cannot be undone."
        return f"{kind_title(row)}: a second person must approve as well before anything happens."

    def save(self, form: Any) -> Any:
        """Approve."""
        text = form.cleaned_data["text"]
        return decisions.approve_request(request=self.row, text=text, by=self.actor, now=self.now)


class SendBack(RequestAction):
    """Takes an approval back."""

    name, title, permission, form_class = "request-send-back", "Send back", APPROVE, NeededTextForm
    submit_label, success, words = "Send back", "Back in review.", "Approvals given are void."

    def save(self, form: Any) -> Any:
        """Send back."""
        text = form.cleaned_data["text"]
        return decisions.send_back(request=self.row, text=text, by=self.actor, now=self.now)


class RefuseForm(ConsoleForm):
    """The article and the reason."""

    code = forms.ChoiceField(label="Ground", choices=Refusal.choices)
    reason = forms.CharField(label="Reason, for the letter", max_length=500, widget=_WORDS)
    parts = forms.MultipleChoiceField(
        label="Only these parts",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Tick none to refuse the whole request and close it.",
    )

    def __init__(self, *args: Any, parts: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parts"].choices = [(name, f"{what.capitalize()} ({name})") for name, what in parts.items()]  # type: ignore[attr-defined]
        if not parts:
            del self.fields["parts"]


class Refuse(RequestAction):
    """Says no to all or a part."""

    name, title, form_class, submit_label = "request-refuse", "Refuse", RefuseForm, "Refuse and send the letter"
    success, danger = "Refused, and the letter is on its way.", True
    words = "The letter names ground and reason, complaint and court (GDPR Art. 12(4))."

    def form_kwargs(self) -> dict[str, Any]:
        """What can be refused by itself."""
        return {"parts": refusable_parts(self.row)}

    def save(self, form: Any) -> Any:
        """Refuse."""
        data = form.cleaned_data
        parts = data.get("parts", [])
        return decisions.refuse_request(
            request=self.row, code=data["code"], reason=data["reason"], parts=parts, by=self.actor, now=self.now
        )


class Withdraw(RequestAction):
    """The person no longer wants it."""

    name, title, form_class, submit_label = "request-withdraw", "Withdraw", NeededTextForm, "Close as withdrawn"
    success, danger, words = "Withdrawn.", True, "The request is closed for good, with a letter."

    def save(self, form: Any) -> Any:
        """Withdraw."""
        text = form.cleaned_data["text"]
        return decisions.withdraw_request(request=self.row, text=text, by=self.actor, now=self.now)


class HoldForm(ReasonForm):
    """What is held and until when it is looked at again."""

    scope = forms.CharField(label="Matter", max_length=120, help_text="Number of the case; no names.")
    review_on = forms.DateField(
        label="Look at it again on", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


class Hold(RequestAction):
    """Forbids to erase the person."""

    name, title, form_class, submit_label = "request-hold", "Legal hold", HoldForm, "Place the hold"
    success = "Held. Nothing of this person can be erased."
    words = "While the hold stands nothing of this person is erased, by any door. The clock runs on."

    def initial(self) -> dict[str, Any]:
        """Half a year ahead."""
        return {"review_on": (self.now + timedelta(days=182)).date()}

    def save(self, form: Any) -> Any:
        """Hold."""
        data = form.cleaned_data
        return decisions.hold_request(
            request=self.row,
            scope=data["scope"],
            reason=data["reason"],
            review_on=data["review_on"],
            by=self.actor,
            now=self.now,
        )


class Lift(RequestAction):
    """Ends the hold."""

    name, title, form_class, submit_label = "request-lift", "Lift the hold", ReasonForm, "Lift"
    success, words = "Lifted.", "The person's data can be erased again, and the request goes on."

    def save(self, form: Any) -> Any:
        """Lift."""
        reason = form.cleaned_data["reason"]
        return decisions.lift_hold(request=self.row, reason=reason, by=self.actor, now=self.now)


class Deliver(RequestAction):
    """Closes as done."""

    name, title, form_class, submit_label = "request-deliver", "Close as done", TextForm, "Close and send the letter"
    success, words = "Closed.", "The requester gets a letter that it is done; the certificate stands on the request."

    def save(self, form: Any) -> Any:
        """Close."""
        text = form.cleaned_data["text"]
        return decisions.deliver_request(request=self.row, text=text, by=self.actor, now=self.now)
