"""Verbs for API clients: register, rotate, disable, and the keys they hold. Secrets are answered once, kept hashed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Least
from oauth2_provider.models import AccessToken, DeviceGrant, Grant, RefreshToken, clear_expired

from consent.selectors.papers import check_may_begin
from core import audit, outbox
from core.actors import Actor, ActorKind
from core.crypto import digest, new_secret
from core.errors import InvalidInput, InvalidState, Problem
from core.ids import new_id
from integrations.models import ApiClient, ApiClientSecret, ApiKey, Tier, TokenFormat
from integrations.models.clients import is_loopback
from integrations.rules.anomalies import REST_ACTION, has_rested
from integrations.rules.assertions import BY_SECRET, Proof
from integrations.rules.registrations import redirect_problem
from integrations.services.proofs import proof_fields

MODE: Final = "live" if settings.LIVEMODE else "test"
SECRET_PREFIX: Final = f"mhs_{MODE}_"
KEY_PREFIX: Final = f"mk_{MODE}_"
PUBLISHABLE_PREFIX: Final = f"pk_{MODE}_"
PUBLISHABLE_SCOPE: Final = "engagement:write"
MOST_ORIGINS: Final = 50
GRANTS: Final = {
    "client_credentials": ApiClient.GRANT_CLIENT_CREDENTIALS,
    "authorization_code": ApiClient.GRANT_AUTHORIZATION_CODE,
    "device_code": ApiClient.GRANT_DEVICE_CODE,
}
_ORIGIN: Final = re.compile(r"https?://[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?(:(?!(?:80|443)$)[1-9][0-9]{0,4})?")
NOTED_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Registered:
    """A new client and its secret, which cannot be read again; empty for a public client."""

    client: ApiClient
    secret: str


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new API key and its text, which cannot be read again."""

    key: ApiKey
    secret: str


@transaction.atomic
def register_client(
    *,
    name: str,
    scopes: Sequence[str],
    grants: Sequence[str] = ("client_credentials",),
    redirect_uris: Sequence[str] = (),
    public: bool = False,
    tier: str = Tier.STANDARD,
    networks: Sequence[str] = (),
    owner: str = "",
    if_match_required: bool = False,
    token_format: str = TokenFormat.OPAQUE,
    proof: Proof = BY_SECRET,
    by: Actor,
    now: datetime,
) -> Registered:
    """A client that may use `grants` for `scopes`, from `networks` (CIDR; anywhere when empty), told by its `proof`.

    Refuses unknown scopes, grants, tiers and networks; an authorization code client without a redirect address; a
    redirect to plain http other than loopback; a public client with client credentials; keys that cannot be used.
    """
    _check_kind(name, tier, token_format)
    _check_bounds(scopes, networks)
    check_grants(grants=grants, redirect_uris=redirect_uris, public=public)
    client = ApiClient.objects.create(
        **_new_ids(),
        client_type=ApiClient.CLIENT_PUBLIC if public else ApiClient.CLIENT_CONFIDENTIAL,
        **grant_fields(grants=grants),
        redirect_uris=" ".join(redirect_uris),
        name=name.strip(),
        scopes=sorted(set(scopes)),
        tier=tier,
        networks=list(networks),
        owner=owner.strip(),
        if_match_required=if_match_required,
        token_format=token_format,
        **proof_fields(proof=proof, public=public),
    )
    _tell("client.registered", client, by, {"scopes": [None, client.scopes], "tier": [None, tier]})
    return Registered(client, _add_secret(client, now) if client.keeps_secret else "")


@transaction.atomic
def rotate_secret(*, client: ApiClient, by: Actor, now: datetime) -> str:
    """A second secret, good for settings.SECRET_DAYS; the one before stays valid for 24 hours, older ones end now.

    Refuses a client that has no secret, being public or proving itself by keys, and a disabled one.
    """
    client = _active(client)
    if not client.keeps_secret:
        raise InvalidState(f"A {'public client' if client.is_public else 'client with keys'} has no secret.")
    valid = client.secrets.filter(revoked_at__isnull=True, expires_at__gt=now).order_by("-created_at", "-id")
    newest = list(valid.values_list("pk", flat=True)[:1])
    valid.exclude(pk__in=newest).update(revoked_at=now)
    overlap = now + timedelta(hours=settings.SECRET_OVERLAP_HOURS)
    client.secrets.filter(pk__in=newest).update(expires_at=Least("expires_at", overlap))
    secret = _add_secret(client, now)
    _tell("client.secret_rotated", client, by, {})
    return secret


@transaction.atomic
def disable_client(*, client: ApiClient, by: Actor, now: datetime, reason: str = "") -> ApiClient:
    """No token or key of the client opens anything any more (within the life of kept credentials); tokens are gone."""
    client = _active(client)
    client.disabled_at = now
    client.save(update_fields=["disabled_at", "updated"])
    drop_tokens(client=client, now=now)
    _tell("client.disabled", client, by, {}, reason)
    return client


@transaction.atomic
def enable_client(*, client: ApiClient, by: Actor, now: datetime) -> ApiClient:
    """The client may ask for tokens again, and its keys work again.

    Refuses one that is not disabled, and one of a company whose agreement or proof of security does not hold today.
    """
    client = ApiClient.objects.select_for_update().get(pk=client.pk)
    if client.disabled_at is None:
        raise InvalidState("This client is active.")
    check_may_begin(processor="", client=client.public_id, today=now.date())
    client.disabled_at = None
    client.save(update_fields=["disabled_at", "updated"])
    _tell("client.enabled", client, by, {})
    return client


@transaction.atomic
def change_scopes(*, client: ApiClient, scopes: Sequence[str], by: Actor) -> ApiClient:
    """The client is bounded by `scopes` from now on; tokens and keys lose at once what was taken away."""
    check_scopes(scopes=scopes)
    client = _active(client)
    before, client.scopes = client.scopes, sorted(set(scopes))
    client.save(update_fields=["scopes", "updated"])
    _tell("client.scopes_changed", client, by, {"scopes": [before, client.scopes]})
    return client


@transaction.atomic
def change_networks(*, client: ApiClient, networks: Sequence[str], by: Actor) -> ApiClient:
    """The client may be used from `networks` (CIDR, IPv4 and IPv6) only from now on, from anywhere when empty.

    Tokens and keys follow within the life of kept credentials. Refuses what is no network.
    """
    _check_networks(networks)
    client = _active(client)
    before, client.networks = client.networks, list(networks)
    client.save(update_fields=["networks", "updated"])
    _tell("client.networks_changed", client, by, {"networks": [before, client.networks]})
    return client


@transaction.atomic
def issue_api_key(
    *,
    client: ApiClient,
    name: str,
    scopes: Sequence[str] | None = None,
    networks: Sequence[str] = (),
    days: int | None = None,
    by: Actor,
    now: datetime,
) -> IssuedKey:
    """A key of the client for `days` (90 unless told, at most 366), for `scopes` (all of the client's unless told).

    Refuses scopes that the client lacks, networks outside the client's, a disabled or a public client.
    """
    client = _active(client)
    days = _checked_days(days)
    wanted = list(client.scopes if scopes is None else scopes)
    check_scopes(scopes=wanted, allowed=client.scopes)
    _check_networks(networks, within=client.networks)
    if client.is_public:
        raise InvalidState("A public client cannot keep a key.")
    secret = new_secret(KEY_PREFIX)
    key = ApiKey.objects.create(
        public_id=ApiKey.new_public_id(),
        client=client,
        name=name.strip() or "API key",
        prefix=secret[: len(KEY_PREFIX) + 4],
        hint=secret[-4:],
        digest=digest(secret),
        scopes=sorted(set(wanted)),
        networks=list(networks),
        created_by=str(by),
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    _tell("client.key_issued", client, by, {"key": [None, key.public_id], "scopes": [None, key.scopes]})
    return IssuedKey(key, secret)


@transaction.atomic
def issue_publishable_key(
    *, client: ApiClient, name: str, origins: Sequence[str], days: int | None = None, by: Actor, now: datetime
) -> ApiKey:
    """A key that pages of `origins` may carry in the open: it sends events with a consent token and does nothing else.

    It can be read again in `text`. Refuses a client without the scope `engagement:write`, a disabled one, anything
    that is no origin (https, or http on this machine), and a length other than 1 to 366 days.
    """
    client = _active(client)
    check_scopes(scopes=[PUBLISHABLE_SCOPE], allowed=client.scopes)
    _check_origins(origins)
    days = _checked_days(days)
    text = new_secret(PUBLISHABLE_PREFIX)
    key = ApiKey.objects.create(
        public_id=ApiKey.new_public_id(),
        client=client,
        name=name.strip() or "Web pages",
        prefix=text[: len(PUBLISHABLE_PREFIX) + 4],
        hint=text[-4:],
        digest=digest(text),
        text=text,
        scopes=[PUBLISHABLE_SCOPE],
        origins=sorted(set(origins)),
        created_by=str(by),
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    _tell("client.key_issued", client, by, {"key": [None, key.public_id], "origins": [None, key.origins]})
    return key


@transaction.atomic
def revoke_api_key(*, key: ApiKey, by: Actor, now: datetime) -> ApiKey:
    """The key opens nothing any more; refuses one that is revoked already."""
    key = ApiKey.objects.select_for_update().select_related("client").get(pk=key.pk)
    if key.revoked_at is not None:
        raise InvalidState("This key is revoked already.")
    key.revoked_at = now
    key.save(update_fields=["revoked_at"])
    _tell("client.key_revoked", key.client, by, {"key": [key.public_id, None]})
    return key


def clear_expired_tokens() -> None:
    """Tokens and codes that nobody can use any more are gone.

    Rotated refresh tokens stay until they would have expired, because a replay of one must be recognised.
    """
    clear_expired()


def note_use(*, client: ApiClient, key: ApiKey | None, now: datetime) -> None:
    """`last_used_at` of the client and the key is right to the minute; at most one write a minute for each."""
    for row in (client, key):
        if row is None or (row.last_used_at is not None and now - row.last_used_at < NOTED_EVERY):
            continue
        before = row.last_used_at
        ours = type(row).objects.filter(pk=row.pk, last_used_at=before).update(last_used_at=now)
        if ours and before is not None and has_rested(last_used_at=before, now=now):
            _note_rest(client, row, (now - before).days)


def _note_rest(client: ApiClient, row: ApiClient | ApiKey, days: int) -> None:
    by = Actor(kind=ActorKind.CLIENT, id=client.public_id)
    changes = {"rested_days": [None, days], "used": [None, row.public_id]}
    audit.record(by=by, action=REST_ACTION, target=client.public_id, changes=changes)


def _new_ids() -> dict[str, Any]:
    """Fresh ids, and nothing in the toolkit's secret column: secrets have rows of their own."""
    ids = {"public_id": ApiClient.new_public_id(), "client_id": new_id(MODE)}
    return {**ids, "client_secret": "", "hash_client_secret": False}


def grant_fields(*, grants: Sequence[str]) -> dict[str, Any]:
    """The columns of a client that may use these grants."""
    return {"authorization_grant_type": GRANTS[grants[0]], "grants": [GRANTS[grant] for grant in grants]}


def _active(client: ApiClient) -> ApiClient:
    client = ApiClient.objects.select_for_update().get(pk=client.pk)
    if client.disabled_at is not None:
        raise InvalidState("This client is disabled.")
    return client


def _add_secret(client: ApiClient, now: datetime) -> str:
    secret = new_secret(SECRET_PREFIX)
    ApiClientSecret.objects.create(
        client=client,
        digest=digest(secret),
        hint=secret[-4:],
        created_at=now,
        expires_at=now + timedelta(days=settings.SECRET_DAYS),
    )
    return secret


def drop_tokens(*, client: ApiClient, now: datetime) -> None:
    """No token or code of the client opens anything any more, within the life of kept credentials."""
    Grant.objects.filter(application=client).delete()
    DeviceGrant.objects.filter(client_id=client.client_id).delete()
    RefreshToken.objects.filter(application=client, revoked__isnull=True).update(revoked=now)
    AccessToken.objects.filter(application=client).delete()


def _tell(topic: str, client: ApiClient, by: Actor, changes: dict[str, Any], reason: str = "") -> None:
    audit.record(by=by, action=topic, target=client.public_id, changes=changes, reason=reason)
    outbox.publish(topic=topic, subject=client.public_id)


def _check_kind(name: str, tier: str, token_format: str) -> None:
    if token_format not in TokenFormat.values:
        raise InvalidInput(f"Access tokens are {' or '.join(TokenFormat.values)}.", param="token_format")
    if not name.strip():
        raise InvalidInput("The client needs a name.", code="missing_field", param="name")
    if tier not in Tier.values:
        raise InvalidInput(f"The rate class must be one of {', '.join(Tier.values)}.", param="tier")


def _check_bounds(scopes: Sequence[str], networks: Sequence[str]) -> None:
    check_scopes(scopes=scopes)
    _check_networks(networks)


def check_scopes(*, scopes: Sequence[str], allowed: Sequence[str] | None = None) -> None:
    """Nothing when there is a scope and each exists, or is among `allowed`; InvalidInput otherwise."""
    known = settings.API_SCOPES if allowed is None else allowed
    wrong = [scope for scope in scopes if scope not in known]
    if wrong or not scopes:
        because = "does not exist" if allowed is None else "is not one of the client's"
        details = [Problem("scopes", "invalid_parameter", f"The scope '{scope}' {because}.") for scope in wrong]
        message = details[0].message if details else "At least one scope is needed."
        raise InvalidInput(message, param="scopes", details=details)


def check_grants(*, grants: Sequence[str], redirect_uris: Sequence[str], public: bool) -> None:
    """Nothing when a client may have these grants and redirect addresses; InvalidInput otherwise."""
    if not grants or any(grant not in GRANTS for grant in grants):
        raise InvalidInput(f"The grants must be among {', '.join(GRANTS)}.", param="grants")
    if public and "client_credentials" in grants:
        raise InvalidInput("A public client cannot keep the secret that client credentials need.", param="grants")
    if "authorization_code" in grants and not redirect_uris:
        raise InvalidInput("The authorization code grant needs a redirect address.", param="redirect_uris")
    if any(redirect_problem(uri) for uri in redirect_uris):
        raise InvalidInput("A redirect address must be https, or http on this machine itself.", param="redirect_uris")


def _checked_days(days: int | None) -> int:
    days = settings.API_KEY_DAYS if days is None else days
    if not 1 <= days <= 366:
        raise InvalidInput("A key is good for 1 to 366 days.", param="days")
    return days


def _check_origins(origins: Sequence[str]) -> None:
    """Scheme, host and port as browsers write them (RFC 6454 section 6.1): lower case, no path, no default port."""
    if not 1 <= len(origins) <= MOST_ORIGINS:
        raise InvalidInput(f"Name 1 to {MOST_ORIGINS} origins.", code="missing_field", param="origins")
    for text in origins:
        if not _ORIGIN.fullmatch(text) or (text.startswith("http:") and not is_loopback([text])):
            message = f"'{text}' is not an origin such as https://shop.example.com: scheme, host, port and no more."
            raise InvalidInput(message, param="origins")


def _check_networks(networks: Sequence[str], within: Sequence[str] = ()) -> None:
    for text in networks:
        try:
            network = ip_network(text)
        except ValueError:
            raise InvalidInput(f"'{text}' is not a network such as 192.0.2.0/24.", param="networks") from None
        fences = [ip_network(fence, strict=False) for fence in within]
        if fences and not any(f.version == network.version and network.subnet_of(f) for f in fences):  # type: ignore[arg-type]
            raise InvalidInput(f"'{text}' lies outside the networks of the client.", param="networks")
