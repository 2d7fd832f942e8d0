"""The suppression list: people who must not come back or must be left alone."""

from collections.abc import Sequence
from typing import Any

import django_filters
from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse

from consent.models import Suppression, SuppressionReason
from consent.selectors.suppression import find_suppression, hashes_of, list_suppressions
from consent.services.suppression import MAX_AT_ONCE, Suppressed, suppress, unsuppress
from core.console import cells
from core.console.forms import ConsoleForm, ReasonForm
from core.console.pages import go_to
from core.console.tables import whole_row
from core.console.views import Action, ActionPage, Column, Empty, FormPage, ListPage, MenuEntry, Tab
from customers.rules.identity import STRONG_KINDS, IdentityKind

VIEW, ADD, CHANGE = "consent.view_suppression", "consent.add_suppression", "consent.change_suppression"
KINDS = [(kind.value, kind.label) for kind in IdentityKind if kind in STRONG_KINDS]


class SuppressionFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What the list can be narrowed by."""

    kind = django_filters.ChoiceFilter(label="Kind", choices=KINDS, empty_label="Any kind")
    reason = django_filters.ChoiceFilter(label="Reason", choices=SuppressionReason.choices, empty_label="Any reason")

    class Meta:
        model = Suppression
        fields: Sequence[str] = ()


def person_link(row: Suppression) -> str:
    """The profile it concerns, if there is one."""
    if row.customer is None:
        return cells.NOTHING
    return cells.link(reverse("console:customer-consent", args=[row.customer.public_id]), row.customer.public_id)


def removal_link(row: Suppression) -> str:
    """Where it comes off the list; nothing for erased people."""
    if row.reason == SuppressionReason.ERASURE:
        return "Stays for good"
    return cells.link(reverse("console:suppression-remove", args=[row.pk]), "Remove")


class SuppressionList(ListPage):
    """Keyed hashes with reasons: it can be matched, not read."""

    name, title, permission = "suppressions", "Suppression list", VIEW
    menu_entry = MenuEntry("Suppression list", "lock", "Compliance", order=30)
    filterset_class, search_label = SuppressionFilter, "E-mail, phone or external id"
    default_sort, key_field = "-created_at", "pk"
    tabs = (Tab("All"), Tab("Erased", {"reason": "erasure"}), Tab("Complaints", {"reason": "complaint"}))
    columns = (
        Column("value_hash", "Identifier", value=lambda row: f"{row.value_hash[:12]}…", cell=cells.code),
        Column("kind", "Kind", value=lambda row: dict(KINDS).get(row.kind, row.kind)),
        Column("reason", "Reason", value=lambda row: row.get_reason_display()),
        Column("customer", "Profile", value=whole_row, cell=person_link),
        Column("created_at", "Since", cell=cells.instant, sort="created_at"),
        Column("source", "Source", cell=cells.code),
        Column("created_by", "By", cell=cells.code),
        Column("remove", "Take off", value=whole_row, cell=removal_link, permission=CHANGE),
    )

    @property
    def empty(self) -> Empty:  # type: ignore[override]
        """What to do first."""
        return Empty("Nobody suppressed", "Addresses that must never be used again stand here.", self.actions()[0])

    def rows(self) -> QuerySet[Suppression]:
        """The whole list."""
        return list_suppressions()

    def search(self, rows: QuerySet[Suppression], text: str) -> QuerySet[Suppression]:
        """By the exact identifier, hashed as each kind."""
        return rows.filter(value_hash__in=hashes_of(text))

    def actions(self) -> Sequence[Action]:
        """Put somebody on it."""
        return (Action("Add", reverse("console:suppression-add"), ADD, "plus", primary=True),)


class AddForm(ConsoleForm):
    """Identifiers, one a line."""

    kind = forms.ChoiceField(label="Kind", choices=KINDS)
    lines = forms.CharField(
        label="Identifiers",
        max_length=1_000_000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=f"One a line, at most {MAX_AT_ONCE:,}. Only keyed hashes are kept.",
    )
    reason = forms.ChoiceField(
        label="Reason", choices=[(r.value, r.label) for r in SuppressionReason if r != SuppressionReason.ERASURE]
    )


class AddSuppression(FormPage):
    """Puts identifiers on the list, typed or pasted from another system's export."""

    name, title, permission = "suppression-add", "Add to the suppression list", ADD
    form_class, submit_label, success = AddForm, "Add", ""

    def save(self, form: Any) -> Suppressed:
        """Put them on the list."""
        lines = [line.strip() for line in form.cleaned_data["lines"].splitlines() if line.strip()]
        return suppress(
            identifiers=[(form.cleaned_data["kind"], line) for line in lines],
            reason=SuppressionReason(form.cleaned_data["reason"]),
            source="console",
            by=self.actor,
            now=self.now,
        )

    def done(self, result: Suppressed) -> HttpResponse:
        """What became of the lines."""
        messages.success(self.request, f"{result.added:,} added, {result.known:,} already on the list.")
        if result.refused:
            first = ", ".join(f"{problem.param}: {problem.message}" for problem in result.refused[:5])
            messages.warning(self.request, f"{len(result.refused):,} could not be read. {first}")
        return go_to(self.request, self.success_url(result))

    def success_url(self, result: Suppressed) -> str:
        """The list."""
        return reverse("console:suppressions")

    def cancel_url(self) -> str:
        """The list."""
        return reverse("console:suppressions")


class RemoveSuppression(ActionPage):
    """Takes an identifier off the list."""

    name, title, permission = "suppression-remove", "Take off the suppression list", CHANGE
    form_class, submit_label, success, danger = ReasonForm, "Take off", "Off the suppression list.", True

    def question(self) -> str:
        """What will happen."""
        row = find_suppression(int(self.kwargs["pk"]))
        return f"This {row.get_reason_display().lower()} entry comes off the list: the person may be recorded again."

    def save(self, form: Any) -> None:
        """Take it off."""
        pk = int(self.kwargs["pk"])
        unsuppress(suppression_id=pk, why=form.cleaned_data["reason"], by=self.actor, now=self.now)

    def success_url(self, result: None) -> str:
        """The list."""
        return reverse("console:suppressions")

    def cancel_url(self) -> str:
        """The list."""
        return reverse("console:suppressions")
