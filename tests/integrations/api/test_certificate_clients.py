"""Clients that prove themselves by a certificate of an authority (tls_client_auth, RFC 8705 section 2.1)."""

from dataclasses import replace
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone

from core.actors import SYSTEM
from core.errors import InvalidInput
from integrations.models import ApiClient
from integrations.rules.assertions import Proof
from integrations.services.clients import register_client
from tests.support.certificates import make_certificate

pytestmark = pytest.mark.django_db
NAMES = {"dn": "dn:CN=crm", "dns": "dns:crm.example.com", "uri": "uri:spiffe://example.com/crm"}


@pytest.fixture(autouse=True)
def behind_a_proxy(settings):
    settings.SECURITY = replace(
        settings.SECURITY,
        certificate_header="HTTP_X_SSL_CLIENT_CERT",
        certificate_verified_header="HTTP_X_SSL_CLIENT_VERIFY",
        trusted_proxies=("127.0.0.1/32",),
    )


@pytest.fixture(scope="module")
def certificate():
    return make_certificate("crm", dns="crm.example.com", uri="spiffe://example.com/crm")


def register(name=NAMES["dn"], **options):
    proof = Proof("tls_client_auth", certificate_name=name)
    values = {"name": "CRM", "scopes": ["customers:read"], "by": SYSTEM, "now": timezone.now()}
    return register_client(proof=proof, **(values | options))


def ask(client, certificate, verify="SUCCESS", http=None, **more):
    sent = {"X-SSL-Client-Cert": quote(certificate.pem), "X-SSL-Client-Verify": verify} if certificate else {}
    body = {"grant_type": "client_credentials", "client_id": client.client_id, **more}
    return Client(raise_request_exception=False).post("/oauth/token", body, headers=sent, **(http or {}))


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_token__with_the_certificate__is_answered_and_bound_to_it(certificate, name):
    made = register(name)

    answer = ask(made.client, certificate)

    assert (made.secret, answer.status_code) == ("", 200)
    token = answer.json()["access_token"]
    held = {"X-SSL-Client-Cert": quote(certificate.pem), "Authorization": f"Bearer {token}"}
    assert Client().get("/api/v1/me", headers=held).status_code == 200
    assert Client().get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401


@pytest.mark.parametrize(
    "case", ["another", "none", "not verified", "no word", "not a proxy", "with a secret", "header not set up"]
)
def test_token__without_a_verified_certificate_of_that_name__is_refused(settings, certificate, case):
    made = register()
    if case == "header not set up":
        settings.SECURITY = replace(settings.SECURITY, certificate_verified_header="")
    answer = ask(
        made.client,
        {"another": make_certificate("other"), "none": None}.get(case, certificate),
        {"not verified": "FAILED:self-signed certificate", "no word": ""}.get(case, "SUCCESS"),
        {"REMOTE_ADDR": "203.0.113.9"} if case == "not a proxy" else None,
        **({"client_secret": "mhs_live_guess"} if case == "with a secret" else {}),
    )

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_token__certificate_of_a_client_with_a_secret__is_no_proof(certificate):
    values = {"name": "CRM", "scopes": ["customers:read"], "by": SYSTEM, "now": timezone.now()}
    made = register_client(**values)

    assert ask(made.client, certificate).status_code == 401


@pytest.mark.parametrize(
    ("proof", "options", "param"),
    [
        (Proof("tls_client_auth"), {}, "certificate_name"),
        (Proof("tls_client_auth", certificate_name="crm"), {}, "certificate_name"),
        (Proof("client_secret", certificate_name="dns:crm.example.com"), {}, "auth_method"),
        (
            Proof("tls_client_auth", certificate_name="dns:crm.example.com"),
            {"public": True, "grants": ["authorization_code"], "redirect_uris": ["https://app.example.com/cb"]},
            "auth_method",
        ),
    ],
)
def test_register__what_cannot_be__is_refused_and_nothing_is_stored(proof, options, param):
    values = {"name": "CRM", "scopes": ["customers:read"], "by": SYSTEM, "now": timezone.now()}

    with pytest.raises(InvalidInput) as refusal:
        register_client(proof=proof, **(values | options))

    assert refusal.value.param == param
    assert not ApiClient.objects.exists()


@pytest.mark.parametrize("offered", [True, False])
def test_metadata__names_the_method__where_the_proxy_verifies(settings, offered):
    if not offered:
        settings.SECURITY = replace(settings.SECURITY, certificate_verified_header="")

    told = Client().get("/.well-known/oauth-authorization-server").json()

    assert ("tls_client_auth" in told["token_endpoint_auth_methods_supported"]) is offered
