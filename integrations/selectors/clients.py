"""Questions about API clients and their credentials."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Max, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Concat
from django.utils import timezone
from oauth2_provider.models import AccessToken
from oauth2_provider.oauth2_validators import validate_resource_as_url_prefix

from core.actors import Credential, inside
from core.crypto import digest
from core.errors import NotFound
from core.models import StaffUser
from integrations.models import ApiClient, ApiClientSecret, ApiKey, TokenBinding
from integrations.selectors.signing import api_audience, looks_like_jwt, verified_claims


@dataclass(frozen=True, slots=True)
class Found:
    """A credential, and the rows whose last use should be noted."""

    credential: Credential
    client: ApiClient
    key: ApiKey | None = None


def list_clients(*, now: datetime) -> QuerySet[ApiClient]:
    """All clients by name, with `secret_expires_at`: when the last valid secret runs out, or None."""
    valid = Q(secrets__revoked_at__isnull=True, secrets__expires_at__gt=now)
    expiry = Max("secrets__expires_at", filter=valid)
    clients: QuerySet[ApiClient] = ApiClient.objects.annotate(secret_expires_at=expiry).order_by("name", "id")
    return clients


def count_clients() -> int:
    """How many clients are not disabled."""
    return int(ApiClient.objects.filter(disabled_at__isnull=True).count())


def find_client(*, identifier: str, now: datetime | None = None) -> ApiClient:
    """The client with this public id (`cli_...`) or OAuth client id (`live_...`); NotFound otherwise.

    With `now` it has `secret_expires_at`, as in `list_clients`.
    """
    clients = ApiClient.objects.all() if now is None else list_clients(now=now)
    client: ApiClient | None = clients.filter(Q(public_id=identifier) | Q(client_id=identifier)).first()
    if client is None:
        raise NotFound(f"There is no API client {identifier}.")
    return client


def find_active(*, client_id: str) -> ApiClient | None:
    """The client with this OAuth id that is not disabled, wherever it may be used from."""
    client: ApiClient | None = ApiClient.objects.filter(client_id=client_id, disabled_at__isnull=True).first()
    return client


def find_api_key_of(*, client: ApiClient, public_id: str) -> ApiKey:
    """A key of this client; NotFound otherwise."""
    key = ApiKey.objects.filter(client=client, public_id=public_id).first()
    if key is None:
        raise NotFound(f"This client has no key {public_id}.")
    return key


def count_expiring(*, now: datetime, before: datetime) -> int:
    """How many active clients have a valid secret, but none that is valid until `before`."""
    active = list_clients(now=now).filter(disabled_at__isnull=True)
    return active.filter(secret_expires_at__lt=before).count()


def list_secrets(*, client: ApiClient, now: datetime) -> QuerySet[ApiClientSecret]:
    """The secrets that open the door at `now`, newest first; at most two."""
    valid = ApiClientSecret.objects.filter(client=client, revoked_at__isnull=True, expires_at__gt=now)
    return valid.order_by("-created_at", "-id")


def list_api_keys(*, client: ApiClient) -> QuerySet[ApiKey]:
    """The keys of a client, newest first, dead ones included."""
    return ApiKey.objects.filter(client=client).order_by("-created_at", "-id")


def secret_opens(*, client: ApiClient, secret: str, now: datetime) -> bool:
    """Whether `secret` is one of the valid secrets of this confidential client."""
    if not client.keeps_secret or not secret:
        return False
    return list_secrets(client=client, now=now).filter(digest=digest(secret)).exists()


def grantable_scopes(*, client: ApiClient, user: StaffUser | None) -> frozenset[str]:
    """What tokens of the client may do: its own scopes, and in the name of a person only what the person may do."""
    scopes = frozenset(client.scopes) & frozenset(settings.API_SCOPES)
    if user is None:
        return scopes
    return frozenset(scope for scope in scopes if user.has_perm(settings.SCOPE_PERMISSIONS[scope]))


def find_bearer(secret: str) -> Found | None:
    """The OAuth access token as a credential (one query, two for a JWT); None when nobody may use it.

    A JWT must verify and have its row, so it is revoked like any other token.
    """
    if looks_like_jwt(secret) and verified_claims(token=secret, now=timezone.now()) is None:
        return None
    tokens = with_binding(AccessToken.objects.select_related("application", "user"))
    token = tokens.filter(token_checksum=digest(secret)).first()
    if token is None or token.application is None or token.application.disabled_at is not None:
        return None
    if token.resource and not validate_resource_as_url_prefix(api_audience(), token.resource):
        return None
    client, user = token.application, token.user
    credential = Credential(
        client_id=client.public_id,
        label=client.name,
        scopes=frozenset(token.scope.split()) & grantable_scopes(client=client, user=user),
        kind="bearer",
        tier=client.tier,
        networks=tuple(client.networks),
        staff_id=user.public_id if user else "",
        if_match_required=client.if_match_required,
        expires_at=token.expires,
        bound_to=binding_of(token),
    )
    return Found(credential, client)


def with_binding(tokens: QuerySet[AccessToken]) -> QuerySet[AccessToken]:
    """The tokens, ready for `binding_of`."""
    own = TokenBinding.objects.filter(checksum=OuterRef("token_checksum"))
    parts = own.annotate(both=Concat("key", Value(" "), "certificate")).values("both")
    bound: QuerySet[AccessToken] = tokens.annotate(bound_to=Subquery(parts[:1]))
    return bound


def binding_of(token: AccessToken) -> tuple[str, str]:
    """The thumbprints of the key and the certificate that a row of `with_binding` is bound to; empty without."""
    key, _, certificate = (token.bound_to or "").partition(" ")
    return key, certificate


def find_binding(*, token: AccessToken) -> tuple[str, str]:
    """The same for one token at hand."""
    found = TokenBinding.objects.filter(checksum=token.token_checksum).first()
    return (found.key, found.certificate) if found else ("", "")


def find_api_key(secret: str) -> Found | None:
    """The API key as a credential (one query); None when it is unknown or revoked, or its client is disabled."""
    key = ApiKey.objects.select_related("client").filter(digest=digest(secret), revoked_at__isnull=True).first()
    if key is None or key.client.disabled_at is not None:
        return None
    client = key.client
    networks = _both(key.networks, client.networks)
    if client.networks and not networks:
        return None
    credential = Credential(
        client_id=client.public_id,
        label=f"{client.name}: {key.name}",
        scopes=_widened(key, frozenset(key.scopes) & grantable_scopes(client=client, user=None)),
        kind="publishable" if key.origins else "api_key",
        tier=client.tier,
        networks=networks,
        origins=tuple(key.origins),
        if_match_required=client.if_match_required,
        expires_at=key.expires_at,
    )
    return Found(credential, client, key)


def _widened(key: ApiKey, scopes: frozenset[str]) -> frozenset[str]:
    """A page sends its events by either door; what it may not do at the second one is refused there."""
    return scopes | {"tracking_api:write"} if key.origins and "engagement:write" in scopes else scopes


def is_known_origin(*, origin: str, now: datetime) -> bool:
    """Whether some living publishable key was made for pages of this origin."""
    living = ApiKey.objects.filter(revoked_at__isnull=True, expires_at__gt=now, client__disabled_at__isnull=True)
    return living.filter(origins__contains=[origin]).exists()


def _both(of_key: list[str], of_client: list[str]) -> tuple[str, ...]:
    """The networks that a key may be used from: its own as far as they lie inside those of its client."""
    if not of_key or not of_client:
        return tuple(of_key or of_client)
    return tuple(network for network in of_key if inside(network.partition("/")[0], of_client))
