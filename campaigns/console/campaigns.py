"""Campaigns on screens: the list, one campaign's page, and who was sent to or why not."""

from collections.abc import Mapping, Sequence
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from campaigns.console.budgets import guard
from campaigns.console.named import NamedList
from campaigns.console.words import APPROVE, CHANGE, DELIVERIES, LAUNCH, PAUSE, STATES, VIEW, person, whom
from campaigns.models import Campaign, Delivery
from campaigns.rules.deliveries import DeliveryState, reason_words
from campaigns.rules.feedback import Outcome
from campaigns.rules.lifecycle import State
from campaigns.rules.reactions import Kind
from campaigns.selectors.audience import audience_of, is_large_audience, kept_audience
from campaigns.selectors.campaigns import (
    count_running,
    counts_of,
    find_campaign,
    list_campaigns,
    list_deliveries,
    parts_of,
    progress,
    reasons_of,
    why_not_approve,
)
from campaigns.selectors.given import codes_given
from campaigns.selectors.kept import find_change
from campaigns.selectors.links import body_of, links_of
from campaigns.selectors.pilots import PILOT, is_pilot
from campaigns.selectors.reactions import outcomes_of, reactions_of
from campaigns.selectors.tallies import tallied_at
from core.console import cells
from core.console.pages import Action
from core.console.tables import whole_row
from core.console.views import Column, DetailPage, Empty, Figure, Header, ListPage, MenuEntry, Tab
from core.menu import Alert, AlertSource, Panel


def address(name: str, campaign: Campaign) -> str:
    """The URL of a screen of this campaign."""
    return reverse(f"console:{name}", args=[campaign.public_id])


class CampaignFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What campaigns can be narrowed by."""

    state = django_filters.ChoiceFilter(label="State", choices=State.choices, empty_label="Any state")
    pilot = django_filters.ChoiceFilter(
        label="Pilot", choices=[("yes", "Pilots")], empty_label="Pilots and others", method="narrow_to_pilots"
    )

    def narrow_to_pilots(self, rows: QuerySet[Campaign], _: str, __: str) -> QuerySet[Campaign]:
        """Those marked as pilots."""
        return rows.filter(PILOT)

    class Meta:
        model = Campaign
        fields: Sequence[str] = ()


class CampaignList(NamedList):
    """Every campaign that is not put away, newest first."""

    name, title, permission = "campaigns", "Campaigns", VIEW
    menu_entry = MenuEntry("Campaigns", "send", "Marketing", order=10, count=count_running)
    filterset_class, bar_filters, default_sort = CampaignFilter, ("state",), "-created_at"
    tabs = (
        Tab("Drafts", {"state": "draft"}),
        Tab("To review", {"state": "in_review"}),
        Tab("Sending", {"state": "sending"}),
        Tab("Pilots", {"pilot": "yes"}),
    )
    columns = (
        Column(
            "campaign",
            "Campaign",
            value=whole_row,
            cell=lambda row: cells.link(address("campaign", row), row.name, "Pilot" if is_pilot(row) else ""),
        ),
        Column("state", "State", cell=cells.state(STATES)),
        Column("people", "Audience", cell=cells.number, end=True),
        Column("sent", "Sent", value=lambda row: row.figures["sent"], cell=cells.number, end=True),
        Column("open", "Waiting", value=lambda row: row.figures["open"], cell=cells.number, end=True),
        Column("gaps", "Missed", value=lambda row: row.figures["gaps"], cell=cells.number, end=True),
        Column("send_at", "Sends", cell=cells.ago),
        Column("purpose", "Purpose", value=lambda row: row.purpose.name),
        Column("changed", "Changed", value=lambda row: row.updated_at, cell=cells.ago, sort="updated_at"),
        Column("owner", "Owner", cell=cells.code, optional=True),
    )

    search_label = "Name or id"

    @property
    def empty(self) -> Empty:  # type: ignore[override]
        """What to do first."""
        return Empty("No campaigns yet", "Choose a segment, write a message, let somebody read it.", self.actions()[0])

    def rows(self) -> QuerySet[Campaign]:
        """Those in use; archived ones when the filter asks for them."""
        return list_campaigns(include_archived=self.request.GET.get("state") == State.ARCHIVED)

    def prepare(self, rows: list[Any]) -> list[Any]:
        """The counts of all rows in one query."""
        counts = counts_of(rows)
        for row in rows:
            row.figures = progress(row, counts.get(row.pk, {}))
        return rows

    def actions(self) -> Sequence[Action]:
        """A new draft."""
        return (Action("New campaign", reverse("console:campaign-new"), CHANGE, "plus", primary=True),)


def _progress(request: HttpRequest, campaign: Campaign) -> Mapping[str, Any]:
    counts = counts_of([campaign]).get(campaign.pk, {})
    order = [state for state in DeliveryState if counts.get(state)]
    change = find_change(campaign)
    return {
        "rows": [(state.label, counts[state]) for state in order],
        "total": sum(counts.values()),
        "at": tallied_at(campaign),
        "change": change,
        "finished": campaign.state not in (State.BUILDING_AUDIENCE, State.SENDING) and change is None,
    }


def _reactions(request: HttpRequest, campaign: Campaign) -> Mapping[str, Any]:
    found = reactions_of([campaign])[campaign.pk]
    rows = [
        (label, tally, found.share(tally.human), found.share(tally.everybody))
        for label, tally in ((Kind.OPEN.label, found.opened), (Kind.CLICK.label, found.clicked))
    ]
    sent = counts_of([campaign])[campaign.pk].get(DeliveryState.SENT, 0)
    return {"rows": rows, "measured": found.measured, "sent": sent, "on": campaign.tracking}


def _outcomes(request: HttpRequest, campaign: Campaign) -> Mapping[str, Any]:
    found = outcomes_of([campaign])[campaign.pk]
    sent = counts_of([campaign])[campaign.pk].get(DeliveryState.SENT, 0)
    rows = [(outcome.label, found[outcome]) for outcome in Outcome if found.get(outcome)]
    return {"rows": rows, "sent": sent, "silent": max(0, sent - sum(found.values()))}


def _reasons(request: HttpRequest, campaign: Campaign) -> Mapping[str, Any]:
    if campaign.people is not None:
        rows = [(DeliveryState(state).label, reason_words(why), people) for state, why, people in reasons_of(campaign)]
        return {"reasons": rows}
    large = is_large_audience(campaign)
    audience = kept_audience(campaign) if large else audience_of(campaign, timezone.now())
    if audience is None:
        return {"uncounted": True}
    label = DeliveryState.SKIPPED.label
    return {
        "reasons": [(label, reason_words(why), people) for why, people in audience.why_not],
        "audience": audience,
        "large": large,
    }


def _audience(request: HttpRequest, campaign: Campaign) -> Mapping[str, Any]:
    return {"parts": parts_of([campaign]).get(campaign.pk, []), "taken": campaign.audience}


def _canary(campaign: Campaign) -> str:
    if not campaign.canary_percent:
        return "Everybody at once"
    then = "let go" if campaign.canary_passed_at else campaign.get_canary_choice_display().lower()
    return f"{campaign.canary_percent} %, then {campaign.canary_minutes} minutes, then: {then}"


def _pilot(campaign: Campaign) -> str:
    if not is_pilot(campaign):
        return "No: everybody gets it"
    limit = f"{campaign.pilot_percent} %" if campaign.pilot_percent else f"{campaign.pilot_people or 0:,} people"
    return f"{limit}, " + ("promoted to everybody" if campaign.pilot_promoted_at else "the others when it is promoted")


def _offer(campaign: Campaign) -> str:
    if campaign.promotion is None:
        return cells.NOTHING
    found = codes_given(campaign)
    return f"{campaign.promotion.name}: {found['given']:,} codes given, {found['used']:,} used"


def _facts(request: HttpRequest, campaign: Campaign) -> Mapping[str, Any]:
    quiet = f"{campaign.quiet_from:%H:%M} to {campaign.quiet_until:%H:%M} there" if campaign.quiet_from else "None"
    cap = f"{campaign.cap_messages} in {campaign.cap_days} days, then: {campaign.get_cap_choice_display().lower()}"
    rows = [
        ("Channel", campaign.get_channel_display()),
        ("Purpose", campaign.purpose.name),
        ("Goal", campaign.goal or cells.NOTHING),
        ("Offer", _offer(campaign)),
        ("Sends", cells.instant(campaign.send_at) if campaign.send_at else "When launched"),
        ("At most", f"{campaign.per_minute:,} a minute" if campaign.per_minute else "As fast as the mail server takes"),
        ("Quiet hours", quiet),
        ("Limit a person", cap if campaign.cap_messages else "None"),
        ("Measured", "Opens and clicks of people who agreed" if campaign.tracking else "Nothing"),
        ("First to", _canary(campaign)),
        ("Pilot", _pilot(campaign)),
        ("Held out", f"{campaign.holdout_percent} %" if campaign.holdout_percent else "Nobody"),
        ("Budget", cells.money(campaign.budget, campaign.currency) if campaign.budget is not None else "None"),
    ]
    return {"facts": rows + _people(campaign)}


def _people(campaign: Campaign) -> list[tuple[str, str]]:
    return whom(
        {
            "Written by": campaign.owner,
            "Submitted by": campaign.submitted_by,
            "Approved by": campaign.approved_by,
            "Launched by": campaign.launched_by,
        }
    )


def _message(request: HttpRequest, campaign: Campaign) -> Mapping[str, Any]:
    return {"preview_url": address("campaign-preview", campaign)}


def _links(request: HttpRequest, campaign: Campaign) -> Mapping[str, Any]:
    links = links_of(body_of(campaign))
    waiting = any(link.alive is None for link in links)
    return {"links": links, "check_url": address("campaign-links", campaign), "finished": not waiting}


class CampaignDetail(DetailPage):
    """One campaign: how far it is, who was left out and why, what it says, within which limits."""

    name, title, permission, panel_area = "campaign", "Campaign", VIEW, "campaign"
    panels = (
        Panel("progress", "Deliveries", "campaigns/_progress.html", VIEW, _progress, order=10, poll=3),
        Panel("reactions", "Opens and clicks", "campaigns/_reactions.html", VIEW, _reactions, order=15),
        Panel("outcomes", "What became of the messages", "campaigns/_outcomes.html", VIEW, _outcomes, order=12),
        Panel("reasons", "Who is left out, and why", "campaigns/_reasons.html", VIEW, _reasons, order=20),
        Panel("budget", "Budget guard", "campaigns/_budget.html", VIEW, guard, order=25),
        Panel("message", "Message", "campaigns/_message.html", VIEW, _message, order=30),
        Panel("links", "Links", "campaigns/_links.html", VIEW, _links, order=35, poll=3),
        Panel("audience", "Audience", "campaigns/_audience.html", VIEW, _audience, place="side", order=10),
        Panel("facts", "Limits and approval", "customers/_facts.html", VIEW, _facts, place="side", order=20),
    )

    def find(self) -> Campaign:
        """By its public id."""
        return find_campaign(self.kwargs["public_id"])

    def header(self, subject: Campaign) -> Header:
        """Name, state, and what is wrong when something is."""
        subtitle = subject.trouble or subject.goal
        state = cells.dot(STATES[subject.state])
        return Header(subject.name, subtitle=subtitle, code=subject.public_id, state=state)

    def figures(self, subject: Campaign) -> Sequence[Figure]:
        """Who is done, who is left, what it cost."""
        now = progress(subject, counts_of([subject]).get(subject.pk, {}))
        return (
            Figure("Audience", cells.number(now["people"]), icon="users"),
            Figure("Sent", cells.number(now["sent"]), icon="send"),
            Figure("Waiting", cells.number(now["open"]), icon="clock"),
            Figure("Missed", cells.number(now["gaps"]), icon="alert-triangle"),
            Figure("Cost so far", cells.money(now["cost"], subject.currency), icon="credit-card"),
        )

    def actions(self, subject: Campaign) -> Sequence[Action]:
        """What its state allows."""
        always = [Action("Duplicate", address("campaign-duplicate", subject), CHANGE, "copy")]
        if subject.people is not None:
            always.insert(0, Action("Results", address("campaign-results", subject), VIEW, "report-analytics"))
            always.insert(0, Action("Deliveries", address("campaign-deliveries", subject), VIEW, "list"))
        own = {"campaign-approve": why_not_approve(subject, self.actor)}
        steps = [
            Action(label, address(name, subject), right, icon, primary=primary, disabled_because=own.get(name, ""))
            for label, name, right, icon, primary in (*_STEPS.get(subject.state, ()), *promoting(subject))
        ]
        return (*always, *steps)


def promoting(campaign: Campaign) -> Sequence[tuple[str, str, str, str, bool]]:
    """The step that promotes a pilot, when it is over and was not promoted."""
    over = campaign.state in (State.COMPLETED, State.COMPLETED_WITH_GAPS)
    if not over or not is_pilot(campaign) or campaign.pilot_promoted_at or campaign.totals:
        return ()
    return (("Promote", "campaign-promote", LAUNCH, "users", True),)


_EDIT = ("Edit", "campaign-basics", CHANGE, "edit", False)
_ARCHIVE = ("Archive", "campaign-archive", CHANGE, "package", False)
_DELETE = ("Delete", "campaign-delete", CHANGE, "trash", False)
_BACK = ("Back to draft", "campaign-send-back", CHANGE, "arrow-left", False)
_CANCEL = ("Cancel", "campaign-cancel", LAUNCH, "player-stop", False)
_STEPS: Mapping[str, Sequence[tuple[str, str, str, str, bool]]] = {
    State.DRAFT: (_DELETE, _ARCHIVE, _EDIT, ("Review", "campaign-review", CHANGE, "eye", True)),
    State.IN_REVIEW: (_BACK, ("Approve", "campaign-approve", APPROVE, "check", True)),
    State.APPROVED: (_CANCEL, _BACK, ("Launch", "campaign-launch", LAUNCH, "send", True)),
    State.SCHEDULED: (_CANCEL, ("Do not send yet", "campaign-unschedule", PAUSE, "player-pause", True)),
    State.BUILDING_AUDIENCE: (_CANCEL,),
    State.SENDING: (_CANCEL, ("Pause", "campaign-pause", PAUSE, "player-pause", True)),
    State.PAUSED: (_CANCEL, ("Go on", "campaign-resume", LAUNCH, "player-play", True)),
    State.COMPLETED: (_ARCHIVE,),
    State.COMPLETED_WITH_GAPS: (_ARCHIVE, ("Send to the unsent", "campaign-send-unsent", LAUNCH, "refresh", True)),
    State.CANCELLED: (_ARCHIVE,),
    State.FAILED: (_ARCHIVE, _BACK),
}


class DeliveryFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What deliveries can be narrowed by."""

    state = django_filters.ChoiceFilter(label="State", choices=DeliveryState.choices, empty_label="Any state")

    class Meta:
        model = Delivery
        fields: Sequence[str] = ()


class CampaignDeliveries(ListPage):
    """One row for each person of the audience."""

    name, title, permission = "campaign-deliveries", "Deliveries", VIEW
    filterset_class, bar_filters, keeps_views, key_field = DeliveryFilter, ("state",), False, "pk"
    tabs = (Tab("Sent", {"state": "sent"}), Tab("Left out", {"state": "skipped"}), Tab("Failed", {"state": "failed"}))
    empty = Empty("Nobody here", "No delivery of this campaign is in this state.")
    columns = (
        Column("customer", "Customer", cell=person),
        Column("state", "State", cell=cells.state(DELIVERIES)),
        Column("reason", "Why", value=lambda row: reason_words(row.reason)),
        Column("sent_at", "Sent", cell=cells.instant),
        Column("outcome", "Outcome", value=lambda row: row.get_outcome_display(), cell=cells.text),
        Column("outcome_code", "Code", cell=cells.code, optional=True),
        Column("opened", "Opened", value=lambda row: row.get_opened_display() or "", cell=cells.text),
        Column("clicked", "Clicked", value=lambda row: row.get_clicked_display() or "", cell=cells.text),
        Column("due_at", "Due", cell=cells.ago, optional=True),
        Column("attempts", "Attempts", cell=cells.number, end=True, optional=True),
        Column("consent_ref", "Ledger entry", cell=cells.text, end=True, optional=True),
    )

    def rows(self) -> QuerySet[Delivery]:
        """Those of the campaign of this address."""
        return list_deliveries(find_campaign(self.kwargs["public_id"]))

    def actions(self) -> Sequence[Action]:
        """Back to the campaign."""
        return (Action("Campaign", reverse("console:campaign", args=[self.kwargs["public_id"]]), VIEW, "arrow-left"),)


def stopped() -> list[Alert]:
    """Campaigns that need somebody: some people were missed, or it was stopped with a reason."""
    rows = list_campaigns().filter(state__in=[State.COMPLETED_WITH_GAPS, State.PAUSED]).order_by("-updated_at")[:20]
    return [
        Alert(f"“{row.name}” is {row.get_state_display().lower()}. {row.trouble}".strip(), address("campaign", row))
        for row in rows
    ]


ALERTS = AlertSource("campaigns", VIEW, stopped)
