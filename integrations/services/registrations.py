"""Verbs for clients that register themselves (RFC 7591) and look after themselves (RFC 7592).

Staff issue an initial access token that says what may be registered with it; nothing registered has ever more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from core import audit, outbox
from core.actors import Actor, inside
from core.crypto import digest, new_secret
from core.errors import InvalidInput, InvalidState, Unauthenticated
from integrations.models import ApiClient, Registration, RegistrationToken
from integrations.rules.clients import EXPIRING
from integrations.rules.registrations import (
    METADATA,
    MOST_DAYS,
    MOST_USES,
    REDIRECT,
    UnusableMetadata,
    Wish,
    bound_of,
    check_grants_within,
    read_wish,
    scopes_within,
)
from integrations.selectors.clients import list_secrets, secret_opens
from integrations.selectors.registrations import find_opened, state_of
from integrations.services.clients import (
    GRANTS,
    MODE,
    check_grants,
    check_scopes,
    disable_client,
    grant_fields,
    register_client,
    rotate_secret,
)
from integrations.services.proofs import change_proof, proof_fields

TOKEN_PREFIX: Final = f"mhi_{MODE}_"
ACCESS_PREFIX: Final = f"mhg_{MODE}_"
_REFUSED: Final = "This initial access token is unknown, revoked, expired or used up."
_NOT_YOURS: Final = "This registration access token does not open this client."


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new initial access token and its text, which cannot be read again."""

    token: RegistrationToken
    secret: str


@dataclass(frozen=True, slots=True)
class Told:
    """A registered client, a secret of its own if there is a new one, and the token it looks after itself with."""

    registration: Registration
    secret: str
    access: str


@transaction.atomic
def issue_registration_token(
    *, name: str, scopes: Sequence[str], grants: Sequence[str], uses: int, days: int, by: Actor, now: datetime
) -> IssuedToken:
    """A token with which `uses` clients may register within `days`, each for these scopes and grants at most.

    Refuses unknown scopes and grants, more than MOST_USES clients, and more than MOST_DAYS days.
    """
    if not name.strip() or len(name) > 120:
        raise InvalidInput("Say in 1 to 120 characters whom the token is for.", code="missing_field", param="name")
    check_scopes(scopes=scopes)
    if not grants or any(grant not in GRANTS for grant in grants):
        raise InvalidInput(f"The grants must be among {', '.join(GRANTS)}.", param="grants")
    if not 1 <= uses <= MOST_USES:
        raise InvalidInput(f"A token is good for 1 to {MOST_USES:,} clients.", param="uses")
    if not 1 <= days <= MOST_DAYS:
        raise InvalidInput(f"A token is good for 1 to {MOST_DAYS} days.", param="days")
    secret = new_secret(TOKEN_PREFIX)
    token = RegistrationToken.objects.create(
        public_id=RegistrationToken.new_public_id(),
        name=name.strip(),
        digest=digest(secret),
        hint=secret[-4:],
        scopes=sorted(set(scopes)),
        grants=sorted(set(grants)),
        most_uses=uses,
        created_by=str(by),
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    changes = {"scopes": [None, token.scopes], "grants": [None, token.grants], "clients": [None, uses]}
    audit.record(by=by, action="registration_token.issued", target=token.public_id, changes=changes)
    return IssuedToken(token, secret)


@transaction.atomic
def revoke_registration_token(*, token: RegistrationToken, by: Actor, now: datetime) -> RegistrationToken:
    """Nobody registers with it any more; clients that did stay. Refuses one that is revoked already."""
    token = RegistrationToken.objects.select_for_update().get(pk=token.pk)
    if token.revoked_at is not None:
        raise InvalidState("This token is revoked already.")
    token.revoked_at = now
    token.save(update_fields=["revoked_at"])
    audit.record(by=by, action="registration_token.revoked", target=token.public_id, changes={})
    return token


@transaction.atomic
def register_itself(*, secret: str, said: Mapping[str, Any], by: Actor, now: datetime) -> Told:
    """A client as it describes itself, within the bounds of the initial access token, one use of which is spent.

    Unauthenticated without such a token; UnusableMetadata for what may not be registered. A refusal spends nothing.
    """
    token = RegistrationToken.objects.select_for_update().filter(digest=digest(secret)).first()
    if token is None or state_of(token, now) != "active":
        raise Unauthenticated(_REFUSED)
    wish = _wish(said)
    check_grants_within(asked=wish.grants, allowed=token.grants)
    try:
        made = register_client(
            name=wish.name or token.name,
            scopes=scopes_within(asked=wish.scopes, allowed=_known(token.scopes)),
            grants=wish.grants,
            redirect_uris=wish.redirect_uris,
            public=wish.public,
            owner=token.name,
            proof=wish.proof,
            by=by,
            now=now,
        )
    except InvalidInput as refusal:
        raise _in_their_words(refusal) from refusal
    client, access = made.client, new_secret(ACCESS_PREFIX)
    client.contact = wish.contact
    client.save(update_fields=["contact", "updated"])
    token.uses += 1
    token.save(update_fields=["uses"])
    registration = Registration.objects.create(
        client=client, token=token, digest=digest(access), scopes=client.scopes, told=wish.told
    )
    changes = {"with": [None, token.public_id], "grants": [None, list(wish.grants)]}
    audit.record(by=by, action="client.registered_itself", target=client.public_id, changes=changes)
    return Told(registration, made.secret, access)


def read_itself(*, client_id: str, access: str, by: Actor) -> Told:
    """The client as it is registered; Unauthenticated without its registration access token."""
    return Told(_opened(client_id, access, by), "", access)


@transaction.atomic
def change_itself(*, client_id: str, access: str, said: Mapping[str, Any], by: Actor, now: datetime) -> Told:
    """The client as it describes itself now: what is left out is gone (RFC 7592 section 2.2).

    A client whose last secret ends within two weeks gets a second one; the first stays valid for a day.
    """
    before = _opened(client_id, access, by)
    client = ApiClient.objects.select_for_update().get(pk=before.client_id)
    registration = Registration.objects.select_for_update().select_related("token").get(pk=before.pk)
    by = Actor(by.kind, client.public_id, request_id=by.request_id, ip=by.ip)
    wish = _wish(said)
    _check_same(client, wish, said, now)
    token = registration.token
    alive = token.revoked_at is None and now < token.expires_at
    bound = bound_of(token=token.scopes, now_has=client.scopes, registered=registration.scopes, alive=alive)
    check_grants_within(asked=wish.grants, allowed=token.grants)
    scopes = scopes_within(asked=wish.scopes, allowed=_known(bound))
    try:
        check_scopes(scopes=scopes)
        check_grants(grants=wish.grants, redirect_uris=wish.redirect_uris, public=wish.public)
        _keep(client, wish, scopes, by)
        _prove(client, wish, by, now)
    except InvalidInput as refusal:
        raise _in_their_words(refusal) from refusal
    client.refresh_from_db()
    registration.client, registration.scopes, registration.told = client, client.scopes, wish.told
    registration.save(update_fields=["scopes", "told"])
    return Told(registration, _renewed(client, by, now), access)


@transaction.atomic
def end_itself(*, client_id: str, access: str, by: Actor, now: datetime) -> None:
    """No token, secret or key of the client opens anything any more, nor does its registration access token."""
    registration = _opened(client_id, access, by)
    client = registration.client
    by = Actor(by.kind, client.public_id, request_id=by.request_id, ip=by.ip)
    disable_client(client=client, by=by, now=now, reason="The client ended its own registration (RFC 7592).")
    registration.ended_at = now
    registration.save(update_fields=["ended_at"])


def _in_their_words(refusal: InvalidInput) -> UnusableMetadata:
    return UnusableMetadata(refusal.message, REDIRECT if refusal.param == "redirect_uris" else METADATA)


def _wish(said: Mapping[str, Any]) -> Wish:
    return read_wish(said, certificates=bool(settings.SECURITY.certificate_verified_header))


def _known(scopes: Sequence[str]) -> list[str]:
    """A scope that this version no longer has is given to nobody."""
    return [scope for scope in scopes if scope in settings.API_SCOPES]


def _opened(client_id: str, access: str, by: Actor) -> Registration:
    registration = find_opened(client_id=client_id, secret=access)
    networks = registration.client.networks if registration else []
    if registration is None or (networks and not inside(by.ip, networks)):
        raise Unauthenticated(_NOT_YOURS)
    return registration


def _check_same(client: ApiClient, wish: Wish, said: Mapping[str, Any], now: datetime) -> None:
    """What RFC 7592 section 2.2 asks of a change: the client names itself, and with its own secret if with any."""
    if said.get("client_id") != client.client_id:
        raise UnusableMetadata("client_id must be the client's own.")
    secret = said.get("client_secret", "")
    if secret and not (isinstance(secret, str) and secret_opens(client=client, secret=secret, now=now)):
        raise UnusableMetadata("client_secret is not the client's own.")
    if wish.public != client.is_public:
        raise UnusableMetadata("A client with secrets and one without do not become each other: register anew.")


def _keep(client: ApiClient, wish: Wish, scopes: list[str], by: Actor) -> None:
    """The new facts, with the old ones in the audit log."""
    fields = {
        "name": wish.name or client.name,
        "redirect_uris": " ".join(wish.redirect_uris),
        "scopes": scopes,
        "contact": wish.contact,
        **grant_fields(grants=wish.grants),
    }
    changes = {
        name: [getattr(client, name), value]
        for name, value in fields.items()
        if name != "contact" and getattr(client, name) != value
    }
    for name, value in fields.items():
        setattr(client, name, value)
    client.save(update_fields=[*fields, "updated"])
    audit.record(by=by, action="client.changed_itself", target=client.public_id, changes=changes)
    outbox.publish(topic="client.changed_itself", subject=client.public_id)


def _prove(client: ApiClient, wish: Wish, by: Actor, now: datetime) -> None:
    """How the client proves itself, where that is another way than before; keys at an address are read anew."""
    wanted = proof_fields(proof=wish.proof, public=wish.public)
    kept = ("jwks_read_at", "jwks") if wish.proof.keys_url else ("jwks_read_at",)
    if any(getattr(client, name) != value for name, value in wanted.items() if name not in kept):
        change_proof(client=client, proof=wish.proof, by=by, now=now)


def _renewed(client: ApiClient, by: Actor, now: datetime) -> str:
    """A second secret where the last one ends soon; empty where it does not, or the client has none."""
    if not client.keeps_secret or list_secrets(client=client, now=now).filter(expires_at__gt=now + EXPIRING).exists():
        return ""
    return rotate_secret(client=client, by=by, now=now)
