"""One entry of a customer's timeline, in the drawer or on a page of its own."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from core.console import cells
from core.console.views import Action, DetailPage, Header
from core.menu import Panel
from customers.console.panels import plain, position_of
from customers.console.words import VIEW
from customers.selectors.customers import all_ids, find_customer
from customers.selectors.origins import names_of
from customers.selectors.timeline import Entry, find_entry


def _facts(request: HttpRequest, entry: Entry) -> Mapping[str, Any]:
    name = names_of([entry.source]).get(entry.source, "")
    rows = [
        ("When", cells.instant(entry.at)),
        ("Kind", cells.code(entry.kind)),
        ("From", cells.text(name or entry.source)),
        ("Source id", cells.code(entry.source if name else "")),
        ("Entry", cells.code(entry.row)),
    ]
    return {"facts": [*rows, *((key, cells.text(str(value))) for key, value in plain(entry.details) if value != "")]}


class TimelineEntry(DetailPage):
    """What happened, when, who told us, and every detail that came with it."""

    name, title, permission = "customer-entry", "Entry", VIEW
    panels = (Panel("facts", "What is known", "customers/_facts.html", VIEW, _facts),)

    def find(self) -> Entry:
        """By its sealed place on this customer's timeline."""
        customer = find_customer(reference=self.kwargs["public_id"], include_deleted=True)
        return find_entry(customer_ids=all_ids(customer), position=position_of(self.kwargs["place"], customer))

    def header(self, subject: Entry) -> Header:
        """What happened."""
        return Header(subject.title)

    def actions(self, subject: Entry) -> Sequence[Action]:
        """Back to the person."""
        return (Action("Customer", reverse("console:customer", args=[self.kwargs["public_id"]]), VIEW, "user"),)
