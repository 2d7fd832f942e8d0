"""Questions by e-mail: who was asked to confirm or renew a yes, and who has answered."""

from collections.abc import Sequence
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.urls import reverse

from consent.models import Confirmation, ConfirmationKind, ConfirmationState
from consent.selectors.confirmations import find_confirmation, list_confirmations, names_of_purposes
from consent.services.confirmations import send_again
from core.console import cells
from core.console.forms import ConsoleForm
from core.console.tables import whole_row
from core.console.views import ActionPage, Column, Empty, ListPage, MenuEntry, Tab

VIEW, RECORD = "consent.view_consent", "consent.record_consent"
_STATES = {
    "pending": cells.State("Waiting", "warn"),
    "confirmed": cells.State("Confirmed", "good"),
    "expired": cells.State("Expired", "idle"),
}


class ConfirmationFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What the list can be narrowed by."""

    state = django_filters.ChoiceFilter(label="State", choices=ConfirmationState.choices, empty_label="Any state")
    kind = django_filters.ChoiceFilter(label="Kind", choices=ConfirmationKind.choices, empty_label="Any kind")

    class Meta:
        model = Confirmation
        fields: Sequence[str] = ()


def person_link(row: Confirmation) -> str:
    """Whose consent; a stranger has no profile before she confirms."""
    if row.customer is None:
        return "Not known yet"
    return cells.link(reverse("console:customer-consent", args=[row.customer.public_id]), row.customer.public_id)


def again_link(row: Confirmation) -> str:
    """Send it once more, while it waits."""
    if row.state != ConfirmationState.PENDING:
        return cells.NOTHING
    return cells.link(reverse("console:confirmation-again", args=[row.public_id]), "Send again")


class ConfirmationList(ListPage):
    """Double opt-in and renewals; the address of the person stands on no screen."""

    name, title, permission = "confirmations", "Confirmations", VIEW
    menu_entry = MenuEntry("Confirmations", "mail", "Compliance", order=22)
    filterset_class, search_label = ConfirmationFilter, "Confirmation or customer id"
    default_sort = "-asked_at"
    empty = Empty(
        "Nobody was asked",
        "Questions come from the sign-up page, the preference centre, the API, and before consents end.",
    )
    tabs = (
        Tab("All"),
        Tab("Waiting", {"state": "pending"}),
        Tab("Confirmed", {"state": "confirmed"}),
        Tab("Expired", {"state": "expired"}),
    )
    columns = (
        Column("asked_at", "Asked", cell=cells.instant, sort="asked_at"),
        Column("customer", "Person", value=whole_row, cell=person_link),
        Column("kind", "Kind", value=lambda row: row.get_kind_display()),
        Column("purposes", "Purposes", value=lambda row: names_of_purposes(row.purposes, "en")),
        Column("state", "State", cell=cells.state(_STATES)),
        Column("expires_at", "Until", cell=cells.instant),
        Column("closed_at", "Answered or over", cell=cells.instant),
        Column("letters", "Letters", end=True),
        Column("error", "Last trouble"),
        Column("form_id", "Form", cell=cells.code, optional=True),
        Column("again", "Send again", value=whole_row, cell=again_link, permission=RECORD),
    )

    def rows(self) -> QuerySet[Confirmation]:
        """All of them."""
        return list_confirmations()

    def search(self, rows: QuerySet[Confirmation], text: str) -> QuerySet[Confirmation]:
        """By its own id or that of the person."""
        return rows.filter(customer__public_id=text) if text.startswith("cus_") else rows.filter(public_id=text)


class SendConfirmationAgain(ActionPage):
    """Sends the same link once more."""

    name, title, permission = "confirmation-again", "Send again", RECORD
    form_class, submit_label, success = ConsoleForm, "Send again", "On its way."

    def question(self) -> str:
        """What will happen."""
        row = find_confirmation(self.kwargs["public_id"])
        purposes = names_of_purposes(row.purposes, "en")
        return f"The letter about \u201c{purposes}\u201d goes out once more ({row.letters} sent so far, three at most)."

    def save(self, form: Any) -> Confirmation:
        """Send it."""
        row = find_confirmation(self.kwargs["public_id"])
        return send_again(confirmation=row, by=self.actor, now=self.now)

    def success_url(self, result: Any) -> str:
        """Back to the list."""
        return self.cancel_url()

    def cancel_url(self) -> str:
        """The list."""
        return reverse("console:confirmations")
