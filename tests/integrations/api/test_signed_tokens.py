"""Access tokens in JWT form (RFC 9068) over HTTP: what they say, who can check them, how they end."""

import base64
import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from core.actors import SYSTEM
from core.api.credentials import forget_credentials
from core.crypto import unseal
from core.errors import InvalidInput
from integrations.models import SigningKey
from integrations.services.clients import disable_client, register_client
from integrations.services.signing import (
    KNOWN_BEFORE_USE,
    reseal_signing_keys,
    rotate_signing_key,
    sign_access_token,
)

pytestmark = pytest.mark.django_db
NAME_OF_ME = "/api/v1/me"


@pytest.fixture
def http():
    return Client(raise_request_exception=False)


@pytest.fixture
def made(db):
    return register_client(name="Signer", scopes=["customers:read"], token_format="jwt", by=SYSTEM, now=timezone.now())


def token_of(http, made, **more):
    form = {"grant_type": "client_credentials", "client_id": made.client.client_id, "client_secret": made.secret}
    answer = http.post("/oauth/token", form | more)
    assert answer.status_code == 200, answer.content
    return answer.json()["access_token"]


def me(http, token):
    forget_credentials()
    return http.get(NAME_OF_ME, headers={"Authorization": f"Bearer {token}"})


def part(text):
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def number(text):
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def signer():
    key = SigningKey.objects.get()
    return key, RSAKey.import_key(unseal(key.private, f"signing-key:{key.kid}"))


def forged(token, key=None, header=None, **claims):
    """The token with other claims or headers, signed by `key`, or by the real one."""
    private = signer()[1]
    head, body, _ = token.split(".")
    said = {name: value for name, value in (part(body) | claims).items() if value is not None}
    return jwt.encode({**part(head), **(header or {})}, said, key or private)


def test_signed_token__header_and_claims__are_those_of_rfc_9068(http, made):
    before = int(timezone.now().timestamp())

    head, body, _ = token_of(http, made).split(".")

    assert part(head) == {"typ": "at+jwt", "alg": "RS256", "kid": SigningKey.objects.get().kid}
    claims = part(body)
    assert claims["iss"] == http.get("/.well-known/oauth-authorization-server").json()["issuer"]
    assert claims["aud"] == http.get("/.well-known/oauth-protected-resource").json()["resource"]
    assert claims["sub"] == claims["client_id"] == made.client.client_id
    assert before <= claims["iat"] <= claims["exp"] - 3600 <= before + 60
    assert claims["scope"] == "customers:read"
    assert claims["jti"].startswith("at_")


def test_signed_token__checked_by_a_stranger_with_the_published_keys__verifies(http, made):
    token = token_of(http, made)
    head, body, signature = token.split(".")

    metadata = http.get("/.well-known/oauth-authorization-server").json()
    published = http.get("/oauth/jwks")
    key = next(key for key in published.json()["keys"] if key["kid"] == part(head)["kid"])
    public = RSAPublicNumbers(number(key["e"]), number(key["n"])).public_key()
    raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    public.verify(raw, f"{head}.{body}".encode(), PKCS1v15(), SHA256())

    assert metadata["jwks_uri"].endswith("/oauth/jwks")
    assert set(key) == {"kty", "use", "alg", "kid", "n", "e"}
    assert published["Access-Control-Allow-Origin"] == "*"
    assert http.get("/oauth/jwks", headers={"If-None-Match": published["ETag"]}).status_code == 304


def test_signed_token__at_the_api__opens_what_its_scopes_allow(http, made):
    token = token_of(http, made)

    assert me(http, token).json()["scopes"] == ["customers:read"]
    assert http.get("/api/v1/customers", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    refused = http.post("/api/v1/customers", headers={"Authorization": f"Bearer {token}"})
    assert refused.json()["code"] == "insufficient_scope"


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://elsewhere.example.com/api"},
        {"iss": "https://elsewhere.example.com"},
        {"exp": 1_600_000_000},
        {"exp": "tomorrow"},
        {"sub": None},
        {"aud": None},
        {"scope": "customers:read customers:write"},
    ],
    ids=str,
)
def test_signed_token__with_other_claims__opens_nothing(http, made, claims):
    token = forged(token_of(http, made), **claims)

    assert me(http, token).status_code == 401


@pytest.mark.parametrize("header", [{"typ": "JWT"}, {"typ": "consent+jwt"}, {"kid": "unknown"}], ids=str)
def test_signed_token__with_another_header__opens_nothing(http, made, header):
    token = forged(token_of(http, made), header=header)

    assert me(http, token).status_code == 401


def test_signed_token__signed_by_somebody_else_or_by_nobody__opens_nothing(http, made):
    token = token_of(http, made)
    head, body, signature = token.split(".")
    none = base64.urlsafe_b64encode(json.dumps(part(head) | {"alg": "none"}).encode()).decode().rstrip("=")
    with_public_key = OctKey.import_key(json.dumps(SigningKey.objects.get().public))

    assert me(http, forged(token, key=RSAKey.generate_key(2048))).status_code == 401
    assert me(http, forged(token, key=with_public_key, header={"alg": "HS256"})).status_code == 401
    assert me(http, f"{none}.{body}.").status_code == 401
    assert me(http, f"{head}.{body}.{signature[:-4]}AAAA").status_code == 401
    assert me(http, "a.b.c").status_code == 401
    assert me(http, token).status_code == 200


def test_signed_token__genuine_but_never_issued__opens_nothing(http, made):
    token_of(http, made)
    own = sign_access_token(
        client=made.client, subject="x", scope="customers:read", resources=[], expires_in=60, now=timezone.now()
    )

    assert me(http, own).status_code == 401


def test_signed_token__revoked__opens_nothing_and_is_inactive(http, made):
    token = token_of(http, made)
    secret = {"client_id": made.client.client_id, "client_secret": made.secret, "token": token}
    facts = http.post("/oauth/introspect", secret).json()

    http.post("/oauth/revoke", secret)

    assert facts["active"] and facts["jti"] == part(token.split(".")[1])["jti"]
    assert me(http, token).status_code == 401
    assert http.post("/oauth/introspect", secret).json() == {"active": False}


def test_signed_token__client_disabled__opens_nothing(http, made):
    token = token_of(http, made)

    disable_client(client=made.client, by=SYSTEM, now=timezone.now())

    assert me(http, token).status_code == 401


def test_signed_token__for_a_resource__names_it_as_audience(http, made):
    resource = http.get("/.well-known/oauth-protected-resource").json()["resource"]

    here = token_of(http, made, resource=resource)
    elsewhere = token_of(http, made, resource="https://elsewhere.example.com/api")

    assert part(here.split(".")[1])["aud"] == [resource]
    assert me(http, here).status_code == 200
    assert me(http, elsewhere).status_code == 401


def test_rotate_signing_key__with_tokens_in_flight__both_keys_are_published_until_the_old_tokens_end(http, made):
    token, now = token_of(http, made), timezone.now()
    old = SigningKey.objects.get()

    new = rotate_signing_key(by=SYSTEM, now=now)

    kids = {key["kid"] for key in http.get("/oauth/jwks").json()["keys"] if key["kty"] == "RSA"}
    old.refresh_from_db()
    assert kids == {old.kid, new.kid}
    assert part(token_of(http, made).split(".")[0])["kid"] == old.kid
    assert new.signs_from == now + KNOWN_BEFORE_USE
    assert old.published_until > new.signs_from + timedelta(hours=1)
    assert me(http, token).status_code == 200


def test_rotate_signing_key__once_the_new_one_signs__new_tokens_carry_it(http, made):
    token_of(http, made)
    long_ago = timezone.now() - timedelta(hours=2)

    new = rotate_signing_key(by=SYSTEM, now=long_ago)

    token = token_of(http, made)
    assert part(token.split(".")[0])["kid"] == new.kid
    assert [key["kid"] for key in http.get("/oauth/jwks").json()["keys"] if key["kty"] == "RSA"] == [new.kid]
    assert me(http, token).status_code == 200


def test_signing_key__in_the_table__is_sealed(made, http):
    token_of(http, made)

    assert "PRIVATE KEY" not in SigningKey.objects.get().private
    assert signer()[1].is_private


def test_signing_key_command__rotate_and_list__print_the_keys(capsys, db):
    call_command("signingkey", "rotate")
    made = json.loads(capsys.readouterr().out)
    call_command("signingkey", "list")

    assert [key["kid"] for key in json.loads(capsys.readouterr().out)] == [made["kid"]]


def test_opaque_token__default__has_no_parts_to_read(http):
    made = register_client(name="Plain", scopes=["customers:read"], by=SYSTEM, now=timezone.now())

    assert "." not in token_of(http, made)
    assert not SigningKey.objects.exists()


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/oauth/.well-known/openid-configuration"])
def test_openid_configuration__without_id_tokens__claims_none(http, path):
    told = http.get(path).json()

    assert told == http.get("/.well-known/oauth-authorization-server").json()
    assert {"id_token_signing_alg_values_supported", "subject_types_supported", "userinfo_endpoint"} & set(
        told
    ) == set()
    assert "openid" not in told["scopes_supported"]


def test_register_client__unknown_token_format__is_refused(db):
    with pytest.raises(InvalidInput, match="opaque or jwt"):
        register_client(name="x", scopes=["customers:read"], token_format="paseto", by=SYSTEM, now=timezone.now())


def test_reseal_signing_keys__new_key_in_front__moves_them_once_and_tokens_go_on(http, made, settings):
    token = token_of(http, made)
    settings.FIELD_KEYS = {"2026b": "2026b-0123456789-0123456789-0123456789"} | settings.FIELD_KEYS

    moved = [reseal_signing_keys(), reseal_signing_keys()]

    assert moved == [1, 0]
    assert SigningKey.objects.get().private.startswith("2026b:")
    assert me(http, token).status_code == me(http, token_of(http, made)).status_code == 200
