"""Steps about API clients: register, rotate, narrow, disable; issue and revoke keys."""

import json
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse

from core.console.forms import NoteForm, ReasonForm
from core.console.views import ActionPage, FormPage
from integrations.console.client_forms import (
    ClientForm,
    ContactForm,
    KeyForm,
    NetworksForm,
    ProofForm,
    PublishableKeyForm,
    ScopesForm,
)
from integrations.console.clients import CHANGE, ROTATE, url
from integrations.models import ApiClient, ApiKey, AuthMethod, Tier, TokenFormat
from integrations.selectors.clients import find_api_key_of, find_client
from integrations.services.client_contacts import change_contact
from integrations.services.clients import (
    IssuedKey,
    Registered,
    change_networks,
    change_scopes,
    disable_client,
    enable_client,
    issue_api_key,
    issue_publishable_key,
    register_client,
    revoke_api_key,
    rotate_secret,
)
from integrations.services.proofs import change_proof

_SECRET = {"auth_method": AuthMethod.SECRET}


class NewClient(FormPage):
    """Register a client and see its secret once."""

    name, title, permission = "api-client-new", "New API client", ROTATE
    step_up, form_class, submit_label, success = True, ClientForm, "Register", ""

    def initial(self) -> dict[str, Any]:
        """The usual kind."""
        return {"grants": ["client_credentials"], "tier": Tier.STANDARD, "token_format": TokenFormat.OPAQUE, **_SECRET}

    def form_kwargs(self) -> dict[str, Any]:
        """Every scope there is."""
        return {"allowed": list(settings.API_SCOPES)}

    def save(self, form: ClientForm) -> Registered:
        """Register."""
        given = {name: value for name, value in form.cleaned_data.items() if name not in ProofForm.base_fields}
        return register_client(**given, proof=form.proof(), by=self.actor, now=self.now)

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


class ChangeProof(ClientStep):
    """Keys of its own instead of a secret, or the other way round."""

    name, title, permission = "api-client-proof", "How the client proves itself", ROTATE
    step_up, form_class, submit_label, success = True, ProofForm, "Save", "The client proves itself so from now on."

    def initial(self) -> dict[str, Any]:
        """As it is."""
        client = self.client()
        keys = json.dumps({"keys": client.jwks}, indent=1) if client.jwks and not client.jwks_uri else ""
        proof = {"auth_method": client.auth_method, "token_binding": client.token_binding}
        return proof | {"jwks": keys, "jwks_uri": client.jwks_uri, "certificate_name": client.certificate_name}

    def question(self) -> str:
        """What ends."""
        return (
            "With keys of its own the client signs a short-lived statement for each token and sends no secret "
            "(private_key_jwt, RFC 7523). Its secrets end at once; after going back, rotate the secret."
        )

    def save(self, form: ProofForm) -> ApiClient:
        """Change."""
        return change_proof(client=self.client(), proof=form.proof(), by=self.actor, now=self.now)


class EditContact(ClientStep):
    """Whom to ask, whom to tell."""

    name, title, permission = "api-client-contact", "Owner and contact", CHANGE
    form_class, submit_label, success = ContactForm, "Save", "Owner and contact are changed."

    def initial(self) -> dict[str, Any]:
        """The present ones."""
        client = self.client()
        return {"owner": client.owner, "contact": client.contact}

    def question(self) -> str:
        """What it is for."""
        return "The contact is told by e-mail when 70, 85 or 95 % of the calls of an hour or a day are used."

    def save(self, form: ContactForm) -> ApiClient:
        """Change."""
        return change_contact(client=self.client(), **form.cleaned_data, by=self.actor)


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


class EditNetworks(ClientStep):
    """From where the client may call."""

    name, title, permission = "api-client-networks", "Edit networks", CHANGE
    step_up, form_class, submit_label, success = True, NetworksForm, "Save", "The networks are changed."

    def initial(self) -> dict[str, Any]:
        """The present ones."""
        return {"networks": "\n".join(self.client().networks)}

    def question(self) -> str:
        """What happens to calls from elsewhere."""
        return "Calls from elsewhere are refused (ip_not_allowed) within 5 seconds, and stand in the audit log."

    def save(self, form: NetworksForm) -> ApiClient:
        """Change."""
        return change_networks(client=self.client(), networks=form.cleaned_data["networks"], by=self.actor)


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
        return enable_client(client=self.client(), by=self.actor, now=self.now)


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
