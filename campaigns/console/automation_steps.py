"""What people do with an automation once it is written: publish, pause, go on, put away."""

from collections.abc import Sequence

from django import forms
from django.urls import reverse

from campaigns.console.automations import address
from campaigns.console.words import APPROVE, CHANGE, PAUSE
from campaigns.models import Automation
from campaigns.rules.automations.states import RunState
from campaigns.selectors.automations.listing import find_automation, under_way
from campaigns.services.automations.definitions import (
    archive_automation,
    drop_draft,
    pause_automation,
    resume_automation,
)
from campaigns.services.automations.publishing import publish_draft
from campaigns.services.automations.simulating import start_simulation
from core.console import cells
from core.console.forms import ConsoleForm, ReasonForm
from core.console.views import ActionPage


class _Step(ActionPage, abstract=True):
    """What the steps share."""

    permission = CHANGE

    @property
    def automation(self) -> Automation:
        """The automation of the address."""
        return find_automation(self.kwargs["public_id"])

    def consequences(self) -> Sequence[tuple[str, str]]:
        """Whom it is about."""
        row = self.automation
        people = under_way([row]).get(row.pk, {})
        return (("Under way", cells.number(people.get(RunState.OPEN, 0))),)

    def success_url(self, result: Automation) -> str:
        """Its page."""
        return address("automation", result)

    def cancel_url(self) -> str:
        """Its page."""
        return reverse("console:automation", args=[self.kwargs["public_id"]])


class PublishForm(ConsoleForm):
    """What becomes of those under way."""

    take_along = forms.BooleanField(
        label="Those under way go on in the new version",
        required=False,
        help_text="At the step of the same name; whose step is gone is out. Otherwise they end in the old version.",
    )


class PublishAutomation(_Step):
    """The draft becomes what happens."""

    name, title, permission = "automation-publish", "Publish", APPROVE
    form_class, submit_label, success = PublishForm, "Publish", "The draft is live."

    def question(self) -> str:
        """What it means."""
        return f"You have read the draft of “{self.automation.name}”, and it may do what it says to whoever comes in."

    def save(self, form: PublishForm) -> Automation:
        """Publish."""
        mapping: dict[str, str | None] | None = {} if form.cleaned_data["take_along"] else None
        return publish_draft(automation=self.automation, mapping=mapping, by=self.actor, now=self.now)


class DropDraft(_Step):
    """What was written and not published is given up."""

    name, title, danger = "automation-drop", "Drop the draft", True
    submit_label, success = "Drop it", "The draft is gone. What is live stays as it was."

    def question(self) -> str:
        """What is lost."""
        return f"The draft of “{self.automation.name}” and its changes are lost. What is live goes on as it is."

    def save(self, form: ConsoleForm) -> Automation:
        """Drop it."""
        automation = self.automation
        drop_draft(automation=automation, by=self.actor, now=self.now)
        return automation


class PauseAutomation(_Step):
    """Stop for now."""

    name, title, permission = "automation-pause", "Pause automation", PAUSE
    form_class, submit_label, success = ReasonForm, "Pause", "The automation is paused."

    def question(self) -> str:
        """What happens."""
        return f"Nobody comes into “{self.automation.name}”, nobody moves on, none of its messages leaves."

    def save(self, form: ReasonForm) -> Automation:
        """Pause."""
        reason = form.cleaned_data["reason"]
        return pause_automation(automation=self.automation, reason=reason, by=self.actor, now=self.now)


class ResumeAutomation(_Step):
    """Go on."""

    name, title, permission = "automation-resume", "Go on", APPROVE
    submit_label, success = "Go on", "The automation goes on."

    def question(self) -> str:
        """What happens."""
        return f"“{self.automation.name}” goes on where it was. Whose wait ran out meanwhile moves on now."

    def save(self, form: ConsoleForm) -> Automation:
        """Resume."""
        return resume_automation(automation=self.automation, by=self.actor, now=self.now)


class SimulateAutomation(_Step):
    """Try it without doing anything."""

    name, title = "automation-simulate", "Simulate"
    submit_label, success = "Simulate", "The simulation has begun; its figures appear on this page."

    def question(self) -> str:
        """What happens."""
        return f"What people did in the last 30 days is played through “{self.automation.name}”. Nobody gets anything."

    def save(self, form: ConsoleForm) -> Automation:
        """Start the job."""
        start_simulation(automation=self.automation, by=self.actor, now=self.now)
        return self.automation


class ArchiveAutomation(_Step):
    """For good."""

    name, title, danger = "automation-archive", "Archive automation", True
    submit_label, success = "Archive", "The automation is put away."

    def question(self) -> str:
        """What happens."""
        return f"“{self.automation.name}” is over for everybody under way, and messages that wait are not sent."

    def save(self, form: ConsoleForm) -> Automation:
        """Archive."""
        return archive_automation(automation=self.automation, by=self.actor, now=self.now)
