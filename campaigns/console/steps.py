"""What people do with a campaign once it is written: approve, launch, stop, go on, copy, put away."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.urls import reverse

from campaigns.console.campaigns import address
from campaigns.console.words import APPROVE, CHANGE, LAUNCH, PAUSE, VIEW
from campaigns.models import Campaign
from campaigns.rules.budget import cost_of
from campaigns.rules.counting import RESULTS
from campaigns.rules.deliveries import DeliveryState
from campaigns.selectors.campaigns import counts_of, find_campaign
from campaigns.selectors.pilots import count_waiting
from campaigns.services.approval import approve_campaign, send_back_campaign
from campaigns.services.campaigns import archive_campaign, duplicate_campaign
from campaigns.services.counting import ask_count, audience_for
from campaigns.services.links import check_campaign_links
from campaigns.services.pilots import promote_campaign
from campaigns.services.removing import delete_campaign
from campaigns.services.running import (
    cancel_campaign,
    launch_campaign,
    pause_campaign,
    resume_campaign,
    send_to_unsent,
    unschedule_campaign,
)
from core.console import cells
from core.console.forms import ConsoleForm, ReasonForm
from core.console.views import ActionPage


class _Step(ActionPage, abstract=True):
    """What the steps share."""

    permission = LAUNCH

    @property
    def campaign(self) -> Campaign:
        """The campaign of the address."""
        return find_campaign(self.kwargs["public_id"])

    def success_url(self, result: Campaign) -> str:
        """The page of what came out."""
        return address("campaign", result)

    def cancel_url(self) -> str:
        """The campaign's page."""
        return reverse("console:campaign", args=[self.kwargs["public_id"]])


class _CountedStep(_Step, abstract=True):
    """A step that shows how many people it is about."""

    def consequences(self) -> Sequence[tuple[str, str]]:
        """Counted now; large ones in the last hour."""
        audience = audience_for(campaign=self.campaign, by=self.actor, now=self.now)
        if audience is None:
            return (("Audience", "Being counted: open this page again in some seconds"),)
        return (
            ("Audience", cells.number(audience.total)),
            ("May be written to", cells.number(audience.reachable)),
            ("Counted", cells.ago(audience.at)),
        )


class ApproveCampaign(_CountedStep):
    """The second pair of eyes."""

    name, title, permission = "campaign-approve", "Approve campaign", APPROVE
    submit_label, success = "Approve", "The campaign is approved and can be launched."

    def question(self) -> str:
        """What it means."""
        return f"You have read “{self.campaign.name}”, its audience and its limits, and it may be sent."

    def save(self, form: ConsoleForm) -> Campaign:
        """Approve."""
        return approve_campaign(campaign=self.campaign, by=self.actor, now=self.now)


class SendBackCampaign(_Step):
    """Not yet."""

    name, title, permission = "campaign-send-back", "Back to draft", CHANGE
    form_class, submit_label, success = ReasonForm, "Send back", "The campaign is a draft again."

    def question(self) -> str:
        """What happens."""
        return f"“{self.campaign.name}” becomes a draft again; every approval is void."

    def save(self, form: ReasonForm) -> Campaign:
        """Send back."""
        reason = form.cleaned_data["reason"]
        return send_back_campaign(campaign=self.campaign, reason=reason, by=self.actor, now=self.now)


class LaunchCampaign(_CountedStep):
    """Off it goes."""

    name, title = "campaign-launch", "Launch campaign"
    submit_label, success = "Launch", "The campaign is on its way."

    def question(self) -> str:
        """When it is sent."""
        row = self.campaign
        when = cells.in_words(row.send_at, self.now) if row.send_at and row.send_at > self.now else "now"
        return f"“{row.name}” is sent {when}. Who is in the segments at that moment gets it."

    def save(self, form: ConsoleForm) -> Campaign:
        """Launch."""
        return launch_campaign(campaign=self.campaign, by=self.actor, now=self.now)


class UnscheduleCampaign(_Step):
    """Not yet."""

    name, title, permission = "campaign-unschedule", "Do not send yet", PAUSE
    submit_label, success = "Take it off the schedule", "The campaign waits to be launched again."

    def question(self) -> str:
        """What happens."""
        return f"“{self.campaign.name}” is not sent until somebody launches it again; its approval stands."

    def save(self, form: ConsoleForm) -> Campaign:
        """Unschedule."""
        return unschedule_campaign(campaign=self.campaign, by=self.actor, now=self.now)


class PauseCampaign(_Step):
    """Stop for now."""

    name, title, permission = "campaign-pause", "Pause campaign", PAUSE
    form_class, submit_label, success = ReasonForm, "Pause", "The campaign is paused."

    def question(self) -> str:
        """What happens."""
        return f"Nothing more of “{self.campaign.name}” is handed to the mail server until somebody lets it go on."

    def save(self, form: ReasonForm) -> Campaign:
        """Pause."""
        reason = form.cleaned_data["reason"]
        return pause_campaign(campaign=self.campaign, reason=reason, by=self.actor, now=self.now)


class ResumeCampaign(_Step):
    """Go on."""

    name, title = "campaign-resume", "Go on"
    submit_label, success = "Go on", "The campaign goes on."

    def question(self) -> str:
        """What happens."""
        return f"“{self.campaign.name}” goes on with whoever is left; nobody gets it twice."

    def save(self, form: ConsoleForm) -> Campaign:
        """Resume."""
        return resume_campaign(campaign=self.campaign, by=self.actor, now=self.now)


class CancelCampaign(_Step):
    """For good."""

    name, title, danger = "campaign-cancel", "Cancel campaign", True
    form_class, submit_label, success = ReasonForm, "Cancel the campaign", "The campaign is cancelled."

    def question(self) -> str:
        """What happens."""
        return f"“{self.campaign.name}” is over: whoever has not got it yet never will. What was sent stays sent."

    def save(self, form: ReasonForm) -> Campaign:
        """Cancel."""
        reason = form.cleaned_data["reason"]
        return cancel_campaign(campaign=self.campaign, reason=reason, by=self.actor, now=self.now)


class UnsentForm(ConsoleForm):
    """Whether to risk a second copy."""

    also_unknown = forms.BooleanField(
        label="Also people whose outcome is unknown: they may get it twice", required=False
    )


class SendUnsent(_Step):
    """Once more for those who were missed."""

    name, title = "campaign-send-unsent", "Send to the unsent"
    form_class, submit_label, success = UnsentForm, "Send", "The campaign goes on with those who were missed."

    def question(self) -> str:
        """What happens."""
        return f"Whoever did not get “{self.campaign.name}” is tried again; permission is checked anew for everybody."

    def consequences(self) -> Sequence[tuple[str, str]]:
        """How many failed, how many may have it."""
        counts: dict[str, Any] = counts_of([row := self.campaign]).get(row.pk, {})
        return (
            ("Failed", cells.number(counts.get(DeliveryState.FAILED, 0))),
            ("Outcome unknown", cells.number(counts.get(DeliveryState.UNKNOWN, 0))),
        )

    def save(self, form: UnsentForm) -> Campaign:
        """Send again."""
        also = form.cleaned_data["also_unknown"]
        return send_to_unsent(campaign=self.campaign, also_unknown=also, by=self.actor, now=self.now)


class PromoteCampaign(_Step):
    """From the pilot to everybody."""

    name, title = "campaign-promote", "Promote pilot"
    submit_label, success = "Send to the others", "The pilot is promoted: the others of its audience get it now."

    def question(self) -> str:
        """What happens."""
        return (
            f"“{self.campaign.name}” goes to everybody else of the audience that was taken when it was launched. "
            "Whoever has it is not sent it again; permission is checked anew for everybody."
        )

    def consequences(self) -> Sequence[tuple[str, str]]:
        """How many have it, how many get it, what that costs."""
        row = self.campaign
        people = count_waiting(row)
        return (
            ("In the pilot", cells.number(row.pilot_drawn)),
            ("Get it now", cells.number(people)),
            ("Costs at most", cells.money(cost_of(people, row.cost_per_message), row.currency)),
        )

    def save(self, form: ConsoleForm) -> Campaign:
        """Promote."""
        return promote_campaign(campaign=self.campaign, by=self.actor, now=self.now)


class CountCampaign(_Step):
    """Figures of this moment."""

    name, title, permission = "campaign-count", "Count anew", VIEW
    submit_label, success = "Count", "The figures are being counted."

    def question(self) -> str:
        """What happens."""
        return f"The figures of “{self.campaign.name}” are counted anew, which takes a minute or two with many people."

    def save(self, form: ConsoleForm) -> Campaign:
        """Ask for it."""
        campaign = self.campaign
        ask_count(campaign=campaign, question=RESULTS, by=self.actor, now=self.now)
        return campaign

    def success_url(self, result: Campaign) -> str:
        """The results."""
        return address("campaign-results", result)


class CheckLinks(_Step):
    """Whether they still lead somewhere."""

    name, title, permission = "campaign-links", "Look at the links", CHANGE
    submit_label, success = "Look now", "The links are being looked at."

    def question(self) -> str:
        """What happens."""
        return f"Every link of “{self.campaign.name}” is fetched once. Nobody is sent anything."

    def save(self, form: ConsoleForm) -> Campaign:
        """Ask for it."""
        campaign = self.campaign
        check_campaign_links(campaign=campaign, by=self.actor, now=self.now)
        return campaign


class DuplicateCampaign(_Step):
    """A copy to work on."""

    name, title, permission = "campaign-duplicate", "Duplicate campaign", CHANGE
    submit_label, success = "Duplicate", "This is the copy: a draft of its own."

    def question(self) -> str:
        """What is copied."""
        return f"A new draft with the words, audience and limits of “{self.campaign.name}”; it needs its own approval."

    def save(self, form: ConsoleForm) -> Campaign:
        """Copy."""
        return duplicate_campaign(campaign=self.campaign, by=self.actor, now=self.now)


class ArchiveCampaign(_Step):
    """Out of the way."""

    name, title, permission = "campaign-archive", "Archive campaign", CHANGE
    submit_label, success = "Archive", "The campaign is archived."

    def question(self) -> str:
        """What happens."""
        return f"“{self.campaign.name}” leaves the list for good; its history and figures stay."

    def save(self, form: ConsoleForm) -> Campaign:
        """Archive."""
        return archive_campaign(campaign=self.campaign, by=self.actor, now=self.now)


class DeleteCampaign(_Step):
    """Gone for good, as long as it is a draft."""

    name, title, permission, danger = "campaign-delete", "Delete campaign", CHANGE, True
    submit_label, success = "Delete", "The draft is gone."

    def question(self) -> str:
        """What happens."""
        return f"“{self.campaign.name}” is gone for good. What was launched once can only be archived."

    def save(self, form: ConsoleForm) -> None:
        """Delete."""
        delete_campaign(campaign=self.campaign, by=self.actor, now=self.now)

    def success_url(self, result: None) -> str:  # type: ignore[override]
        """The list."""
        return reverse("console:campaigns")
