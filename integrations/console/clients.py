"""API clients: who may call, for what, with which secrets and keys; each secret is shown once."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import django_filters
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from core.console import cells
from core.console.tables import whole_row
from core.console.views import Action, Column, DetailPage, Empty, Header, ListPage, MenuEntry, Tab
from core.menu import Panel
from integrations.console.usage import canary_panel, first_success, usage_panel
from integrations.models import ApiClient, ApiKey, Tier
from integrations.rules.clients import client_state, key_state
from integrations.selectors import jose
from integrations.selectors.clients import count_clients, find_client, list_api_keys, list_clients, list_secrets
from integrations.selectors.registrations import find_registration
from integrations.selectors.usage import with_calls
from integrations.services.clients import GRANTS, PUBLISHABLE_SCOPE

VIEW, CHANGE, ROTATE = "integrations.view_apiclient", "integrations.change_apiclient", "integrations.rotate_secret"
STATES: Final = {
    "active": cells.State("Active", "good"),
    "expiring": cells.State("Secret expires soon", "warn"),
    "expired": cells.State("No valid secret", "bad"),
    "unused": cells.State("Unused for 90 days", "idle"),
    "disabled": cells.State("Disabled", "bad"),
}
KEY_STATES: Final = {
    "active": cells.State("Active", "good"),
    "expiring": cells.State("Expires soon", "warn"),
    "expired": cells.State("Expired", "idle"),
    "revoked": cells.State("Revoked", "idle"),
}
GRANT_NAMES: Final = {
    GRANTS["client_credentials"]: "client credentials",
    GRANTS["authorization_code"]: "code + PKCE",
    GRANTS["device_code"]: "device code",
}


def url(name: str, client: ApiClient, *more: str) -> str:
    """The address of a screen about this client."""
    return reverse(f"console:{name}", args=[client.public_id, *more])


def state_of(client: Any) -> str:
    """The state of a row of `list_clients`."""
    return client_state(
        keeps_secret=client.keeps_secret,
        disabled_at=client.disabled_at,
        secret_expires_at=client.secret_expires_at,
        last_used_at=client.last_used_at,
        created_at=client.created,
        now=timezone.now(),
    )


def _grants(client: ApiClient) -> str:
    return ", ".join(GRANT_NAMES[grant] for grant in client.grants)


def _scopes(client: ApiClient) -> str:
    return format_html('<span title="{}">{}</span>', " ".join(client.scopes), len(client.scopes))


class ClientFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What the list can be narrowed by."""

    tier = django_filters.ChoiceFilter(label="Rate class", choices=Tier.choices, empty_label="Any rate class")
    state = django_filters.ChoiceFilter(
        label="State",
        choices=[("active", "Active"), ("disabled", "Disabled")],
        empty_label="Any state",
        method="by_state",
    )

    class Meta:
        model = ApiClient
        fields: Sequence[str] = ()

    def by_state(self, rows: QuerySet[ApiClient], name: str, value: str) -> QuerySet[ApiClient]:
        """Disabled ones, or the others."""
        return rows.filter(disabled_at__isnull=value == "active")


class ClientList(ListPage):
    """Every client with what it may do and when its secret runs out."""

    name, title, permission = "api-clients", "API clients", VIEW
    menu_entry = MenuEntry("API clients", "api", "Integrations", order=10, count=count_clients)
    filterset_class, search_label = ClientFilter, "Name or id"
    default_sort = "name"
    tabs = (Tab("All"), Tab("Active", {"state": "active"}), Tab("Disabled", {"state": "disabled"}))
    columns = (
        Column("name", "Client", value=whole_row, sort="name", cell=lambda c: cells.link(url("api-client", c), c.name)),
        Column("owner", "Owner", cell=cells.text),
        Column("grants", "Grant", value=_grants),
        Column("scopes", "Scopes", value=whole_row, cell=_scopes, end=True),
        Column("tier", "Rate class", value=lambda client: client.get_tier_display()),
        Column("last_used_at", "Last used", cell=cells.ago),
        Column("calls_30d", "Requests 30 d", cell=cells.number, end=True),
        Column("secret_expires_at", "Secret expires", cell=cells.day),
        Column("state", "State", value=state_of, cell=cells.state(STATES)),
        Column("client_id", "Client id", cell=cells.code, optional=True),
        Column("created", "Registered", cell=cells.instant, optional=True),
    )

    @property
    def empty(self) -> Empty:  # type: ignore[override]
        """What to do first."""
        return Empty("No API clients yet", "Register the first partner or app.", self.actions()[0])

    def rows(self) -> QuerySet[ApiClient]:
        """All of them."""
        return with_calls(list_clients(now=self.now), today=self.now.date())

    def search(self, rows: QuerySet[ApiClient], text: str) -> QuerySet[ApiClient]:
        """By exact id or by the beginning of the name."""
        by_id = rows.filter(public_id=text) | rows.filter(client_id=text)
        return by_id | rows.filter(name__istartswith=text)

    def actions(self) -> Sequence[Action]:
        """Register a new one, or let others register theirs."""
        return (
            Action("New client", reverse("console:api-client-new"), ROTATE, "plus", primary=True),
            Action("Registration tokens", reverse("console:registration-tokens"), VIEW, "key"),
        )


class ClientDetail(DetailPage):
    """One client: its bounds, its secrets, its keys."""

    name, permission, panel_area = "api-client", VIEW, "api-client"

    @property
    def panels(self) -> Sequence[Panel]:  # type: ignore[override]
        """Facts beside keys and secrets."""
        return (
            Panel("usage", "Use in 30 days", "integrations/usage.html", VIEW, usage_panel, icon="chart-line"),
            Panel("canary", "Next version", "integrations/canary.html", VIEW, canary_panel, icon="arrows-split"),
            Panel("keys", "API keys", "integrations/keys.html", VIEW, _keys, icon="key"),
            Panel("secrets", "How it proves itself", "integrations/secrets.html", VIEW, _secrets, icon="lock"),
            Panel("bounds", "What it may do", "integrations/bounds.html", VIEW, _bounds, place="side"),
        )

    def find(self) -> ApiClient:
        """By public id."""
        return find_client(identifier=self.kwargs["public_id"], now=self.now)

    def header(self, client: ApiClient) -> Header:
        """Name, OAuth id and state."""
        kind = "Public app" if client.is_public else "Confidential client"
        return Header(client.name, kind, client.client_id, cells.state(STATES)(state_of(client)))

    def actions(self, client: ApiClient) -> Sequence[Action]:
        """What can be done in this state."""
        if client.disabled_at:
            return (Action("Enable", url("api-client-enable", client), CHANGE, primary=True),)
        public = "A public app has no secret" if client.is_public else ""
        keys = public or ("" if client.keeps_secret else "It proves itself by keys of its own")
        return (
            Action("Rotate secret", url("api-client-rotate", client), ROTATE, "refresh", disabled_because=keys),
            Action("Contact", url("api-client-contact", client), CHANGE, "mail"),
            Action("Mute warnings", url("api-client-mute", client), "integrations.change_anomaly", "bell"),
            Action("Change its proof", url("api-client-proof", client), ROTATE, "key"),
            Action("Edit scopes", url("api-client-scopes", client), CHANGE, "edit"),
            Action("Try next version", url("api-client-canary", client), CHANGE, "arrows-split"),
            Action("Edit networks", url("api-client-networks", client), CHANGE, "world"),
            Action("New API key", url("api-key-new", client), ROTATE, "plus", disabled_because=public),
            Action(
                "New publishable key",
                url("publishable-key-new", client),
                ROTATE,
                "plus",
                disabled_because=_no_events(client),
            ),
            Action("Disable", url("api-client-disable", client), CHANGE, "ban"),
        )


def _no_events(client: ApiClient) -> str:
    return "" if PUBLISHABLE_SCOPE in client.scopes else f"The client lacks the scope {PUBLISHABLE_SCOPE}"


def _keys(request: HttpRequest, client: ApiClient) -> Mapping[str, Any]:
    now = timezone.now()

    def shown(key: ApiKey) -> dict[str, Any]:
        state = key_state(revoked_at=key.revoked_at, expires_at=key.expires_at, now=now)
        revoke = url("api-key-revoke", client, key.public_id) if state in ("active", "expiring") else ""
        return {"key": key, "state": cells.dot(KEY_STATES[state]), "revoke_url": revoke}

    may = request.user.has_perm(ROTATE)
    return {"keys": [shown(key) for key in list_api_keys(client=client)[:100]], "may_revoke": may}


def _secrets(request: HttpRequest, client: ApiClient) -> Mapping[str, Any]:
    secrets = list_secrets(client=client, now=timezone.now())
    names = [jose.name_of(key) for key in client.jwks]
    return {"client": client, "secrets": secrets, "key_names": names}


def _registered_with(client: ApiClient) -> str:
    """The initial access token of a client that staff did not register."""
    registration = find_registration(client=client)
    if registration is None:
        return cells.text("")
    address = f"{reverse('console:registration-tokens')}?q={registration.token.public_id}"
    return cells.link(address, registration.token.name)


def _bounds(request: HttpRequest, client: ApiClient) -> Mapping[str, Any]:
    rows = [
        ("Client id", cells.code(client.client_id)),
        ("Id in logs", cells.code(client.public_id)),
        ("Grants", _grants(client)),
        ("Scopes", cells.tags(client.scopes)),
        ("Rate class", client.get_tier_display()),
        ("Access tokens", client.get_token_format_display()),
        ("Tokens are bound", client.get_token_binding_display()),
        ("Networks", cells.text(", ".join(client.networks) or "anywhere")),
        ("Redirects", cells.text(client.redirect_uris)),
        ("Must send If-Match", cells.yes_no(client.if_match_required)),
        ("Owner", cells.text(client.owner)),
        ("Warnings go to", cells.text(client.contact)),
        ("Registered", cells.instant(client.created)),
        ("Registered itself with", _registered_with(client)),
        ("First success", first_success(client)),
        ("Last used", cells.ago(client.last_used_at)),
    ]
    return {"rows": rows}
