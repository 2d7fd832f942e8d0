"""What consent shows on pages of others: a panel on the customer page, a card on the home page, alerts."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from consent.console.people import panel_context
from consent.models import ConsentEvent
from consent.selectors.ledger import last_verification
from consent.selectors.reach import count_reach
from core import menu
from core.menu import Alert, AlertSource, Hit, Panel, Reader, Search

VIEW = "consent.view_consent"


def ledger_alerts() -> list[Alert]:
    """A banner on every page while the ledger does not match its hashes."""
    last = last_verification()
    if last is None or not last.result.get("broken"):
        return []
    text = "The consent ledger was changed behind the product's back."
    return [Alert(text, reverse("console:consent-ledger"), tone="bad", banner=True)]


def find_entries(text: str, reader: Reader) -> Sequence[Hit]:
    """The ledger entry with exactly this id."""
    rows = ConsentEvent.objects.select_related("purpose").filter(public_id=text)[:1]
    return [
        Hit(row.public_id, reverse("console:consent-entry", args=[row.public_id]), row.purpose.name) for row in rows
    ]


def reach(request: HttpRequest, subject: Any) -> Mapping[str, Any]:
    """Total, and reachable by channel."""
    return {"reach": count_reach()}


def contribute() -> None:
    """Register all of it; called once, where the screens are mounted."""
    menu.add_panel(
        "customer", Panel("consent", "Consent", "consent/panel.html", VIEW, panel_context, place="side", order=10)
    )
    menu.add_panel(
        "home",
        Panel("reach", "Reachable audience", "consent/reach.html", "consent.view_purpose", reach, order=20, lazy=True),
    )
    menu.add_alerts(AlertSource("consent-ledger", VIEW, ledger_alerts))
    menu.add_search(Search("Consent entries", "shield-check", VIEW, find_entries, order=60))
