"""How clients prove themselves: what keys are taken, what ends when they change."""

import json

import pytest
from django.utils import timezone

from core.actors import SYSTEM
from core.errors import InvalidInput, InvalidState
from core.models import AuditEntry, OutboxMessage
from integrations.models import ApiClient
from integrations.rules.assertions import BY_SECRET, Proof
from integrations.selectors.clients import secret_opens
from integrations.services.clients import disable_client, register_client, rotate_secret
from integrations.services.proofs import change_proof
from tests.factories.integrations import REDIRECT
from tests.support.keys import Signer

pytestmark = pytest.mark.django_db
PUBLIC = Signer().public
RSA = Signer("RS256").public


def keyed(*keys):
    return Proof("private_key_jwt", json.dumps({"keys": keys}))


def register(proof=BY_SECRET, **options):
    values = {"name": "Partner", "scopes": ["customers:read"], "by": SYSTEM, "now": timezone.now()}
    return register_client(proof=proof, **(values | options))


def test_register_client__by_keys__has_no_secret_and_keeps_only_the_public_numbers():
    made = register(keyed({**PUBLIC, "use": "sig", "x5c": ["..."], "note": "ours"}))

    assert made.secret == ""
    assert made.client.jwks == [{"kty": "EC", "kid": "one", "crv": "P-256", "x": PUBLIC["x"], "y": PUBLIC["y"]}]
    assert not made.client.secrets.exists()


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ([Signer().key.as_dict(private=True)], "private"),
        ([{"kty": "oct", "k": "c2VjcmV0"}], "private"),
        ([{"kty": "oct"}], "must be RSA"),
        ([{"kty": ["RSA"]}], "must be RSA"),
        ([{**PUBLIC, "crv": "P-384"}], "numbers"),
        ([{**PUBLIC, "x": "A" * 43}], "curve"),
        ([{**PUBLIC, "use": "enc"}], "not for signatures"),
        ([{**PUBLIC, "alg": "HS256"}], "sign with"),
        ([{**PUBLIC, "alg": []}], "sign with"),
        ([{**PUBLIC, "kid": ""}], "kid"),
        ([{**PUBLIC, "kid": "\x00"}], "kid"),
        ([{**RSA, "n": RSA["n"][:300]}], "numbers"),
        ([{**RSA, "e": 3}], "numbers"),
        ([PUBLIC, PUBLIC], "same id"),
        ([PUBLIC] * 11, "10 keys"),
        ([], "JWK Set"),
        ([None], "object"),
    ],
)
def test_register_client__keys_that_cannot_be_used__are_refused_and_nothing_is_stored(keys, why):
    with pytest.raises(InvalidInput, match=why) as refusal:
        register(keyed(*keys))

    assert refusal.value.param == "jwks"
    assert not ApiClient.objects.exists()


@pytest.mark.parametrize("text", ["", "x", "5", "null", '"x"', "{}", '{"keys": {}}', "[" * 60_000, "x" * 70_000])
def test_register_client__text_that_is_no_key_set__is_refused(text):
    with pytest.raises(InvalidInput):
        register(Proof("private_key_jwt", text))

    assert not ApiClient.objects.exists()


@pytest.mark.parametrize(
    ("proof", "param"),
    [
        (Proof("private_key_jwt"), "jwks"),
        (Proof("private_key_jwt", json.dumps([PUBLIC]), "https://partner.example.com/jwks"), "jwks"),
        (Proof("private_key_jwt", "", "http://partner.example.com/jwks"), "jwks_uri"),
        (Proof("private_key_jwt", "", "https://10.0.0.8/jwks"), "jwks_uri"),
        (Proof("private_key_jwt", "", "https://user:pw@partner.example.com/jwks"), "jwks_uri"),
        (Proof("private_key_jwt", "", "\x00"), "jwks_uri"),
        (Proof("client_secret", json.dumps([PUBLIC])), "auth_method"),
        (Proof("tls"), "auth_method"),
    ],
)
def test_register_client__proof_that_makes_no_sense__is_refused(proof, param):
    with pytest.raises(InvalidInput) as refusal:
        register(proof)

    assert refusal.value.param == param
    assert not ApiClient.objects.exists()


def test_register_client__public_with_keys__is_refused():
    with pytest.raises(InvalidInput, match="keep no key"):
        register(keyed(PUBLIC), public=True, grants=["authorization_code"], redirect_uris=[REDIRECT])


def test_change_proof__from_secret_to_keys__ends_the_secret_and_leaves_a_trace():
    made = register()

    client = change_proof(client=made.client, proof=keyed(PUBLIC), by=SYSTEM, now=timezone.now())

    assert not secret_opens(client=client, secret=made.secret, now=timezone.now())
    assert AuditEntry.objects.get(action="client.keys_changed").changes["keys"] == [None, ["one"]]
    assert OutboxMessage.objects.filter(topic="client.keys_changed", subject=client.public_id).exists()
    with pytest.raises(InvalidState, match="no secret"):
        rotate_secret(client=client, by=SYSTEM, now=timezone.now())


def test_change_proof__back_to_a_secret__needs_a_new_one():
    made = register(keyed(PUBLIC))

    client = change_proof(client=made.client, proof=BY_SECRET, by=SYSTEM, now=timezone.now())
    secret = rotate_secret(client=client, by=SYSTEM, now=timezone.now())

    assert client.jwks == []
    assert secret_opens(client=client, secret=secret, now=timezone.now())


def test_change_proof__disabled_client__is_refused():
    made = register()
    disable_client(client=made.client, by=SYSTEM, now=timezone.now())

    with pytest.raises(InvalidState):
        change_proof(client=made.client, proof=keyed(PUBLIC), by=SYSTEM, now=timezone.now())

    made.client.refresh_from_db()
    assert made.client.auth_method == "client_secret"
