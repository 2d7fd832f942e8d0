"""private_key_jwt at the token endpoint (RFC 7523): who is let in, and everything that is not."""

import json
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import AccessToken

from core.actors import SYSTEM
from integrations import tasks
from integrations.models import ApiClient, UsedAssertion
from integrations.rules.assertions import ASSERTION_TYPE, Proof
from integrations.services.clients import disable_client, register_client
from tests.support.keys import ISSUER, Ahead, Signer

pytestmark = pytest.mark.django_db


@pytest.fixture
def http():
    return Client(raise_request_exception=False)


def registered(*signers, **options):
    keys = json.dumps({"keys": [signer.public for signer in signers]})
    values = {"name": "Partner", "scopes": ["customers:read"], "by": SYSTEM, "now": timezone.now()}
    return register_client(proof=Proof("private_key_jwt", keys), **(values | options)).client


def ask(http, assertion, **body):
    sent = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }
    return http.post("/oauth/token", {k: v for k, v in (sent | body).items() if v is not None})


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"])
def test_token__assertion_by_a_registered_key__gives_a_token(http, alg):
    signer = Signer(alg)
    client = registered(signer)

    answer = ask(http, signer.assertion(client.client_id))

    assert answer.status_code == 200
    me = http.get("/api/v1/me", headers={"Authorization": f"Bearer {answer.json()['access_token']}"})
    assert me.json()["client_id"] == client.public_id


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": [ISSUER]},
        {"exp": Ahead(290.5)},
        {"iat": None},
        {"header": {"typ": "client-authentication+jwt"}},
        {"header": {"typ": "JWT", "kid": None}},
    ],
)
def test_token__what_libraries_write_differently__is_accepted(http, changes):
    signer = Signer()
    client = registered(signer)

    assert ask(http, signer.assertion(client.client_id, **changes), client_id=client.client_id).status_code == 200


def test_token__assertion_sent_twice__is_refused_the_second_time(http):
    signer = Signer()
    assertion = signer.assertion(registered(signer).client_id)

    first, second = ask(http, assertion), ask(http, assertion)

    assert (first.status_code, second.status_code) == (200, 401)
    assert second.json()["error"] == "invalid_client"
    assert "used before" in second.json()["error_description"]
    assert AccessToken.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"aud": "https://elsewhere.example.com"}, "aud"),
        ({"aud": [ISSUER, "https://elsewhere.example.com"]}, "aud"),
        ({"aud": f"{ISSUER}/token"}, "aud"),
        ({"aud": None}, "aud"),
        ({"aud": {}}, "aud"),
        ({"exp": Ahead(-60)}, "expired"),
        ({"exp": Ahead(3_700)}, "3600 seconds"),
        ({"exp": None}, "exp"),
        ({"exp": "soon"}, "numbers"),
        ({"exp": True}, "numbers"),
        ({"exp": 1e300}, "numbers"),
        ({"nbf": Ahead(120)}, "not valid yet"),
        ({"iat": Ahead(120)}, "not valid yet"),
        ({"jti": None}, "jti"),
        ({"jti": 7}, "jti"),
        ({"jti": "x" * 256}, "jti"),
        ({"iss": "live_other"}, "iss and sub"),
        ({"sub": None}, "iss and sub"),
        ({"sub": ["a"], "iss": ["a"]}, "iss and sub"),
        ({"header": {"typ": "dpop+jwt"}}, "type"),
        ({"header": {"kid": "other"}}, "No key"),
    ],
)
def test_token__assertion_with_one_thing_wrong__is_refused_and_says_what(http, changes, why):
    signer = Signer()
    client = registered(signer)

    answer = ask(http, signer.assertion(client.client_id, **changes))

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert why in answer.json()["error_description"]
    assert not AccessToken.objects.exists()
    assert not UsedAssertion.objects.exists()


@pytest.mark.parametrize(
    "assertion",
    ["", "x", "a.b.c", "a.b.c.d", "..", "é.é.é", "e30.e30.AA", "bnVsbA.bnVsbA.AA", "W10.W10.AA", "A" * 9_000],
)
@pytest.mark.parametrize("kind", [ASSERTION_TYPE, "", "urn:other"])
def test_token__rubbish_as_assertion__is_invalid_client(http, assertion, kind):
    client = registered(Signer())

    answer = ask(http, assertion, client_assertion_type=kind, client_id=client.client_id)

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_token__key_of_somebody_else_or_of_a_client_with_a_secret__is_refused(http):
    signer, stranger = Signer(), Signer()
    client = registered(signer)
    with_secret = register_client(name="S", scopes=["customers:read"], by=SYSTEM, now=timezone.now()).client

    assert ask(http, stranger.assertion(client.client_id)).status_code == 401
    assert ask(http, signer.assertion(with_secret.client_id)).status_code == 401
    assert not AccessToken.objects.exists()


def test_token__alg_of_a_shared_secret_with_the_public_key__is_refused(http):
    signer = Signer("RS256")
    client = registered(signer)
    none = signer.assertion(client.client_id).split(".")
    unsigned = ".".join(["eyJhbGciOiJub25lIn0", none[1], ""])

    assert ask(http, unsigned).status_code == 401


def test_token__secret_beside_the_assertion_or_disabled_client__is_refused(http):
    signer = Signer()
    client = registered(signer)

    both = ask(http, signer.assertion(client.client_id), client_secret="mhs_live_x")
    disable_client(client=client, by=SYSTEM, now=timezone.now())
    disabled = ask(http, signer.assertion(client.client_id))

    assert (both.status_code, both.json()["error"]) == (400, "invalid_request")
    assert disabled.status_code == 401


def test_token__setting_for_older_libraries__takes_the_token_endpoint_as_audience(http, settings):
    settings.SECURITY = replace(settings.SECURITY, assertion_for_token_url=True)
    signer = Signer()
    client = registered(signer)

    assert ask(http, signer.assertion(client.client_id, aud=f"{ISSUER}/token")).status_code == 200


def test_introspect_and_revoke__by_assertion__work_too(http):
    signer = Signer()
    client = registered(signer)
    token = ask(http, signer.assertion(client.client_id)).json()["access_token"]

    def post(path):
        proof = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": signer.assertion(client.client_id)}
        return http.post(path, proof | {"token": token})

    assert post("/oauth/introspect").json()["active"] is True
    assert post("/oauth/revoke").status_code == 200
    assert post("/oauth/introspect").json() == {"active": False}


def test_clear_expired_tokens__assertion_that_has_expired__is_forgotten(http):
    signer = Signer()
    client = registered(signer)
    ask(http, signer.assertion(client.client_id))
    kept = UsedAssertion.objects.count()

    UsedAssertion.objects.update(expires_at=timezone.now())
    tasks.clear_expired_tokens()

    assert (kept, UsedAssertion.objects.count()) == (1, 0)


def test_metadata__names_the_method_and_its_algorithms(http):
    told = http.get("/.well-known/oauth-authorization-server").json()

    assert "private_key_jwt" in told["token_endpoint_auth_methods_supported"]
    assert "ES256" in told["token_endpoint_auth_signing_alg_values_supported"]


@pytest.fixture
def published(settings):
    """A partner's address with keys; `keys` is what it answers, `calls` how often it was asked."""

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.calls += 1
            body = json.dumps(self.server.keys).encode()
            self.send_response(self.server.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words):
            return None

    settings.WEBHOOK_LOOPBACK = True
    server = ThreadingHTTPServer(("127.0.0.1", 0), Keys)
    server.calls, server.status, server.keys = 0, 200, {"keys": []}
    server.url = f"http://127.0.0.1:{server.server_port}/jwks"
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def by_address(url):
    values = {"name": "Partner", "scopes": ["customers:read"], "by": SYSTEM, "now": timezone.now()}
    return register_client(proof=Proof("private_key_jwt", "", url), **values).client


def test_token__keys_at_an_address__are_read_once_and_kept(http, published):
    signer = Signer()
    published.keys = {"keys": [{"kty": "oct", "k": "AA"}, {"kty": "RSA", "use": "enc"}, signer.public]}
    client = by_address(published.url)

    answers = [ask(http, signer.assertion(client.client_id)).status_code for _ in range(3)]

    assert answers == [200, 200, 200]
    assert published.calls == 1
    client.refresh_from_db()
    assert [key["kid"] for key in client.jwks] == ["one"]


def test_token__new_key_at_the_address__is_found_within_the_minute_that_asking_again_takes(http, published):
    old, new = Signer(kid="old"), Signer(kid="new")
    published.keys = {"keys": [old.public]}
    client = by_address(published.url)
    ask(http, old.assertion(client.client_id))
    published.keys = {"keys": [old.public, new.public]}

    too_soon = ask(http, new.assertion(client.client_id))
    cache.clear()
    later = ask(http, new.assertion(client.client_id))

    assert (too_soon.status_code, later.status_code, published.calls) == (401, 200, 2)


@pytest.mark.parametrize("answer", [{"keys": []}, [], "x", {"keys": [{"kty": "RSA", "n": "AA", "e": "AQAB"}]}])
@pytest.mark.parametrize("status", [200, 500])
def test_token__address_answers_rubbish__is_invalid_client_and_the_copy_serves_a_day(http, published, answer, status):
    signer = Signer()
    published.keys, published.status = answer, status
    client = by_address(published.url)

    refused = ask(http, signer.assertion(client.client_id))
    hours_ago = timezone.now() - timedelta(hours=5)
    ApiClient.objects.filter(pk=client.pk).update(jwks=[signer.public], jwks_read_at=hours_ago)
    served = ask(http, signer.assertion(client.client_id))
    ApiClient.objects.filter(pk=client.pk).update(jwks_read_at=timezone.now() - timedelta(hours=25))
    too_old = ask(http, signer.assertion(client.client_id))

    assert (refused.status_code, served.status_code, too_old.status_code) == (401, 200, 401)


def test_token__address_in_our_own_network__is_never_asked(http, published, settings):
    client = by_address(published.url)
    settings.WEBHOOK_LOOPBACK = False

    answer = ask(http, Signer().assertion(client.client_id))

    assert (answer.status_code, published.calls) == (401, 0)
