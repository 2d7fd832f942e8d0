"""Promotions on screens: whom they are for, in which variants, their codes, and what came of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from campaigns.console.offers import CHANGE, VIEW, given
from campaigns.console.promotion_list import STATES, state_of
from campaigns.console.words import VIEW as CAMPAIGNS
from campaigns.console.words import weight_of
from campaigns.models import Promotion
from campaigns.rules.offers import Overlap, PromotionState, is_full, overlap_words
from campaigns.selectors.given import campaigns_giving
from campaigns.selectors.offers import (
    find_promotion,
    list_codes,
    list_offers,
)
from campaigns.selectors.overlaps import overlaps_of
from campaigns.selectors.results import results_of
from campaigns.services.offers import change_promotion, define_promotion, move_promotion
from campaigns.services.removing import delete_promotion
from consent.selectors.catalogue import catalogue
from core.console import cells
from core.console.forms import ConsoleForm
from core.console.pages import Action
from core.console.views import ActionPage, DetailPage, Figure, FormPage, Header
from core.menu import Panel
from customers.selectors.segments.listing import list_segments

_LOCAL = "%Y-%m-%dT%H:%M"


def _results(request: HttpRequest, promotion: Promotion) -> Mapping[str, Any]:
    content = {one["key"]: one["content"].get("headline", "") for one in promotion.variants}
    return {"results": [(row, content[row.variant]) for row in results_of(promotion)]}


def _codes(request: HttpRequest, promotion: Promotion) -> Mapping[str, Any]:
    return {"codes": list_codes(promotion).order_by("-id")[:10]}


def _link(one: Overlap) -> str:
    return cells.link(reverse("console:promotion", args=[one.key]), one.name)


def _facts(request: HttpRequest, promotion: Promotion) -> Mapping[str, Any]:
    limit = cells.number(promotion.max_redemptions)
    beside = overlaps_of([promotion], timezone.now()).get(promotion.pk, ())
    return {
        "facts": [
            *(("Same time", cells.link(reverse("console:promotion", args=[one.key]), one.name)) for one in beside),
            ("Offer", given(promotion.offer)),
            ("For", promotion.segment.name if promotion.segment else "Everybody"),
            ("Begins", cells.instant(promotion.begins_at)),
            ("Ends", cells.instant(promotion.ends_at)),
            ("Priority", cells.number(promotion.priority)),
            ("At most in all", limit),
            ("At most a customer", cells.number(promotion.per_customer)),
            ("Only who agreed to", promotion.purpose or cells.NOTHING),
            ("Beside others in an order", cells.yes_no(promotion.combines)),
        ]
    }


def _campaigns(request: HttpRequest, promotion: Promotion) -> Mapping[str, Any]:
    rows = [
        (row.get_state_display(), cells.link(reverse("console:campaign", args=[row.public_id]), row.name))
        for row in campaigns_giving(promotion)
    ]
    return {"facts": rows or [("None", "Choose it in the message of a campaign.")]}


class PromotionDetail(DetailPage):
    """One promotion: its variants and what they did, its codes, its limits."""

    name, title, permission, panel_area = "promotion", "Promotion", VIEW, "promotion"
    panels = (
        Panel("results", "Variants", "campaigns/_variants.html", VIEW, _results, order=10),
        Panel("codes", "Newest codes", "campaigns/_codes.html", VIEW, _codes, order=20),
        Panel("facts", "Validity and limits", "customers/_facts.html", VIEW, _facts, place="side", order=10),
        Panel(
            "campaigns",
            "Campaigns with its codes",
            "customers/_facts.html",
            CAMPAIGNS,
            _campaigns,
            place="side",
            order=20,
        ),
    )

    def find(self) -> Promotion:
        """By its key."""
        return find_promotion(self.kwargs["key"])

    def header(self, subject: Promotion) -> Header:
        """Name and state."""
        return Header(subject.name, code=subject.key, state=cells.dot(STATES[state_of(subject)]))

    def figures(self, subject: Promotion) -> Sequence[Figure]:
        """How often it was redeemed."""
        limit = f"of {subject.max_redemptions:,}" if subject.max_redemptions else ""
        if is_full(subject.redeemed, subject.max_redemptions):
            limit += ": cap reached"
        return (Figure("Redeemed", cells.number(subject.redeemed), note=limit, icon="gift"),)

    def actions(self, subject: Promotion) -> Sequence[Action]:
        """What its state allows."""

        def to(label: str, name: str, icon: str, primary: bool = False) -> Action:
            return Action(
                label, reverse(f"console:promotion-{name}", args=[subject.key]), CHANGE, icon, primary=primary
            )

        if subject.state == PromotionState.ENDED:
            return ()
        fresh = subject.state == PromotionState.DRAFT
        running = subject.state == PromotionState.ACTIVE
        move = to("Pause", "pause", "player-pause", True) if running else to("Start", "start", "player-play", True)
        return (
            to("Make codes", "codes", "receipt-2"),
            to("Edit", "edit", "edit"),
            to("Delete", "delete", "trash") if fresh else to("End", "end", "player-stop"),
            move,
        )


def _instant_field(label: str) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_LOCAL)
    return forms.DateTimeField(label=label, required=False, input_formats=[_LOCAL], widget=widget)


class PromotionForm(ConsoleForm):
    """Validity, whom it is for, limits."""

    stands_for = {"name": "title", "variants": "words"}
    title = forms.CharField(label="Name", max_length=120)
    segment = forms.ChoiceField(label="For", required=False)
    begins_at = _instant_field("Begins")
    ends_at = _instant_field("Ends")
    priority = forms.IntegerField(
        label="Priority", min_value=0, max_value=1_000, help_text="The lowest is shown first."
    )
    max_redemptions = forms.IntegerField(label="Redemptions in all", required=False, min_value=1)
    per_customer = forms.IntegerField(label="Redemptions a customer", required=False, min_value=1, max_value=1_000)
    purpose = forms.ChoiceField(label="Only who agreed to", required=False)
    combines = forms.BooleanField(label="An order may use other promotions beside it", required=False, initial=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = list(list_segments().order_by("name").values_list("slug", "name"))
        self.fields["segment"].choices = [("", "Everybody"), *choices]  # type: ignore[attr-defined]
        uses = [(use.key, use.name) for use in catalogue().uses.values()]
        self.fields["purpose"].choices = [("", "Anything"), *uses]  # type: ignore[attr-defined]

    def values(self) -> dict[str, Any]:
        """As the service takes them."""
        return {"name" if name == "title" else name: value for name, value in self.cleaned_data.items()}


class NewPromotionForm(PromotionForm):
    """And what never changes once it was started."""

    field_order = ("key", "title", "offer", "words")
    key = forms.SlugField(label="Key", max_length=60, help_text="Lower-case words, digits and hyphens.")
    offer = forms.ChoiceField(label="Offer")
    words = forms.CharField(
        label="Variants",
        widget=forms.Textarea(attrs={"rows": 4}),
        initial="A 1 Twenty percent off",
        help_text="A line for each: its key, its weight, its words. “B 3 …” is shown three times as often as “A 1 …”.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["offer"].choices = [(row.key, row.name) for row in list_offers().order_by("name")[:500]]  # type: ignore[attr-defined]

    def clean_words(self) -> list[dict[str, Any]]:
        """Each line as a variant."""
        found = []
        for line in filter(str.strip, self.cleaned_data["words"].splitlines()):
            key, _, rest = line.strip().partition(" ")
            weight, _, words = rest.strip().partition(" ")
            if weight_of(weight) is None or not words:
                raise forms.ValidationError(f"“{line[:60]}” is not a key, a weight and words.")
            found.append({"key": key, "weight": weight_of(weight), "content": {"headline": words}})
        return found

    def values(self) -> dict[str, Any]:
        """As the service takes them."""
        found = super().values()
        variants = found.pop("words")
        return {**found, "variants": variants}


class NewPromotion(FormPage):
    """A draft."""

    name, title, permission = "promotion-new", "New promotion", CHANGE
    form_class, submit_label, success = NewPromotionForm, "Create", "Nobody sees it before it is started."

    def initial(self) -> dict[str, Any]:
        """A middling priority."""
        return {"priority": 100, "combines": True}

    def save(self, form: NewPromotionForm) -> Promotion:
        """Define."""
        return define_promotion(values=form.values(), by=self.actor, now=self.now)

    def done(self, result: Promotion) -> HttpResponse:
        """With a word on what runs at the same time."""
        return warned(self, super().done(result), result)

    def success_url(self, result: Promotion) -> str:
        """Its page."""
        return reverse("console:promotion", args=[result.key])

    def cancel_url(self) -> str:
        """The list."""
        return reverse("console:promotions")


def warned(page: FormPage, response: HttpResponse, promotion: Promotion) -> HttpResponse:
    """The answer to what was saved, after a warning of every promotion that runs at the same time."""
    if sentence := overlap_words(overlaps_of([promotion], page.now).get(promotion.pk, ())):
        messages.warning(page.request, sentence)
    return response


class PromotionStep(FormPage, abstract=True):
    """What the steps of one promotion share."""

    permission = CHANGE

    @property
    def promotion(self) -> Promotion:
        """The promotion of the address."""
        return find_promotion(self.kwargs["key"])

    def success_url(self, result: Any) -> str:
        """Its page."""
        return reverse("console:promotion", args=[self.kwargs["key"]])

    def cancel_url(self) -> str:
        """Its page."""
        return reverse("console:promotion", args=[self.kwargs["key"]])


class EditPromotion(PromotionStep):
    """Other dates and limits."""

    name, title, form_class = "promotion-edit", "Edit promotion", PromotionForm

    def initial(self) -> dict[str, Any]:
        """As stored."""
        row = self.promotion
        names = ("begins_at", "ends_at", "priority", "max_redemptions", "per_customer", "purpose", "combines")
        segment = row.segment.slug if row.segment else ""
        return {"title": row.name, "segment": segment, **{name: getattr(row, name) for name in names}}

    def save(self, form: PromotionForm) -> Promotion:
        """Change."""
        return change_promotion(promotion=self.promotion, values=form.values(), by=self.actor, now=self.now)

    def done(self, result: Promotion) -> HttpResponse:
        """With a word on what runs at the same time."""
        return warned(self, super().done(result), result)


class _Move(PromotionStep, ActionPage, abstract=True):
    """From one state to another."""

    to = ""

    def save(self, form: ConsoleForm) -> Promotion:
        """Move."""
        return move_promotion(promotion=self.promotion, to=self.to, by=self.actor, now=self.now)


class StartPromotion(_Move):
    """On."""

    name, title, to = "promotion-start", "Start promotion", PromotionState.ACTIVE
    submit_label, success = "Start", "The promotion is running."

    def done(self, result: Promotion) -> HttpResponse:
        """With a word on what runs at the same time."""
        return warned(self, super().done(result), result)

    def question(self) -> str:
        """What happens."""
        row = self.promotion
        later: datetime | None = row.begins_at
        when = f"from {later:%Y-%m-%d %H:%M} UTC" if later and later > self.now else "from now"
        return f"“{row.name}” is shown and its codes redeem {when}. Offer and variants cannot change any more."


class PausePromotion(_Move):
    """Off for now."""

    name, title, to = "promotion-pause", "Pause promotion", PromotionState.PAUSED
    submit_label, success = "Pause", "The promotion is paused."

    def question(self) -> str:
        """What happens."""
        return f"“{self.promotion.name}” is neither shown nor redeemed until it is started again."


class EndPromotion(_Move):
    """Off for good."""

    name, title, to, danger = "promotion-end", "End promotion", PromotionState.ENDED, True
    submit_label, success = "End", "The promotion has ended."

    def question(self) -> str:
        """What happens."""
        return f"“{self.promotion.name}” never comes back; its codes are worth nothing. Figures and redemptions stay."


class DeletePromotion(PromotionStep, ActionPage):
    """Gone for good, as long as nobody saw it."""

    name, title, danger = "promotion-delete", "Delete promotion", True
    submit_label, success = "Delete", "The draft is gone."

    def question(self) -> str:
        """What happens."""
        return f"“{self.promotion.name}” is gone for good with its codes. What was started once can only be ended."

    def save(self, form: ConsoleForm) -> None:
        """Delete."""
        delete_promotion(promotion=self.promotion, by=self.actor, now=self.now)

    def success_url(self, result: None) -> str:
        """The list."""
        return reverse("console:promotions")
