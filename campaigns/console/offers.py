"""Offers and promotions on screens: what is promised, to whom, in which variants, and what came of it."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html

from campaigns.console.named import NamedList
from campaigns.models import Offer
from campaigns.rules.offers import OfferKind
from campaigns.selectors.offers import OfferUse, find_offer, list_offers, uses_of
from campaigns.services.offers import (
    change_offer,
    define_offer,
)
from campaigns.services.removing import delete_offer
from core.console import cells
from core.console.cells import State
from core.console.forms import ConsoleForm
from core.console.pages import Action
from core.console.views import ActionPage, Column, Empty, FormPage, MenuEntry

VIEW, CHANGE = "campaigns.view_offer", "campaigns.change_offer"


def given(offer: Offer) -> str:
    """What a customer gets, in words."""
    if offer.kind == OfferKind.PERCENT:
        return f"{float(offer.value or 0):g} % off"
    if offer.kind == OfferKind.AMOUNT:
        return f"{cells.money(offer.value, offer.currency)} off"
    return offer.get_kind_display()


def validity(begins: datetime | None, ends: datetime | None) -> str:
    """From when until when, in words when one of them is open."""
    if begins and ends:
        return format_html("{} – {}", cells.instant(begins), cells.instant(ends))
    if ends:
        return format_html("Until {}", cells.instant(ends))
    return format_html("From {}", cells.instant(begins)) if begins else "Always"


def _validity(use: OfferUse) -> str:
    return validity(use.begins, use.ends) if use.open else cells.NOTHING


def _cap(use: OfferUse) -> str:
    if use.full:
        return format_html("{} {}", cells.dot(State("Cap reached", "warn")), cells.number(use.cap))
    return cells.number(use.cap)


def _steps(key: str) -> str:
    edit, delete = (reverse(f"console:{name}", args=[key]) for name in ("offer", "offer-delete"))
    return format_html("{} {}", cells.link(edit, "Edit"), cells.link(delete, "Delete"))


class OfferFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What offers can be narrowed by."""

    kind = django_filters.ChoiceFilter(label="Gives", choices=OfferKind.choices, empty_label="Any kind")

    class Meta:
        model = Offer
        fields: Sequence[str] = ()


class OfferList(NamedList):
    """Every offer."""

    name, title, permission = "offers", "Offers", VIEW
    menu_entry = MenuEntry("Offers", "gift", "Marketing", order=20)
    filterset_class, bar_filters, default_sort, key_field = OfferFilter, ("kind",), "-created_at", "key"
    columns = (
        Column("offer", "Offer", value=lambda row: row.name, cell=cells.strong),
        Column("key", "Key", cell=cells.code),
        Column("given", "Gives", value=given),
        Column("valid", "Valid", value=lambda row: row.use, cell=_validity),
        Column("redeemed", "Redeemed", value=lambda row: row.use.redeemed, cell=cells.number, end=True),
        Column("cap", "Cap", value=lambda row: row.use, cell=_cap, end=True),
        Column("promotions", "Promotions", value=lambda row: row.use.promotions, cell=cells.number, end=True),
        Column("campaigns", "Campaigns", value=lambda row: row.use.campaigns, cell=cells.number, end=True),
        Column("changed", "Changed", value=lambda row: row.updated_at, cell=cells.ago, sort="updated_at"),
        Column("steps", "Actions", value=lambda row: row.key, cell=_steps, permission=CHANGE),
    )

    @property
    def empty(self) -> Empty:  # type: ignore[override]
        """What to do first."""
        return Empty(
            "No offers yet",
            "Create the first offer: what a customer gets. Promotions make it known.",
            self.actions()[0],
        )

    def rows(self) -> QuerySet[Offer]:
        """All of them."""
        return list_offers()

    def prepare(self, rows: list[Any]) -> list[Any]:
        """What the promotions and campaigns of each come to; two queries."""
        found = uses_of(rows)
        for row in rows:
            row.use = found.get(row.pk, OfferUse())
        return rows

    def actions(self) -> Sequence[Action]:
        """A new one."""
        return (Action("New offer", reverse("console:offer-new"), CHANGE, "plus", primary=True),)


class OfferForm(ConsoleForm):
    """What a customer gets."""

    key = forms.SlugField(label="Key", max_length=60, help_text="Lower-case words, digits and hyphens.")
    title = forms.CharField(label="Name", max_length=120)
    description = forms.CharField(label="Description", max_length=300, required=False)
    kind = forms.ChoiceField(label="Gives", choices=OfferKind.choices)
    value = forms.DecimalField(label="Percentage or amount", required=False, min_value=Decimal(0), decimal_places=2)
    currency = forms.CharField(label="Currency", min_length=3, max_length=3, initial="EUR")

    def values(self) -> dict[str, Any]:
        """As the service takes them."""
        return {"name" if name == "title" else name: value for name, value in self.cleaned_data.items()}


class NewOffer(FormPage):
    """A new one."""

    name, title, permission = "offer-new", "New offer", CHANGE
    form_class, submit_label, success = OfferForm, "Create", "The offer can be used by promotions."

    def save(self, form: OfferForm) -> Offer:
        """Define."""
        return define_offer(values=form.values(), by=self.actor, now=self.now)

    def success_url(self, result: Offer) -> str:
        """The list."""
        return reverse("console:offers")

    def cancel_url(self) -> str:
        """The list."""
        return reverse("console:offers")


class EditOffer(NewOffer):
    """Other words, until somebody was promised it."""

    name, title, permission = "offer", "Offer", CHANGE
    submit_label, success = "Save", "Saved."

    @property
    def offer(self) -> Offer:
        """The offer of the address."""
        return find_offer(self.kwargs["key"])

    def initial(self) -> dict[str, Any]:
        """As stored."""
        row = self.offer
        names = ("key", "description", "kind", "value", "currency")
        return {"title": row.name, **{name: getattr(row, name) for name in names}}

    def save(self, form: OfferForm) -> Offer:
        """Change."""
        return change_offer(offer=self.offer, values=form.values(), by=self.actor, now=self.now)


class DeleteOffer(ActionPage):
    """Gone for good, when no promotion makes it."""

    name, title, permission, danger = "offer-delete", "Delete offer", CHANGE, True
    submit_label, success = "Delete", "The offer is gone."

    @property
    def offer(self) -> Offer:
        """The offer of the address."""
        return find_offer(self.kwargs["key"])

    def question(self) -> str:
        """What happens."""
        return f"“{self.offer.name}” is gone for good. One that a promotion makes stays."

    def save(self, form: ConsoleForm) -> None:
        """Delete."""
        delete_offer(offer=self.offer, by=self.actor, now=self.now)

    def success_url(self, result: None) -> str:
        """The list."""
        return reverse("console:offers")

    def cancel_url(self) -> str:
        """The list."""
        return reverse("console:offers")
