"""Steps about API clients: register, rotate, narrow, disable; issue and revoke keys."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse

from core.console.forms import ConsoleForm, NoteForm, ReasonForm
from core.console.views import ActionPage, FormPage
from integrations.console.clients import CHANGE, ROTATE, url
from integrations.models import ApiClient, ApiKey, Tier, TokenFormat
from integrations.selectors.clients import find_api_key_of, find_client
from integrations.services.clients import (
    IssuedKey,
    Registered,
    change_scopes,
    disable_client,
    enable_client,
    issue_api_key,
    issue_publishable_key,
    register_client,
    revoke_api_key,
    rotate_secret,
)

_GRANT_LABELS = {
    "client_credentials": "Client credentials: a server acts for itself",
    "authorization_code": "Authorization code with PKCE: an app acts for a member of staff",
}


def _scope_choices(allowed: Sequence[str]) -> list[tuple[str, str]]:
    return [(scope, f"{scope}: {settings.API_SCOPES[scope]}") for scope in allowed if scope in settings.API_SCOPES]


class _Lines(forms.Field):
    """Several values, one a line."""

    widget = forms.Textarea(attrs={"rows": 2})

    def to_python(self, value: Any) -> list[str]:
        """The lines that are not empty."""
        return (value or "").split()


class ScopesForm(ConsoleForm):
    """Which scopes."""

    scopes = forms.MultipleChoiceField(label="Scopes", widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, allowed: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"].choices = _scope_choices(allowed)  # type: ignore[attr-defined]


class ClientForm(ScopesForm):
    """Everything a registration needs."""

    field_order = ("name", "owner", "grants", "public", "redirect_uris", "scopes", "tier", "token_format", "networks")

    name = forms.CharField(label="Name", max_length=120)
    owner = forms.CharField(label="Owner", max_length=120, required=False, help_text="Whom to ask about this client.")
    grants = forms.MultipleChoiceField(
        label="Grants", choices=list(_GRANT_LABELS.items()), widget=forms.CheckboxSelectMultiple
    )
    public = forms.BooleanField(label="An app in other people's hands, which can keep no secret", required=False)
    redirect_uris = _Lines(label="Redirect addresses", required=False, help_text="For authorization codes; one a line.")
    tier = forms.ChoiceField(label="Rate class", choices=Tier.choices)
    token_format = forms.ChoiceField(
        label="Access tokens",
        choices=TokenFormat.choices,
        help_text="Signed tokens can be checked by other services too; both kinds are revoked alike.",
    )
    networks = _Lines(label="Networks", required=False, help_text="CIDR, one a line; from anywhere when empty.")


class KeyForm(ScopesForm):
    """Everything a key needs."""

    field_order = ("name", "scopes", "networks", "days")

    name = forms.CharField(label="Name", max_length=120, help_text="Where it will be used.")
    networks = _Lines(label="Networks", required=False, help_text="CIDR, one a line; those of the client when empty.")
    days = forms.IntegerField(label="Days until it expires", min_value=1, max_value=366)


class PublishableKeyForm(ConsoleForm):
    """Everything a publishable key needs."""

    name = forms.CharField(label="Name", max_length=120, help_text="Which site or app will carry it.")
    origins = _Lines(label="Origins", help_text="Scheme and host of the pages, one a line: https://shop.example.com")
    days = forms.IntegerField(label="Days until it expires", min_value=1, max_value=366)


class NewClient(FormPage):
    """Register a client and see its secret once."""

    name, title, permission = "api-client-new", "New API client", ROTATE
    step_up, form_class, submit_label, success = True, ClientForm, "Register", ""

    def initial(self) -> dict[str, Any]:
        """The usual kind."""
        return {"grants": ["client_credentials"], "tier": Tier.STANDARD, "token_format": TokenFormat.OPAQUE}

    def form_kwargs(self) -> dict[str, Any]:
        """Every scope there is."""
        return {"allowed": list(settings.API_SCOPES)}

    def save(self, form: ClientForm) -> Registered:
        """Register."""
        return register_client(**form.cleaned_data, by=self.actor, now=self.now)

    def done(self, result: Registered) -> HttpResponse:
        """The secret, or straight on where there is none."""
        return _revealed(self, result.client, result.secret) if result.secret else super().done(result)

    def success_url(self, result: Registered) -> str:
        """The client."""
        return url("api-client", result.client)

    def cancel_url(self) -> str:
        """Back to the list."""
        return reverse("console:api-clients")


class ClientStep(ActionPage, abstract=True):
    """A step about one client; afterwards the client is shown."""

    def client(self) -> ApiClient:
        """The client of this address."""
        return find_client(identifier=self.kwargs["public_id"], now=self.now)

    def success_url(self, result: Any) -> str:
        """Back to the client."""
        return url("api-client", self.client())

    def cancel_url(self) -> str:
        """Back to the client."""
        return reverse("console:api-client", args=[self.kwargs["public_id"]])


class RotateSecret(ClientStep):
    """A second secret; the first one stays valid for a day."""

    name, title, permission = "api-client-rotate", "Rotate the secret", ROTATE
    step_up, form_class, submit_label, success = True, NoteForm, "Make a new secret", ""

    def question(self) -> str:
        """What happens to the old one."""
        hours = settings.SECRET_OVERLAP_HOURS
        return f"A new secret is made. The present one of {self.client().name} stays valid for {hours} hours."

    def save(self, form: NoteForm) -> str:
        """Rotate."""
        return rotate_secret(client=self.client(), by=self.actor, now=self.now)

    def done(self, result: str) -> HttpResponse:
        """The secret, once."""
        return _revealed(self, self.client(), result)


class EditScopes(ClientStep):
    """Widen or narrow what the client may do."""

    name, title, permission = "api-client-scopes", "Edit scopes", CHANGE
    form_class, submit_label, success = ScopesForm, "Save", "The scopes are changed."

    def initial(self) -> dict[str, Any]:
        """The present ones."""
        return {"scopes": self.client().scopes}

    def form_kwargs(self) -> dict[str, Any]:
        """Every scope there is."""
        return {"allowed": list(settings.API_SCOPES)}

    def question(self) -> str:
        """What it means for tokens and keys."""
        return "Tokens and keys lose at once what is taken away; what is added comes with the next token."

    def save(self, form: ScopesForm) -> ApiClient:
        """Change."""
        return change_scopes(client=self.client(), scopes=form.cleaned_data["scopes"], by=self.actor)


class DisableClient(ClientStep):
    """End every token and key."""

    name, title, permission = "api-client-disable", "Disable the client", CHANGE
    form_class, submit_label, danger, success = ReasonForm, "Disable", True, "The client is disabled."

    def question(self) -> str:
        """How soon it works."""
        return (
            f"No token, key or secret of {self.client().name} opens anything any more, after 5 seconds at the latest."
        )

    def save(self, form: ReasonForm) -> ApiClient:
        """Disable."""
        reason = form.cleaned_data["reason"]
        return disable_client(client=self.client(), by=self.actor, now=self.now, reason=reason)


class EnableClient(ClientStep):
    """Let it in again."""

    name, title, permission = "api-client-enable", "Enable the client", CHANGE
    form_class, submit_label, success = NoteForm, "Enable", "The client is enabled."

    def question(self) -> str:
        """What comes back and what does not."""
        return "Its secrets and keys work again as far as they have not expired; tokens have to be asked for anew."

    def save(self, form: NoteForm) -> ApiClient:
        """Enable."""
        return enable_client(client=self.client(), by=self.actor)


class NewKey(ClientStep):
    """Issue a key and see it once."""

    name, title, permission = "api-key-new", "New API key", ROTATE
    step_up, form_class, submit_label, success = True, KeyForm, "Issue", ""

    def initial(self) -> dict[str, Any]:
        """All scopes of the client, for the usual time."""
        return {"scopes": self.client().scopes, "days": settings.API_KEY_DAYS}

    def form_kwargs(self) -> dict[str, Any]:
        """What the client may do."""
        return {"allowed": self.client().scopes}

    def question(self) -> str:
        """Whose key."""
        return f"A key of {self.client().name} for the header X-API-Key."

    def save(self, form: KeyForm) -> IssuedKey:
        """Issue."""
        return issue_api_key(client=self.client(), **form.cleaned_data, by=self.actor, now=self.now)

    def done(self, result: IssuedKey) -> HttpResponse:
        """The key, once."""
        return self.reveal(
            title=f"API key “{result.key.name}”", secret=result.secret, next_url=self.success_url(result)
        )


class NewPublishableKey(ClientStep):
    """Issue a key for web pages; it stands readable on the client's page afterwards."""

    name, title, permission = "publishable-key-new", "New publishable key", ROTATE
    form_class, submit_label, success = PublishableKeyForm, "Issue", "The key stands below. It is no secret."

    def initial(self) -> dict[str, Any]:
        """For the usual time."""
        return {"days": settings.API_KEY_DAYS}

    def question(self) -> str:
        """What it can and cannot do."""
        return (
            f"A key of {self.client().name} that web pages may carry in the open. It sends events with the consent "
            "token of the visitor, from the origins named here, and can do nothing else."
        )

    def save(self, form: PublishableKeyForm) -> ApiKey:
        """Issue."""
        return issue_publishable_key(client=self.client(), **form.cleaned_data, by=self.actor, now=self.now)


class RevokeKey(ClientStep):
    """End a key."""

    name, title, permission = "api-key-revoke", "Revoke the API key", ROTATE
    form_class, submit_label, danger, success = NoteForm, "Revoke", True, "The key is revoked."

    def question(self) -> str:
        """Which key."""
        key = find_api_key_of(client=self.client(), public_id=self.kwargs["key_id"])
        return f"“{key.name}” ({key.prefix}…{key.hint}) opens nothing any more, after 5 seconds at the latest."

    def save(self, form: NoteForm) -> Any:
        """Revoke."""
        key = find_api_key_of(client=self.client(), public_id=self.kwargs["key_id"])
        return revoke_api_key(key=key, by=self.actor, now=self.now)


def _revealed(page: FormPage, client: ApiClient, secret: str) -> HttpResponse:
    note = f"Client id: {client.client_id}"
    return page.reveal(
        title=f"Client secret for “{client.name}”", secret=secret, next_url=url("api-client", client), note=note
    )
