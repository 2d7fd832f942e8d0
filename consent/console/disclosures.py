"""The disclosure ledger on the screen: who receives data, about whom, and about people who had said no."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import django_filters
from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from consent.models import DisclosureFlow
from consent.rules.disclosures import WAYS
from consent.selectors.disclosures import (
    days_of,
    flows_about,
    list_flows,
    recipients_of,
    told_of_those_who_said_no,
)
from consent.selectors.purposes import find_purpose, list_purposes
from core.console import cells
from core.console.forms import ConsoleForm
from core.console.tables import whole_row
from core.console.views import Action, Column, DetailPage, Empty, Header, ListPage, MenuEntry, Page
from core.errors import NotFound
from core.menu import Panel
from customers.models import Customer
from customers.selectors.customers import all_ids, find_customer
from customers.selectors.origins import names_of

VIEW: Final = "consent.view_disclosure"
SHOWN_DAYS: Final = 90
SPANS: Final = (("7", "7 days"), ("30", "30 days"), ("90", "90 days"), ("365", "a year"))


class DisclosureFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What the list can be narrowed by."""

    way = django_filters.ChoiceFilter(label="Way", choices=list(WAYS.items()), empty_label="Any way")
    customer = django_filters.CharFilter(label="Customer", method="about")

    class Meta:
        model = DisclosureFlow
        fields: Sequence[str] = ()

    def about(self, rows: QuerySet[DisclosureFlow], name: str, value: str) -> QuerySet[DisclosureFlow]:
        """What was told about the customer with this id; nothing for nobody."""
        try:
            customer = find_customer(reference=value, include_deleted=True)
        except NotFound:
            return rows.none()
        return rows.filter(pk__in=flows_about(customer_ids=all_ids(customer)).values("pk"))


def recipient_link(row: Any) -> str:
    """The recipient's name, leading to what it received."""
    return cells.link(reverse("console:disclosure", args=[row.pk]), row.shown_name, row.recipient)


class DisclosureList(ListPage):
    """Each recipient with each way in which it receives data."""

    name, title, permission = "disclosures", "Disclosure ledger", VIEW
    menu_entry = MenuEntry("Disclosures", "webhook", "Compliance", order=28)
    filterset_class, search_label = DisclosureFilter, "Customer id, or a recipient's id"
    default_sort, key_field = "-last_at", "pk"
    columns = (
        Column("recipient", "Recipient", value=whole_row, cell=recipient_link),
        Column("way", "How", value=lambda row: WAYS.get(row.way, row.way)),
        Column("kinds", "Kinds of data"),
        Column("first_at", "Since", cell=cells.day),
        Column("last_at", "Last", cell=cells.instant, sort="last_at"),
    )
    empty = Empty("Nobody received anything yet", "Each read by a client, export and package is recorded here.")

    def rows(self) -> QuerySet[DisclosureFlow]:
        """All of them."""
        return list_flows()

    def search(self, rows: QuerySet[DisclosureFlow], text: str) -> QuerySet[DisclosureFlow]:
        """What was told about the customer with this id, or whatever this recipient received."""
        about = DisclosureFilter().about(rows, "customer", text)
        return about | rows.filter(recipient__in=[text, f"client:{text}", f"staff:{text}"])

    def prepare(self, rows: list[Any]) -> list[Any]:
        """Names of recipients, a query a kind."""
        names = names_of(row.recipient for row in rows)
        for row in rows:
            row.shown_name = names.get(row.recipient, row.recipient)
        return rows

    def actions(self) -> Sequence[Action]:
        """Who received data of people who said no."""
        return (Action("Told after a no", reverse("console:disclosures-after-no"), VIEW, "ban"),)


class DisclosureDetail(DetailPage):
    """One recipient and way: about how many people on each day."""

    name, title, permission = "disclosure", "Disclosure", VIEW
    panels = (
        Panel("days", "People told about, by day (UTC)", "consent/disclosure_days.html", VIEW, lambda r, f: _days(f)),
        Panel("facts", "What it receives", "consent/facts.html", VIEW, lambda r, flow: _facts(flow), place="side"),
    )

    def find(self) -> DisclosureFlow:
        """By number."""
        row = list_flows().filter(pk=self.kwargs["pk"]).first()
        if row is None:
            raise NotFound("There is no such recipient on record.")
        return row

    def header(self, subject: DisclosureFlow) -> Header:
        """Who and how."""
        name = names_of([subject.recipient]).get(subject.recipient, subject.recipient)
        return Header(name, WAYS.get(subject.way, subject.way), subject.recipient)


class AfterNoForm(ConsoleForm):
    """Which purpose, how far back."""

    purpose = forms.ChoiceField(label="Purpose")
    days = forms.ChoiceField(label="Told in the last", choices=SPANS, initial="90")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["purpose"].choices = [(p.key, p.name) for p in list_purposes()]  # type: ignore[attr-defined]


class DisclosuresAfterNo(Page):
    """Who received data of people whose answer to a purpose is no."""

    name, title, permission = "disclosures-after-no", "Told after a no", VIEW
    template_name = "consent/after_no.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form; the recipients once a purpose is chosen."""
        form = AfterNoForm(request.GET if "purpose" in request.GET else None)
        rows, status = None, 200
        if form.is_bound and form.is_valid():
            since = self.now - timedelta(days=int(form.cleaned_data["days"]))
            purpose = find_purpose(form.cleaned_data["purpose"])
            rows = told_of_those_who_said_no(purpose_id=purpose.pk, since=since)
        elif form.is_bound:
            status = 422
        return self.draw(self.template_name, {"form": form.dressed(), "rows": rows}, status)


def recipients_panel(request: HttpRequest, customer: Customer) -> Mapping[str, Any]:
    """Who received this customer's data, for the customer page."""
    rows = recipients_of(customer_ids=all_ids(customer), limit=20)
    return {"rows": rows, "all_url": f"{reverse('console:disclosures')}?customer={customer.public_id}"}


def _days(flow: DisclosureFlow) -> Mapping[str, Any]:
    return {"days": days_of(flow_id=flow.pk, since=timezone.now() - timedelta(days=SHOWN_DAYS)), "span": SHOWN_DAYS}


def _facts(flow: DisclosureFlow) -> Mapping[str, Any]:
    return {
        "facts": [
            ("Kinds of data", flow.kinds),
            ("First hour", cells.instant(flow.first_at)),
            ("Last hour", cells.instant(flow.last_at)),
        ]
    }
