"""What can be done with a request: each step is confirmed on a page of its own and makes one service call."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.urls import reverse

from consent.console.request_words import CHANGE, step_name
from consent.models import DataRequest, RequestStep
from consent.rules.deadlines import may_pause
from consent.rules.request_clock import known_regime
from consent.rules.requests import Question
from consent.selectors.requests import dates_now, find_request, find_step, local_day, officers
from consent.services import requests as desk
from consent.services.request_steps import finish_by_hand
from core.console.forms import ConsoleForm, ReasonForm
from core.console.views import ActionPage

_WORDS = forms.Textarea(attrs={"rows": 3})


class RequestAction(ActionPage, abstract=True):
    """A step of one request; afterwards the request is shown again."""

    permission = CHANGE
    words = ""

    @property
    def row(self) -> DataRequest:
        """The request."""
        return find_request(self.kwargs["public_id"])

    def question(self) -> str:
        """What will happen."""
        return self.words

    def success_url(self, result: Any) -> str:
        """The request."""
        return reverse("console:request", args=[self.kwargs["public_id"]])

    def cancel_url(self) -> str:
        """The request."""
        return reverse("console:request", args=[self.kwargs["public_id"]])


class TextForm(ConsoleForm):
    """A word for the history."""

    text = forms.CharField(label="Note", required=False, max_length=2000, widget=_WORDS)


class NeededTextForm(ConsoleForm):
    """A word for the history that must be there."""

    text = forms.CharField(label="What happened", max_length=2000, widget=_WORDS)


class Acknowledge(RequestAction):
    """Tells the requester."""

    name, title, submit_label = "request-acknowledge", "Acknowledge", "Send the letter"
    success = "Acknowledged."
    words = "The requester gets a letter: we have the request, and by when we answer."

    def save(self, form: Any) -> Any:
        """Acknowledge."""
        return desk.acknowledge_request(request=self.row, by=self.actor, now=self.now)


class VerifyForm(ConsoleForm):
    """How the identity was established."""

    how = forms.ChoiceField(
        label="How",
        choices=[
            ("account sign-in", "Signed in to their account"),
            ("e-mail link", "Confirmed by the link in our e-mail"),
            ("two data points", "Two matching data points (11 CCR 7062)"),
            ("three data points and declaration", "Three data points and a signed declaration (11 CCR 7062)"),
            ("known in person", "Known in person"),
            ("agent permission", "Agent's signed permission, confirmed by the person (11 CCR 7063)"),
        ],
    )


class Verify(RequestAction):
    """The requester is who they say."""

    name, title, form_class, submit_label = "request-verify", "Identity verified", VerifyForm, "Verified"
    success = "Verified. Collecting has begun."
    words = "The work begins: every system is asked for this person's data."

    def save(self, form: Any) -> Any:
        """Verify."""
        return desk.verify_request(request=self.row, how=form.cleaned_data["how"], by=self.actor, now=self.now)


class NotVerified(RequestAction):
    """An attempt that failed."""

    name, title, form_class = "request-not-verified", "Verification failed", NeededTextForm
    submit_label, success = "Note the attempt", "Noted."

    def question(self) -> str:
        """Which attempt it was."""
        return f"{self.row.attempts} of {desk.MAX_ATTEMPTS} attempts have failed. After the third, refuse the request."

    def save(self, form: Any) -> Any:
        """Count it."""
        text = form.cleaned_data["text"]
        return desk.fail_verification(request=self.row, text=text, by=self.actor, now=self.now)


class Collect(RequestAction):
    """Begins the work."""

    name, title, submit_label, success = "request-collect", "Start", "Start", "The work has begun."
    words = "The work begins. Opt-outs and objections take effect at once."

    def save(self, form: Any) -> Any:
        """Start."""
        return desk.start_collecting(request=self.row, by=self.actor, now=self.now)


class AskForm(ConsoleForm):
    """What to ask."""

    question = forms.ChoiceField(label="About", choices=Question.choices)
    text = forms.CharField(label="Your question", max_length=1000, required=False, widget=_WORDS)


class Ask(RequestAction):
    """Asks the requester something."""

    name, title, form_class, submit_label = "request-ask", "Ask the requester", AskForm, "Send"
    success = "Asked."

    def question(self) -> str:
        """Whether the clock stops meanwhile."""
        law = known_regime(self.row.regime).law
        stops = [name for name in Question.values if may_pause(law, name)]
        return (
            f"Under the {law.name} the statutory clock stops for: {', '.join(stops)}. The day we work towards stays."
            if stops
            else f"Under the {law.name} no question stops the clock ({law.article})."
        )

    def save(self, form: Any) -> Any:
        """Ask."""
        data = form.cleaned_data
        return desk.ask_requester(
            request=self.row, question=data["question"], text=data["text"], by=self.actor, now=self.now
        )


class Resume(RequestAction):
    """The answer came."""

    name, title, form_class, submit_label = "request-resume", "Answer received", TextForm, "Go on"
    success, words = "The clock runs on.", "The clock runs on, and the work with it."

    def save(self, form: Any) -> Any:
        """Resume."""
        text = form.cleaned_data["text"]
        return desk.resume_request(request=self.row, text=text, by=self.actor, now=self.now)


class Extend(RequestAction):
    """Uses the law's extension."""

    name, title, form_class, submit_label = "request-extend", "Extend", ReasonForm, "Extend and send the letter"
    success, words = "Extended, and the letter is on its way.", "The requester gets a letter with the reason."

    def consequences(self) -> Sequence[tuple[str, str]]:
        """The last day for it."""
        answer = dates_now(self.row, local_day(self.row.regime, self.now)).answer
        return [("Must be announced by", str(answer.notice_by or "this law knows no extension"))]

    def save(self, form: Any) -> Any:
        """Extend."""
        reason = form.cleaned_data["reason"]
        return desk.extend_request(request=self.row, reason=reason, by=self.actor, now=self.now)


class AssignOneForm(TextForm):
    """Who takes it, with a note for them."""

    assignee = forms.ChoiceField(label="Assignee", required=False)
    field_order = ("assignee", "text")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = [(f"staff:{user.public_id}", user.name) for user in officers()]
        self.fields["assignee"].choices = [("", "Nobody"), *people]  # type: ignore[attr-defined]


class Assign(RequestAction):
    """Hands it over."""

    name, title, form_class, submit_label = "request-assign", "Assign", AssignOneForm, "Assign"
    success, words = "Assigned.", "The note stands in the history."

    def initial(self) -> dict[str, Any]:
        """In whose hands it is."""
        return {"assignee": self.row.assignee}

    def save(self, form: Any) -> Any:
        """Assign."""
        data = form.cleaned_data
        return desk.assign_request(
            request=self.row, to=data["assignee"], text=data["text"], by=self.actor, now=self.now
        )


class CommentForm(NeededTextForm):
    """A comment, and the time it took."""

    minutes = forms.IntegerField(label="Minutes of work", required=False, min_value=0, max_value=10_000)


class Comment(RequestAction):
    """Adds to the history."""

    name, title, form_class, submit_label = "request-comment", "Comment", CommentForm, "Add"
    success, words = "Added.", "Stands in the history for good. The requester's address is taken out."

    def save(self, form: Any) -> Any:
        """Add it."""
        data = form.cleaned_data
        return desk.comment_request(
            request=self.row, text=data["text"], minutes=data["minutes"] or 0, by=self.actor, now=self.now
        )


class MatchForm(ConsoleForm):
    """Whose data it is about."""

    reference = forms.CharField(label="Customer", max_length=255, help_text="Id (cus_...) or external id.")


class Match(RequestAction):
    """Says whose data it is."""

    name, title, form_class, submit_label = "request-match", "Find the person", MatchForm, "This is the person"
    success, words = "Found.", "No profile has the requester's address. Look for near misses before you say so."

    def save(self, form: Any) -> Any:
        """Match."""
        reference = form.cleaned_data["reference"]
        return desk.set_customer(request=self.row, reference=reference, by=self.actor, now=self.now)


class TaskForm(NeededTextForm):
    """Done, or left out."""

    outcome = forms.ChoiceField(label="Outcome", choices=[("done", "Done"), ("skip", "Left out, for this reason")])
    minutes = forms.IntegerField(label="Minutes of work", required=False, min_value=0, max_value=10_000)
    field_order = ("outcome", "text", "minutes")


class Task(RequestAction):
    """A task done by a person, or one that is left out."""

    name, title, form_class, submit_label, success = "request-task", "Task", TaskForm, "Save", "Saved."

    @property
    def step(self) -> RequestStep:
        """The task."""
        return find_step(self.row, int(self.kwargs["pk"]))

    def question(self) -> str:
        """What the task is."""
        return f"{step_name(self.step)}. {self.step.title}."

    def consequences(self) -> Sequence[tuple[str, str]]:
        """How it stands."""
        step = self.step
        return [("State", step.state), ("Attempts", str(step.attempts)), ("Trouble", step.error or "none")]

    def save(self, form: Any) -> Any:
        """Finish it."""
        data = form.cleaned_data
        return finish_by_hand(
            step=self.step,
            text=data["text"],
            skip=data["outcome"] == "skip",
            minutes=data["minutes"] or 0,
            by=self.actor,
            now=self.now,
        )
