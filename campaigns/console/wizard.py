"""Writing a campaign in five steps, each an address of its own; what is typed is kept with every step."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.urls import reverse
from django.utils import timezone

from campaigns.console.campaigns import address
from campaigns.console.words import CHANGE
from campaigns.models import Campaign, CanaryChoice, CapChoice, Channel, Role
from campaigns.rules.budget import cost_of
from campaigns.rules.content.library import TemplateKind, block_line
from campaigns.rules.deliveries import reason_words
from campaigns.selectors.audience import sample_of
from campaigns.selectors.campaigns import (
    find_campaign,
    launch_problems,
    parts_of,
    purposes_of,
    words_faults,
)
from campaigns.selectors.given import offered_promotions
from campaigns.selectors.links import body_of, links_of
from campaigns.selectors.templates import attribute_keys, offered
from campaigns.services.approval import submit_campaign
from campaigns.services.campaigns import change_campaign, define_campaign
from campaigns.services.counting import audience_for
from core.console.forms import ConsoleForm, NoteForm
from core.console.views import FormPage, Step
from customers.selectors.segments.listing import list_segments

_STEPS = (
    ("Goal", "campaign-basics"),
    ("Audience", "campaign-audience"),
    ("Message", "campaign-message"),
    ("Schedule and limits", "campaign-schedule"),
    ("Review", "campaign-review"),
)


class BasicsForm(ConsoleForm):
    """What it is for."""

    title = forms.CharField(label="Name", max_length=120)
    goal = forms.CharField(
        label="Goal", max_length=300, required=False, help_text="What shall be different afterwards?"
    )
    channel = forms.ChoiceField(label="Channel", choices=Channel.choices)
    purpose = forms.ChoiceField(
        label="Purpose", help_text="Only people whose data may be used for this purpose get the message."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = dict(purpose for channel in Channel.values for purpose in purposes_of(channel))
        self.fields["purpose"].choices = list(choices.items())  # type: ignore[attr-defined]

    def values(self) -> dict[str, Any]:
        """As the service takes them."""
        data = self.cleaned_data
        return {name: data[name] for name in ("goal", "channel", "purpose")} | {"name": data["title"]}


class NewCampaign(FormPage):
    """The first step of a new one."""

    name, title, permission = "campaign-new", "Goal", CHANGE
    form_class, submit_label, success = BasicsForm, "Next", ""
    steps = tuple(Step(label) for label, _ in _STEPS)

    def save(self, form: BasicsForm) -> Campaign:
        """Write it down."""
        return define_campaign(values=form.values(), by=self.actor, now=self.now)

    def success_url(self, result: Campaign) -> str:
        """On to the audience."""
        return address("campaign-audience", result)

    def cancel_url(self) -> str:
        """The list."""
        return reverse("console:campaigns")


class CampaignStep(FormPage, abstract=True):
    """What the steps of one campaign share."""

    permission = CHANGE
    submit_label, success, next_step = "Next", "", ""

    @property
    def campaign(self) -> Campaign:
        """The campaign of the address."""
        return find_campaign(self.kwargs["public_id"])

    @property
    def steps(self) -> Sequence[Step]:  # type: ignore[override]
        """All five, with their addresses."""
        return [Step(label, reverse(f"console:{name}", args=[self.kwargs["public_id"]])) for label, name in _STEPS]

    def save(self, form: Any) -> Any:
        """Change the draft."""
        return change_campaign(campaign=self.campaign, values=form.values(), by=self.actor, now=self.now)

    def success_url(self, result: Campaign) -> str:
        """On to the next step."""
        return address(self.next_step, result)

    def cancel_url(self) -> str:
        """The campaign's page."""
        return reverse("console:campaign", args=[self.kwargs["public_id"]])


class CampaignBasics(CampaignStep):
    """Name, goal, purpose."""

    name, title, form_class, next_step = "campaign-basics", "Goal", BasicsForm, "campaign-audience"

    def initial(self) -> dict[str, Any]:
        """As stored."""
        row = self.campaign
        return {"title": row.name, "goal": row.goal, "channel": row.channel, "purpose": row.purpose_id}


_SHOWN = 7
_SEVERAL = "Hold Ctrl (on a Mac: ⌘) to choose several, or to take one away."


class AudienceForm(ConsoleForm):
    """Whom it reaches."""

    include = forms.MultipleChoiceField(
        label="Send to",
        required=False,
        widget=forms.SelectMultiple(attrs={"size": _SHOWN}),
        help_text=f"Everybody who is in one of these segments at launch. {_SEVERAL}",
    )
    exclude = forms.MultipleChoiceField(
        label="Do not send to",
        required=False,
        widget=forms.SelectMultiple(attrs={"size": _SHOWN}),
        help_text="Whoever is in one of these gets nothing, also when in one of those above.",
    )
    holdout_percent = forms.IntegerField(
        label="Hold out (percent)",
        min_value=0,
        max_value=50,
        help_text="So many of them get nothing, so that you can measure what the campaign changed. 0 for none.",
    )

    pilot_percent = forms.IntegerField(
        label="Pilot: send to so many percent",
        required=False,
        min_value=1,
        max_value=90,
        help_text="Makes it a pilot: the others wait until you have seen how it does and promote it.",
    )
    pilot_people = forms.IntegerField(
        label="Or: to so many people", required=False, min_value=1, max_value=1_000_000, help_text="Empty: no pilot."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = list_segments().order_by("name", "pk").values_list("slug", "name", "current__members")
        choices = [(slug, f"{name} ({_people(members)})") for slug, name, members in rows]
        for name in ("include", "exclude"):
            self.fields[name].choices = choices  # type: ignore[attr-defined]

    def values(self) -> dict[str, Any]:
        """As the service takes them."""
        return self.cleaned_data


def _people(members: int | None) -> str:
    return "not calculated yet" if members is None else f"{members:,} {'person' if members == 1 else 'people'}"


class CampaignAudience(CampaignStep):
    """Segments to send to and to leave out."""

    name, title, form_class, next_step = "campaign-audience", "Audience", AudienceForm, "campaign-message"

    def initial(self) -> dict[str, Any]:
        """As stored."""
        row = self.campaign
        found: dict[str, list[str]] = {Role.INCLUDE: [], Role.EXCLUDE: []}
        for part in parts_of([row]).get(row.pk, []):
            found[part.role].append(part.segment.slug)
        limits = {name: getattr(row, name) for name in ("holdout_percent", "pilot_percent", "pilot_people")}
        return {**found, **limits}


class MessageForm(ConsoleForm):
    """What it says."""

    template = forms.ChoiceField(
        label="Begin with a template",
        required=False,
        help_text="Its subject and text take the place of what stands below.",
    )
    subject = forms.CharField(label="Subject", max_length=200, required=False)
    body = forms.CharField(
        label="Text",
        required=False,
        max_length=100_000,
        widget=forms.Textarea(attrs={"rows": 16}),
        help_text=(
            "Leave an empty line between blocks. “# ” begins a heading, “- ” a list, [Words](https://…) is a link and "
            "alone on its line a button. A line [[de]] begins the German part."
        ),
    )
    promotion = forms.ChoiceField(
        label="Offer",
        required=False,
        help_text="Everybody who may have it gets a code of their own; the text says it where you put it.",
    )
    tracking = forms.BooleanField(
        label="Note opens and clicks of people who agreed to that",
        required=False,
        help_text="Everybody else gets plain links and no picture.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = [(row.key, row.name) for row in offered(TemplateKind.MESSAGE)]
        self.fields["template"].choices = [("", "Keep what is written"), *rows]  # type: ignore[attr-defined]
        promotions = [(row.key, row.name) for row in offered_promotions()]
        self.fields["promotion"].choices = [("", "None"), *promotions]  # type: ignore[attr-defined]

    def values(self) -> dict[str, Any]:
        """As the service takes them; words that stand there give way to a template."""
        data = self.cleaned_data
        words = ("template",) if data["template"] else ("subject", "body")
        return {name: data[name] for name in (*words, "promotion", "tracking")}


class CampaignMessage(CampaignStep):
    """Subject and text."""

    name, title, form_class, next_step = "campaign-message", "Message", MessageForm, "campaign-schedule"
    template_name = "campaigns/message.html"

    def initial(self) -> dict[str, Any]:
        """As stored."""
        row = self.campaign
        words = {name: getattr(row, name) for name in ("subject", "body", "tracking")}
        return words | {"promotion": row.promotion.key if row.promotion else ""}

    def extra(self) -> dict[str, Any]:
        """What is wrong with the words as stored, and which fields they may name."""
        row = self.campaign
        blocks = [(block_line(one.key), one.name) for one in offered(TemplateKind.BLOCK)]
        return {"faults": words_faults(row) if row.body else [], "attributes": attribute_keys(), "blocks": blocks}

    def save(self, form: MessageForm) -> Campaign:
        """Change the draft; the words of a template, and what is wrong with any, are shown before it goes on."""
        changed: Campaign = super().save(form)
        if form.cleaned_data["template"] or (changed.body and words_faults(changed)):
            self.next_step = self.name
        return changed


_LOCAL = "%Y-%m-%dT%H:%M"


class ScheduleForm(ConsoleForm):
    """When, how fast, how often, how much."""

    send_at = forms.DateTimeField(
        label="Send at",
        required=False,
        input_formats=[_LOCAL],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_LOCAL),
        help_text="In UTC. Empty: as soon as it is launched.",
    )
    per_minute = forms.IntegerField(label="Messages a minute at most", required=False, min_value=1, max_value=1_000_000)
    quiet_from = forms.TimeField(
        label="Quiet from", required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    quiet_until = forms.TimeField(
        label="Quiet until",
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text="In the person's own time zone; messages wait until then.",
    )
    time_zone = forms.CharField(label="Time zone of people without one", max_length=60)
    cap_messages = forms.IntegerField(label="Messages a person at most", required=False, min_value=1, max_value=1_000)
    cap_days = forms.IntegerField(label="In so many days", min_value=1, max_value=90)
    cap_choice = forms.ChoiceField(label="Who has had enough", choices=CapChoice.choices)
    canary_percent = forms.IntegerField(
        label="Send to so many percent first",
        required=False,
        min_value=1,
        max_value=50,
        help_text="Empty: to everybody at once.",
    )
    canary_minutes = forms.IntegerField(label="Then wait, minutes", min_value=0, max_value=10_000)
    canary_choice = forms.ChoiceField(label="And then", choices=CanaryChoice.choices)
    canary_bounces = forms.DecimalField(
        label="Stop above so many percent of bounces", min_value=Decimal(0), max_value=Decimal(100), decimal_places=2
    )
    canary_complaints = forms.DecimalField(
        label="Stop above so many percent of spam",
        min_value=Decimal(0),
        max_value=Decimal(100),
        decimal_places=2,
    )
    budget = forms.DecimalField(label="Budget", required=False, min_value=Decimal(0), decimal_places=2)
    cost_per_message = forms.DecimalField(label="Cost of a message", min_value=Decimal(0), decimal_places=4)
    currency = forms.CharField(label="Currency", min_length=3, max_length=3)

    def values(self) -> dict[str, Any]:
        """As the service takes them."""
        return self.cleaned_data


class CampaignSchedule(CampaignStep):
    """Schedule, limits, budget."""

    name, title, form_class, next_step = "campaign-schedule", "Schedule and limits", ScheduleForm, "campaign-review"

    def initial(self) -> dict[str, Any]:
        """As stored."""
        row = self.campaign
        return {name: getattr(row, name) for name in ScheduleForm.base_fields}


class CampaignReview(CampaignStep):
    """Everything once more, counted now; then somebody else reads it."""

    name, title, submit_label = "campaign-review", "Review", "Submit for approval"
    success = "Somebody else can approve it now."
    template_name = "campaigns/review.html"

    def extra(self) -> dict[str, Any]:
        """The count, the reasons, the cost, a sample, and what stands against it."""
        row = self.campaign
        row.reviewed_people = None
        audience = audience_for(campaign=row, by=self.actor, now=self.now)
        parts = parts_of([row]).get(row.pk, [])
        return {
            "campaign": row,
            "segments": [part.segment for part in parts if part.role == Role.INCLUDE],
            "left_out": [part.segment for part in parts if part.role == Role.EXCLUDE],
            "audience": audience,
            "why_not": [(reason_words(reason), people) for reason, people in audience.why_not] if audience else [],
            "problems": launch_problems(row, audience, self.now) if audience else [],
            "links": links_of(body_of(row)),
            "cost": cost_of(audience.reachable, row.cost_per_message) if audience else None,
            "sample": sample_of(row, self.now),
            "soon": bool(row.send_at and row.send_at < timezone.now() + timedelta(minutes=5)),
        }

    def save(self, form: NoteForm) -> Campaign:
        """Submit."""
        return submit_campaign(campaign=self.campaign, by=self.actor, now=self.now)

    def success_url(self, result: Campaign) -> str:
        """The campaign's page."""
        return address("campaign", result)
