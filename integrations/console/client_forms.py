"""What is asked about API clients and their keys."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings

from core.console.forms import ConsoleForm
from integrations.models import AuthMethod, Binding, Tier, TokenFormat
from integrations.rules.assertions import Proof
from integrations.rules.keys import MOST_BYTES

GRANT_LABELS = {
    "client_credentials": "Client credentials: a server acts for itself",
    "authorization_code": "Authorization code with PKCE: an app acts for a member of staff",
    "device_code": "Device code: a device or program without a browser acts for a member of staff",
}


def _scope_choices(allowed: Sequence[str]) -> list[tuple[str, str]]:
    return [(scope, f"{scope}: {settings.API_SCOPES[scope]}") for scope in allowed if scope in settings.API_SCOPES]


class Lines(forms.Field):
    """Several values, one a line."""

    widget = forms.Textarea(attrs={"rows": 2})

    def to_python(self, value: Any) -> list[str]:
        """The lines that are not empty."""
        return (value or "").split()


class ContactForm(ConsoleForm):
    """Whom to ask, whom to tell."""

    owner = forms.CharField(label="Owner", max_length=120, required=False, help_text="Whom to ask about this client.")
    contact = forms.EmailField(label="E-mail for warnings", required=False)


class ScopesForm(ConsoleForm):
    """Which scopes."""

    scopes = forms.MultipleChoiceField(label="Scopes", widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, allowed: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"].choices = _scope_choices(allowed)  # type: ignore[attr-defined]


class NetworksForm(ConsoleForm):
    """From where."""

    networks = Lines(label="Networks", required=False, help_text="CIDR, one a line; from anywhere when empty.")


class ProofForm(ConsoleForm):
    """How the client proves itself."""

    auth_method = forms.ChoiceField(label="It proves itself by", choices=AuthMethod.choices, required=False)
    jwks = forms.CharField(
        label="Public keys",
        required=False,
        max_length=MOST_BYTES,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        help_text="For a key of its own: a JWK Set with public keys only (RS256, PS256, ES256 or Ed25519).",
    )
    jwks_uri = forms.CharField(
        label="Or the address of the keys",
        required=False,
        max_length=500,
        help_text="https; we read it when it is needed, and keep a copy for ten minutes.",
    )

    certificate_name = forms.CharField(
        label="Name in its certificate",
        required=False,
        max_length=300,
        help_text="For a certificate: dn:CN=..., dns:host, uri:..., ip:... or email:..., one of them.",
    )

    token_binding = forms.ChoiceField(
        label="Its tokens are bound",
        choices=Binding.choices,
        required=False,
        help_text="A bound token opens nothing for whoever has stolen it.",
    )

    def proof(self) -> Proof:
        """What was chosen."""
        given = self.cleaned_data
        method = given["auth_method"] or AuthMethod.SECRET
        binding = given["token_binding"] or Binding.NONE
        return Proof(method, given["jwks"], given["jwks_uri"], given["certificate_name"], binding)


class ClientForm(ScopesForm, ProofForm):
    """Everything a registration needs."""

    field_order = (
        *("name", "owner", "grants", "public", "redirect_uris", "scopes", "tier", "token_format", "networks"),
        *("auth_method", "jwks", "jwks_uri", "certificate_name", "token_binding"),
    )

    name = forms.CharField(label="Name", max_length=120)
    owner = forms.CharField(label="Owner", max_length=120, required=False, help_text="Whom to ask about this client.")
    grants = forms.MultipleChoiceField(
        label="Grants", choices=list(GRANT_LABELS.items()), widget=forms.CheckboxSelectMultiple
    )
    public = forms.BooleanField(label="An app in other people's hands, which can keep no secret", required=False)
    redirect_uris = Lines(label="Redirect addresses", required=False, help_text="For authorization codes; one a line.")
    tier = forms.ChoiceField(label="Rate class", choices=Tier.choices)
    token_format = forms.ChoiceField(
        label="Access tokens",
        choices=TokenFormat.choices,
        help_text="Signed tokens can be checked by other services too; both kinds are revoked alike.",
    )
    networks = Lines(label="Networks", required=False, help_text="CIDR, one a line; from anywhere when empty.")


class KeyForm(ScopesForm):
    """Everything a key needs."""

    field_order = ("name", "scopes", "networks", "days")

    name = forms.CharField(label="Name", max_length=120, help_text="Where it will be used.")
    networks = Lines(label="Networks", required=False, help_text="CIDR, one a line; those of the client when empty.")
    days = forms.IntegerField(label="Days until it expires", min_value=1, max_value=366)


class PublishableKeyForm(ConsoleForm):
    """Everything a publishable key needs."""

    name = forms.CharField(label="Name", max_length=120, help_text="Which site or app will carry it.")
    origins = Lines(label="Origins", help_text="Scheme and host of the pages, one a line: https://shop.example.com")
    days = forms.IntegerField(label="Days until it expires", min_value=1, max_value=366)
