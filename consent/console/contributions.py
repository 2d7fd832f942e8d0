"""What consent shows on pages of others: a panel on the customer page, a card on the home page, alerts."""

from collections.abc import Sequence
from typing import Final

from django.urls import reverse

from consent.console.people import panel_context
from consent.console.words import CHANNELS, STATES
from consent.models import ConsentEvent
from consent.selectors.ledger import last_verification
from consent.selectors.marks import marketing_uses, standings_of
from core import menu
from core.menu import Alert, AlertSource, Hit, Panel, Reader, Search
from customers.models import Customer
from customers.selectors.marks import SILENT, Mark, MarkSource, Shown, register_marks

VIEW: Final = "consent.view_consent"
_SHOWN: Final = frozenset({"marketing_email", "marketing_sms"})
_WORDS: Final[dict[str, Shown]] = {name: (state.word, state.tone) for name, state in STATES.items()} | {
    "none": SILENT,
    "suppressed": ("Suppressed", "bad"),
}


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


def _marks() -> list[Mark]:
    """A column for each way of marketing; e-mail and SMS unasked."""
    return [
        Mark(use.key, f"{CHANNELS[use.channel]} consent", optional=use.key not in _SHOWN) for use in marketing_uses()
    ]


def _states(customers: Sequence[Customer]) -> dict[int, dict[str, Shown]]:
    found = standings_of(customers)
    return {pk: {key: _WORDS[state] for key, state in states.items()} for pk, states in found.items()}


def contribute() -> None:
    """Register all of it; called once, where the screens are mounted."""
    menu.add_panel(
        "customer", Panel("consent", "Consent", "consent/panel.html", VIEW, panel_context, place="side", order=10)
    )
    register_marks(name="consent", source=MarkSource(VIEW, _marks, _states))
    menu.add_alerts(AlertSource("consent-ledger", VIEW, ledger_alerts))
    menu.add_search(Search("Consent entries", "shield-check", VIEW, find_entries, order=60))
