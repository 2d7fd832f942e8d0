"""What consent shows on pages of others: a panel on the customer page, a card on the home page, alerts."""

from collections.abc import Sequence
from typing import Final

from django.urls import reverse
from django.utils import timezone

from consent.console.disclosures import VIEW as VIEW_DISCLOSURE
from consent.console.disclosures import recipients_panel
from consent.console.people import panel_context
from consent.console.register_pages import register_alerts
from consent.console.registers import VIEW as VIEW_REGISTER
from consent.console.words import CHANNELS, STATES
from consent.models import ConsentEvent
from consent.selectors.ledger import last_verification
from consent.selectors.marks import marketing_uses, standings_of
from consent.selectors.requests import contact_hash_of, count_failed_tasks, count_late, list_requests
from core import menu
from core.menu import Alert, AlertSource, Hit, Panel, Reader, Search
from customers.models import Customer
from customers.selectors.marks import SILENT, Mark, MarkSource, Shown, register_marks

VIEW: Final = "consent.view_consent"
_SHOWN: Final = frozenset({"marketing_email", "marketing_sms"})
_WORDS: Final[dict[str, Shown]] = {name: (state.word, state.tone) for name, state in STATES.items()} | {
    "none": SILENT,
    "suppressed": ("Suppressed", "bad"),
    "restricted": ("Restricted", "warn"),
}


def ledger_alerts() -> list[Alert]:
    """A banner on every page while the ledger does not match its hashes."""
    last = last_verification()
    if last is None or not last.result.get("broken"):
        return []
    text = "The consent ledger was changed behind the product's back."
    return [Alert(text, reverse("console:consent-ledger"), tone="bad", banner=True)]


def request_alerts() -> list[Alert]:
    """Requests past the day we work towards, and tasks that failed."""
    late, failed = count_late(timezone.now()), count_failed_tasks()
    url = f"{reverse('console:requests')}?view=overdue"
    found = [Alert(f"Overdue privacy requests: {late}.", url, tone="bad", banner=True)] if late else []
    if failed:
        words = f"Privacy requests with failed tasks: {failed[0]}, the earliest due on {failed[1]}."
        found.append(Alert(words, reverse("console:requests"), tone="warn"))
    return found


def find_requests_by_id(text: str, reader: Reader) -> Sequence[Hit]:
    """The privacy request with exactly this id, or of exactly this e-mail address."""
    hashed = contact_hash_of(text)
    rows = list_requests().filter(contact_hash=hashed) if hashed else list_requests().filter(public_id=text)
    return [
        Hit(
            f"{row.get_kind_display()}, {row.get_state_display().lower()}",
            reverse("console:request", args=[row.public_id]),
        )
        for row in rows.order_by("-id")[:5]
    ]


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
    menu.add_panel(
        "customer",
        Panel(
            "recipients",
            "Who received this data",
            "consent/recipients.html",
            VIEW_DISCLOSURE,
            recipients_panel,
            place="side",
            order=50,
            lazy=True,
        ),
    )
    register_marks(name="consent", source=MarkSource(VIEW, _marks, _states))
    menu.add_alerts(AlertSource("consent-ledger", VIEW, ledger_alerts))
    menu.add_alerts(AlertSource("privacy-requests", "consent.view_request", request_alerts))
    menu.add_alerts(AlertSource("privacy-registers", VIEW_REGISTER, register_alerts))
    menu.add_search(Search("Privacy requests", "gavel", "consent.view_request", find_requests_by_id, order=50))
    menu.add_search(Search("Consent entries", "shield-check", VIEW, find_entries, order=60))
