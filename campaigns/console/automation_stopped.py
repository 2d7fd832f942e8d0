"""Seeing to people who stand at a failed step: try again, or take out; one of them, or all."""

from collections.abc import Sequence

from django.urls import reverse

from campaigns.console.automations import address
from campaigns.console.words import CHANGE
from campaigns.models import Automation, Run
from campaigns.rules.automations.states import RunState
from campaigns.selectors.automations.listing import find_automation, find_run, under_way
from campaigns.services.automations.stopped import remove_run, remove_stopped, restart_run, restart_stopped
from core.console import cells
from core.console.forms import ConsoleForm, ReasonForm
from core.console.views import ActionPage


class _OfOne(ActionPage, abstract=True):
    """About one person's way."""

    permission = CHANGE

    @property
    def run(self) -> Run:
        """The way of the address."""
        return find_run(find_automation(self.kwargs["public_id"]), self.kwargs["run_id"])

    def consequences(self) -> Sequence[tuple[str, str]]:
        """Where she stands, and why."""
        run = self.run
        return (("At step", cells.code(run.step)), ("Stopped because", run.trouble or cells.NOTHING))

    def success_url(self, result: Run) -> str:
        """Her history."""
        return address("automation-run", result.automation, result.public_id)

    def cancel_url(self) -> str:
        """Her history."""
        return reverse("console:automation-run", args=[self.kwargs["public_id"], self.kwargs["run_id"]])


class RestartRun(_OfOne):
    """The step that failed is tried again."""

    name, title = "automation-run-restart", "Try again"
    submit_label, success = "Try again", "The step is tried again within seconds."

    def question(self) -> str:
        """What happens."""
        return "The step that failed is done again for this person; if it fails again she is stopped there again."

    def save(self, form: ConsoleForm) -> Run:
        """Restart."""
        return restart_run(run=self.run, by=self.actor, now=self.now)


class RemoveRun(_OfOne):
    """She is out."""

    name, title, danger = "automation-run-remove", "Take out", True
    form_class, submit_label, success = ReasonForm, "Take out", "This person is out of the automation."

    def question(self) -> str:
        """What happens."""
        return "This way is over at once, and messages of it that wait are not sent. Nothing is undone."

    def save(self, form: ReasonForm) -> Run:
        """Remove."""
        return remove_run(run=self.run, reason=form.cleaned_data["reason"], by=self.actor, now=self.now)


class _OfAll(ActionPage, abstract=True):
    """About everybody who was stopped in one automation."""

    permission = CHANGE

    @property
    def automation(self) -> Automation:
        """The automation of the address."""
        return find_automation(self.kwargs["public_id"])

    def consequences(self) -> Sequence[tuple[str, str]]:
        """How many."""
        row = self.automation
        people = under_way([row]).get(row.pk, {})
        return (("Stopped at a failure", cells.number(people.get(RunState.FAILED, 0))),)

    def success_url(self, result: int) -> str:
        """The people of the automation."""
        return self.cancel_url()

    def cancel_url(self) -> str:
        """The people of the automation."""
        return reverse("console:automation-runs", args=[self.kwargs["public_id"]])


class RestartStopped(_OfAll):
    """Everybody tries again."""

    name, title = "automation-stopped-restart", "Try the stopped again"
    submit_label, success = "Try again", "The failed steps are tried again within seconds."

    def question(self) -> str:
        """What happens."""
        return "The step that failed is done again for everybody who was stopped, at most 5,000 at a time."

    def save(self, form: ConsoleForm) -> int:
        """Restart."""
        return restart_stopped(automation=self.automation, by=self.actor, now=self.now)


class RemoveStopped(_OfAll):
    """Everybody who was stopped is out."""

    name, title, danger = "automation-stopped-remove", "Take the stopped out", True
    form_class, submit_label, success = ReasonForm, "Take out", "Who was stopped is out of the automation."

    def question(self) -> str:
        """What happens."""
        return "The way of everybody who was stopped is over, and messages of it that wait are not sent."

    def save(self, form: ReasonForm) -> int:
        """Remove."""
        reason = form.cleaned_data["reason"]
        return remove_stopped(automation=self.automation, reason=reason, by=self.actor, now=self.now)
