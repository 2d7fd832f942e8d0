"""Initial access tokens: who may register API clients without staff, how many, and with which rights at most."""

from collections.abc import Sequence
from typing import Any, Final

import django_filters
from django import forms
from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from core.console import cells
from core.console.forms import NoteForm
from core.console.tables import whole_row
from core.console.views import Action, ActionPage, Column, Empty, FormPage, ListPage, Tab
from integrations.console.client_forms import GRANT_LABELS, ScopesForm
from integrations.console.clients import ROTATE, VIEW
from integrations.models import RegistrationToken
from integrations.rules.registrations import MOST_DAYS, MOST_USES
from integrations.selectors.registrations import (
    find_registration_token,
    list_registration_tokens,
    narrow_to_state,
    state_of,
)
from integrations.services.registrations import IssuedToken, issue_registration_token, revoke_registration_token

STATES: Final = {
    "active": cells.State("Active", "good"),
    "used": cells.State("Used up", "idle"),
    "expired": cells.State("Expired", "idle"),
    "revoked": cells.State("Revoked", "idle"),
}


def _state(row: RegistrationToken) -> str:
    return state_of(row, timezone.now())


def _scopes(row: RegistrationToken) -> str:
    return format_html('<span title="{}">{}</span>', " ".join(row.scopes), len(row.scopes))


class RegistrationTokenFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What the list can be narrowed by."""

    state = django_filters.ChoiceFilter(
        label="State",
        choices=[("active", "Active"), ("ended", "Ended")],
        empty_label="Any state",
        method="by_state",
    )

    class Meta:
        model = RegistrationToken
        fields: Sequence[str] = ()

    def by_state(self, rows: QuerySet[RegistrationToken], name: str, value: str) -> QuerySet[RegistrationToken]:
        """Those that let clients in, or the others."""
        return narrow_to_state(rows, living=value == "active", now=timezone.now())


class RegistrationTokenList(ListPage):
    """Every initial access token with what may be registered with it."""

    name, title, permission = "registration-tokens", "Registration tokens", VIEW
    filterset_class, search_label = RegistrationTokenFilter, "Id or beginning of the name"
    default_sort = "-created_at"
    tabs = (Tab("All"), Tab("Active", {"state": "active"}), Tab("Ended", {"state": "ended"}))
    columns = (
        Column("name", "For", cell=cells.strong),
        Column("hint", "Ends with", value=lambda row: f"…{row.hint}", cell=cells.code),
        Column("uses", "Clients", value=lambda row: f"{row.uses:,} of {row.most_uses:,}", end=True),
        Column("scopes", "Scopes at most", value=whole_row, cell=_scopes, end=True),
        Column("grants", "Grants at most", value=lambda row: ", ".join(row.grants), cell=cells.code),
        Column("expires_at", "Expires", cell=cells.day),
        Column("state", "State", value=_state, cell=cells.state(STATES)),
        Column("created_by", "Issued by", cell=cells.code, optional=True),
        Column("created_at", "Issued", cell=cells.instant, sort="created_at", optional=True),
        Column("public_id", "Id", cell=cells.code, optional=True),
        Column("end", "Change", value=lambda r: r.end, cell=lambda url: cells.link(url, "Revoke") if url else ""),
    )

    @property
    def empty(self) -> Empty:  # type: ignore[override]
        """What it is for."""
        text = "With one, a partner's platform registers its API clients itself, within bounds that you set."
        return Empty("No registration tokens yet", text, self.actions()[0])

    def rows(self) -> QuerySet[RegistrationToken]:
        """All of them."""
        return list_registration_tokens()

    def search(self, rows: QuerySet[RegistrationToken], text: str) -> QuerySet[RegistrationToken]:
        """By exact id or the beginning of the name."""
        return rows.filter(public_id=text) | rows.filter(name__istartswith=text)

    def prepare(self, rows: list[Any]) -> list[Any]:
        """With the way to end each."""
        may = self.reader.has_perm(ROTATE)
        for row in rows:
            ends = may and _state(row) == "active"
            row.end = reverse("console:registration-token-revoke", args=[row.public_id]) if ends else ""
        return rows

    def actions(self) -> Sequence[Action]:
        """A new one."""
        new = reverse("console:registration-token-new")
        return (Action("New registration token", new, ROTATE, "plus", primary=True),)


class RegistrationTokenForm(ScopesForm):
    """What may be registered with it."""

    field_order = ("name", "grants", "scopes", "uses", "days")

    name = forms.CharField(label="For", max_length=120, help_text="Which partner or platform gets it.")
    grants = forms.MultipleChoiceField(
        label="Grants at most", choices=list(GRANT_LABELS.items()), widget=forms.CheckboxSelectMultiple
    )
    uses = forms.IntegerField(label="How many clients", min_value=1, max_value=MOST_USES)
    days = forms.IntegerField(label="Days until it expires", min_value=1, max_value=MOST_DAYS)


class NewRegistrationToken(FormPage):
    """Issue a token and see it once."""

    name, title, permission = "registration-token-new", "New registration token", ROTATE
    step_up, form_class, submit_label, success = True, RegistrationTokenForm, "Issue", ""

    def initial(self) -> dict[str, Any]:
        """One client, soon."""
        return {"grants": ["authorization_code"], "uses": 1, "days": 7}

    def form_kwargs(self) -> dict[str, Any]:
        """Every scope there is."""
        return {"allowed": list(settings.API_SCOPES)}

    def save(self, form: RegistrationTokenForm) -> IssuedToken:
        """Issue."""
        return issue_registration_token(**form.cleaned_data, by=self.actor, now=self.now)

    def done(self, result: IssuedToken) -> HttpResponse:
        """The token, once."""
        note = f"Clients register with it at {settings.PUBLIC_URL}/oauth/register"
        title = f"Registration token for “{result.token.name}”"
        return self.reveal(title=title, secret=result.secret, next_url=self.cancel_url(), note=note)

    def cancel_url(self) -> str:
        """Back to the list."""
        return reverse("console:registration-tokens")


class RevokeRegistrationToken(ActionPage):
    """End a token."""

    name, title, permission = "registration-token-revoke", "Revoke the registration token", ROTATE
    form_class, submit_label, danger, success = NoteForm, "Revoke", True, "The token is revoked."

    def token(self) -> RegistrationToken:
        """The token of this address."""
        return find_registration_token(public_id=self.kwargs["public_id"])

    def question(self) -> str:
        """Which one, and what stays."""
        return f"Nobody registers with the token for “{self.token().name}” any more. Clients that did so stay."

    def save(self, form: NoteForm) -> RegistrationToken:
        """Revoke."""
        return revoke_registration_token(token=self.token(), by=self.actor, now=self.now)

    def success_url(self, result: RegistrationToken) -> str:
        """The list."""
        return reverse("console:registration-tokens")

    def cancel_url(self) -> str:
        """Back to the list."""
        return reverse("console:registration-tokens")
