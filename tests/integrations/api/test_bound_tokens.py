"""Tokens bound to a key (RFC 9449) or a certificate (RFC 8705): of no use to whoever has only the token."""

import time
from dataclasses import replace
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import AccessToken

from core.actors import SYSTEM
from core.api.credentials import forget_credentials
from integrations.models import TokenBinding
from integrations.rules.assertions import Proof
from integrations.rules.dpop import token_hash
from integrations.selectors import jose
from integrations.services.clients import issue_api_key, register_client
from tests.support.certificates import make_certificate
from tests.support.keys import Ahead, Signer

pytestmark = pytest.mark.django_db
TOKEN_URL, ME = "http://testserver/oauth/token", "http://testserver/api/v1/me"


@pytest.fixture
def http():
    return Client(raise_request_exception=False)


@pytest.fixture
def made():
    return register()


def register(binding="none", **options):
    values = {"name": "Partner", "scopes": ["customers:read"], "by": SYSTEM, "now": timezone.now()}
    return register_client(proof=Proof(binding=binding), **(values | options))


def proof(signer, method="POST", place=TOKEN_URL, header=None, **changes):
    now = time.time()
    claims = {"htm": method, "htu": place, "iat": now, "jti": f"{now}{id(changes)}"}
    for name, value in changes.items():
        claims[name] = now + value.seconds if isinstance(value, Ahead) else value
    public = {name: value for name, value in signer.public.items() if name != "kid"}
    said = {"typ": "dpop+jwt", "jwk": public, "kid": None} | (header or {})
    return signer.sign({k: v for k, v in claims.items() if v is not None}, **said)


def ask(http, made, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    body = {"grant_type": "client_credentials", "client_id": made.client.client_id, "client_secret": made.secret}
    return http.post("/oauth/token", body, headers=headers)


def me(http, authorization, **headers):
    forget_credentials()
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return http.get("/api/v1/me", headers={"Authorization": authorization, **sent})


@pytest.fixture
def signer():
    return Signer()


@pytest.fixture
def token(http, made, signer):
    return ask(http, made, DPoP=proof(signer)).json()["access_token"]


@pytest.mark.parametrize("alg", ["ES256", "EdDSA", "RS256", "PS256"])
def test_token__proof_sent__is_bound_to_its_key_and_opens_with_it(http, made, alg):
    signer = Signer(alg)

    answer = ask(http, made, DPoP=proof(signer)).json()

    token = answer["access_token"]
    opened = me(http, f"DPoP {token}", DPoP=proof(signer, "GET", ME, ath=token_hash(token)))
    assert answer["token_type"] == "DPoP"
    assert TokenBinding.objects.get().key == signer.key.thumbprint()
    assert (opened.status_code, opened.json()["client_id"]) == (200, made.client.public_id)


def test_bound_token__as_bearer_or_without_proof__is_refused(http, token):
    for answer in (me(http, f"Bearer {token}"), me(http, f"DPoP {token}")):
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_dpop_proof")
        assert answer["WWW-Authenticate"].startswith('DPoP error="invalid_dpop_proof", algs="RS256')


def test_bound_token__proof_by_another_key__is_refused(http, token):
    stolen = proof(Signer(), "GET", ME, ath=token_hash(token))

    answer = me(http, f"DPoP {token}", DPoP=stolen)

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_dpop_proof")
    assert "another key" in answer.json()["message"]


def test_bound_token__same_proof_twice__is_refused_the_second_time(http, signer, token):
    once = proof(signer, "GET", ME, ath=token_hash(token))

    answers = [me(http, f"DPoP {token}", DPoP=once) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 401]
    assert "used before" in answers[1].json()["message"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"method": "POST"}, "htm"),
        ({"htm": ["GET"]}, "htm"),
        ({"place": "http://testserver/api/v1/customers"}, "htu"),
        ({"place": "https://testserver/api/v1/me"}, "htu"),
        ({"place": "http://elsewhere.example.com/api/v1/me"}, "htu"),
        ({"place": "http://[::1/api"}, "htu"),
        ({"place": "http://testserver:x/api/v1/me"}, "htu"),
        ({"htu": None}, "htu"),
        ({"htu": {}}, "htu"),
        ({"iat": Ahead(-120)}, "iat"),
        ({"iat": Ahead(120)}, "iat"),
        ({"iat": None}, "iat"),
        ({"iat": True}, "iat"),
        ({"iat": "now"}, "iat"),
        ({"jti": None}, "jti"),
        ({"jti": 5}, "jti"),
        ({"ath": None}, "ath"),
        ({"ath": "x"}, "ath"),
        ({"header": {"typ": "jwt"}}, "type"),
        ({"header": {"jwk": None}}, "object"),
        ({"header": {"jwk": {}}}, "RSA"),
        ({"header": {"jwk": Signer().public}}, "not signed"),
    ],
)
def test_bound_token__proof_with_one_thing_wrong__is_refused_and_says_what(http, signer, token, changes, why):
    values = {"method": "GET", "place": ME, "ath": token_hash(token)} | changes

    answer = me(http, f"DPoP {token}", DPoP=proof(signer, **values))

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_dpop_proof")
    assert why in answer.json()["message"]


@pytest.mark.parametrize("text", ["x", "a.b.c", "..", "e30.e30.AA", "bnVsbA.W10.AA", "A" * 9_000, "a.b.c,d.e.f", "é"])
def test_bound_token__rubbish_as_proof__is_refused(http, made, token, text):
    assert me(http, f"DPoP {token}", DPoP=text).json()["code"] == "invalid_dpop_proof"
    refused = ask(http, made, DPoP=text)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_dpop_proof")
    assert AccessToken.objects.count() == 1


@pytest.mark.parametrize("place", ["HTTP://TESTSERVER:80/api/v1/me", "http://testserver/api/v1/%6De/"])
def test_bound_token__address_written_differently__is_the_same(http, signer, token, place):
    sent = proof(signer, "GET", place, ath=token_hash(token))

    assert me(http, f"DPoP {token}", DPoP=sent).status_code == 200


def test_proof_of_the_private_key__is_refused(http, made, signer):
    shown = proof(signer, header={"jwk": signer.key.as_dict(private=True)})

    answer = ask(http, made, DPoP=shown)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")
    assert "private" in answer.json()["error_description"]
    assert not AccessToken.objects.exists()


def test_unbound_token_or_key__sent_as_dpop__is_refused(http, made, signer):
    token = ask(http, made).json()["access_token"]
    key = issue_api_key(client=made.client, name="till", by=SYSTEM, now=timezone.now()).secret

    for secret in (token, key):
        answer = me(http, f"DPoP {secret}", DPoP=proof(signer, "GET", ME, ath=token_hash(secret)))
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_dpop_proof")


def test_client_for_bound_tokens_only__without_proof__gets_none(http, signer):
    made = register("dpop")

    refused, given = ask(http, made), ask(http, made, DPoP=proof(signer))

    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
    assert (given.status_code, given.json()["token_type"]) == (200, "DPoP")


def test_signed_token__bound__says_so(http, signer):
    made = register(token_format="jwt")

    token = ask(http, made, DPoP=proof(signer)).json()["access_token"]

    claims = jose.read(token, longest=8_000).claims
    facts = http.post(
        "/oauth/introspect", {"token": token, "client_id": made.client.client_id, "client_secret": made.secret}
    ).json()
    assert facts["token_type"] == "DPoP"
    assert claims["cnf"] == facts["cnf"]
    assert facts["cnf"] == {"jkt": signer.key.thumbprint()}


def test_metadata__names_the_algorithms_of_proofs(http):
    for path in ("/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource/api/v1"):
        assert "ES256" in http.get(path).json()["dpop_signing_alg_values_supported"]


CERTIFICATE = make_certificate("partner")
PEM = quote(CERTIFICATE.pem)


@pytest.fixture
def behind_proxy(settings):
    proxies = {"certificate_header": "HTTP_X_CLIENT_CERT", "trusted_proxies": ("127.0.0.1",)}
    settings.SECURITY = replace(settings.SECURITY, **proxies)


@pytest.mark.parametrize("sent", [PEM, CERTIFICATE.pem.replace("\n", "\t"), f":{CERTIFICATE.base64}:"])
def test_certificate__named_by_the_proxy__binds_the_token(http, made, behind_proxy, sent):
    token = ask(http, made, X_Client_Cert=sent).json()["access_token"]

    assert TokenBinding.objects.get().certificate == CERTIFICATE.thumbprint
    assert me(http, f"Bearer {token}", X_Client_Cert=sent).status_code == 200
    for stolen in ("", quote(make_certificate("thief").pem), "rubbish", ":AAAA:", ":é:", "%00", "A" * 20_000):
        answer = me(http, f"Bearer {token}", X_Client_Cert=stolen)
        assert (answer.status_code, answer.json()["code"]) == (401, "certificate_required")


def test_certificate__without_the_setting__is_ignored(http, made):
    token = ask(http, made, X_Client_Cert=PEM).json()["access_token"]

    assert not TokenBinding.objects.exists()
    assert me(http, f"Bearer {token}").status_code == 200


def test_certificate__from_anybody_but_a_trusted_proxy__is_ignored(http, made, behind_proxy):
    body = {"grant_type": "client_credentials", "client_id": made.client.client_id, "client_secret": made.secret}

    answer = http.post("/oauth/token", body, headers={"X-Client-Cert": PEM}, REMOTE_ADDR="203.0.113.9")

    assert answer.status_code == 200
    assert not TokenBinding.objects.exists()


def test_client_for_its_certificate_only__without_it__gets_no_token(http, behind_proxy):
    made = register("certificate")

    refused, given = ask(http, made), ask(http, made, X_Client_Cert=PEM)

    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
    assert given.status_code == 200
    facts = http.post(
        "/oauth/introspect",
        {"token": given.json()["access_token"], "client_id": made.client.client_id, "client_secret": made.secret},
    ).json()
    assert facts["cnf"] == {"x5t#S256": CERTIFICATE.thumbprint}


def test_metadata__certificates__are_promised_only_with_the_setting(http, behind_proxy, settings):
    path, name = "/.well-known/oauth-authorization-server", "tls_client_certificate_bound_access_tokens"
    with_setting = http.get(path).json()[name]
    settings.SECURITY = replace(settings.SECURITY, certificate_header="")

    assert (with_setting, http.get(path).json()[name]) == (True, False)
