"""Verbs for how clients prove themselves: by a secret or by keys of their own (RFC 7523)."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import transaction

from core import audit, meter, outbox
from core.actors import Actor
from core.crypto import digest
from core.errors import InvalidInput, InvalidState
from integrations.connectors.http import Answer, Door
from integrations.models import ApiClient, AuthMethod, Binding, UsedAssertion
from integrations.rules.addresses import address_problem
from integrations.rules.assertions import MOST_LENGTH, Proof, assertion_problem
from integrations.rules.certificates import UnusableName, written_name
from integrations.rules.keys import MOST_BYTES, UnusableKeys, key_problem, matching, public_part, read_key_set
from integrations.selectors import jose
from integrations.selectors.signing import issuer

FRESH_FOR: Final = timedelta(minutes=10)
"""How long a copy of a partner's keys is used before it is read again."""
STALE_FOR: Final = timedelta(hours=24)
"""How long the copy still serves while the partner's address does not answer."""
_ASKED_EVERY_S: Final = 60
_ANSWERS_WITHIN_S: Final = 5.0
log = structlog.get_logger("proofs")


def proof_fields(*, proof: Proof, public: bool) -> dict[str, Any]:
    """The columns of a client that proves itself so; refuses keys that cannot be used and addresses we do not call."""
    if proof.method not in AuthMethod.values:
        raise InvalidInput(f"A client proves itself by {' or '.join(AuthMethod.values)}.", param="auth_method")
    if proof.binding not in Binding.values:
        raise InvalidInput(f"Tokens are bound to {', '.join(Binding.values)}.", param="token_binding")
    fields = {"auth_method": proof.method, "token_binding": proof.binding, "jwks_uri": proof.keys_url}
    fields["certificate_name"] = _checked_name(proof, public)
    keys = _checked_keys(proof, public) if proof.method == AuthMethod.KEY else _without_keys(proof)
    return {**fields, "jwks": keys, "jwks_read_at": None}


def _checked_name(proof: Proof, public: bool) -> str:
    """The name that the certificate must have; only of clients that prove themselves by one."""
    if proof.method != AuthMethod.CERTIFICATE:
        if proof.certificate_name:
            message = "A name belongs to clients that prove themselves by tls_client_auth."
            raise InvalidInput(message, param="auth_method")
        return ""
    if public:
        raise InvalidInput("A public client can keep no certificate.", param="auth_method")
    try:
        return written_name(proof.certificate_name)
    except UnusableName as why:
        raise InvalidInput(str(why), param="certificate_name") from None


def _without_keys(proof: Proof) -> list[dict[str, Any]]:
    if proof.keys or proof.keys_url:
        raise InvalidInput("Keys belong to clients that prove themselves by private_key_jwt.", param="auth_method")
    return []


def _checked_keys(proof: Proof, public: bool) -> list[dict[str, Any]]:
    """The keys that stand here; none yet where an address is given, which must be one that we may call."""
    if public:
        raise InvalidInput("A public client can keep no key.", param="auth_method")
    if bool(proof.keys) == bool(proof.keys_url):
        raise InvalidInput("Give either the keys or the address where they are.", code="missing_field", param="jwks")
    if proof.keys:
        return _registered(proof.keys)
    if problem := address_problem(proof.keys_url, loopback=settings.WEBHOOK_LOOPBACK):
        raise InvalidInput(problem, param="jwks_uri")
    return []


@transaction.atomic
def change_proof(*, client: ApiClient, proof: Proof, by: Actor, now: datetime) -> ApiClient:
    """The client proves itself so from now on: its secrets end when it gets keys, its keys when it gets secrets.

    Living tokens stay. Refuses a disabled client, and what `proof_fields` refuses.
    """
    client = ApiClient.objects.select_for_update().get(pk=client.pk)
    if client.disabled_at is not None:
        raise InvalidState("This client is disabled.")
    before, bound = client.auth_method, client.token_binding
    fields = proof_fields(proof=proof, public=client.is_public)
    for name, value in fields.items():
        setattr(client, name, value)
    client.save(update_fields=[*fields, "updated"])
    if client.auth_method != AuthMethod.SECRET:
        client.secrets.filter(revoked_at__isnull=True).update(revoked_at=now)
    changes = {"auth_method": [before, client.auth_method], "keys": [None, [jose.name_of(key) for key in client.jwks]]}
    changes |= {"token_binding": [bound, client.token_binding]} if bound != client.token_binding else {}
    changes |= {"certificate_name": [None, client.certificate_name]} if client.certificate_name else {}
    changes |= {"jwks_uri": [None, client.jwks_uri]} if client.jwks_uri else {}
    audit.record(by=by, action="client.keys_changed", target=client.public_id, changes=changes)
    outbox.publish(topic="client.keys_changed", subject=client.public_id)
    return client


def accept_assertion(*, client: ApiClient, assertion: str, now: datetime) -> str:
    """Empty when the client has proved itself by this assertion, which is used up then; else a sentence that says why.

    Its signature is by one of the client's keys; those of an address are read again when none of the copy fits.
    """
    said = jose.read(assertion, longest=MOST_LENGTH)
    if client.auth_method != AuthMethod.KEY or said is None:
        return "The assertion is no JWT that this client may sign."
    if problem := assertion_problem(header=said.header, claims=said.claims, audiences=_audiences(), now=now):
        return problem
    if not _signed(client, assertion, said.header, now):
        return "No key of this client made the signature."
    ends = datetime.fromtimestamp(said.claims["exp"], UTC) + timedelta(minutes=1)
    used = digest(f"{client.client_id}\n{said.claims['jti']}")
    _, fresh = UsedAssertion.objects.get_or_create(digest=used, defaults={"expires_at": ends})
    return "" if fresh else "This assertion was used before: each needs a jti of its own."


def forget_assertions(*, now: datetime) -> int:
    """Assertions that have expired are refused for that, and need not be remembered; how many went."""
    gone, _ = UsedAssertion.objects.filter(expires_at__lte=now).delete()
    return gone


def _audiences() -> list[str]:
    return [issuer(), *([f"{issuer()}/token"] if settings.SECURITY.assertion_for_token_url else [])]


def _signed(client: ApiClient, assertion: str, header: dict[str, Any], now: datetime) -> bool:
    """Whether a key of the client made it; at most once a minute a partner's address is asked for new keys."""
    kid, alg = header.get("kid"), header["alg"]
    age = now - client.jwks_read_at if client.jwks_read_at else timedelta.max
    if not client.jwks_uri or age < FRESH_FOR:
        if jose.opens(assertion, matching(client.jwks, kid=kid, alg=alg)):
            return True
        if not client.jwks_uri:
            return False
    window = meter.Window("minute", 1, _ASKED_EVERY_S)
    if meter.take(f"keys-of:{client.public_id}", [window]).granted and _read_keys(client, now):
        age = timedelta()
    return age < STALE_FOR and jose.opens(assertion, matching(client.jwks, kid=kid, alg=alg))


def _read_keys(client: ApiClient, now: datetime) -> bool:
    """Whether the copy of the partner's keys is new; those that we cannot use are passed over."""
    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(asyncio.run, _fetched(client.jwks_uri)).result()
    try:
        keys = read_key_set(answer.excerpt) if answer.status == 200 else []
    except UnusableKeys:
        keys = []
    usable = [public_part(key) for key in keys if not key_problem(key) and jose.import_key(public_part(key))]
    if not usable:
        log.warning("keys_unreadable", client=client.public_id, status=answer.status, error=answer.error)
        return False
    client.jwks, client.jwks_read_at = usable, now
    client.save(update_fields=["jwks", "jwks_read_at", "updated"])
    return True


async def _fetched(url: str) -> Answer:
    """The answer of a partner's address, behind the same guard as webhooks."""
    loopback, ca_file = settings.WEBHOOK_LOOPBACK, settings.WEBHOOK_CA_FILE
    async with Door(timeout_s=_ANSWERS_WITHIN_S, loopback=loopback, ca_file=ca_file) as door:
        return await door.get(url=url, most_bytes=MOST_BYTES)


def _registered(text: str) -> list[dict[str, Any]]:
    """The keys as we keep them; refuses a text with one that we cannot use, and two of one id."""
    try:
        keys = read_key_set(text)
    except UnusableKeys as why:
        raise InvalidInput(str(why), param="jwks") from None
    for number, key in enumerate(keys, start=1):
        problem = key_problem(key) or ("" if jose.import_key(public_part(key)) else "This is no key on its curve.")
        if problem:
            raise InvalidInput(f"Key {number}: {problem}", param="jwks")
    kids = [key["kid"] for key in keys if "kid" in key]
    if len(set(kids)) < len(kids):
        raise InvalidInput("Two keys have the same id (kid).", param="jwks")
    return [public_part(key) for key in keys]
