"""OpenID Connect sign-in against a real provider on this machine: whom it lets in, and whom not."""

import re
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx
import oidc_provider_mock
import pytest
from django.test import Client

from core.models import AuditEntry, Role, StaffUser
from marketing_hub.env import ConfigError
from marketing_hub.security import Provider, read_security
from tests.factories.core import make_staff

pytestmark = pytest.mark.django_db
BEGIN = "/console/sign-in/provider"


@pytest.fixture
def provider(settings):
    """A provider that knows one person by two claims of roles."""
    with oidc_provider_mock.run_server_in_thread() as server:
        issuer = f"http://localhost:{server.server_port}"
        made = Provider("Company account", issuer, "hub", "secret", trust_email=True)
        settings.SECURITY = replace(settings.SECURITY, provider=made)
        yield made


@pytest.fixture
def ana():
    return make_staff(Role.MARKETER, email="ana@example.com")


def knows(provider, subject, **claims):
    answer = httpx.put(f"{provider.issuer}/users/{subject}", json=claims, timeout=30)
    assert answer.status_code in (200, 204), answer.text


def walk(http, subject, **changes):
    """From our page to the provider's and back."""
    away = http.get(f"{BEGIN}?next=/console/search")["Location"]
    answer = httpx.post(away, data={"sub": subject}, follow_redirects=False, timeout=30)
    back = urlsplit(answer.headers["Location"])
    query = {name: values[0] for name, values in parse_qs(back.query).items()} | changes
    return http.get(back.path, query), {n: v[0] for n, v in parse_qs(urlsplit(away).query).items()}


def test_sign_in__known_verified_address__opens_a_session_with_pkce_state_and_nonce(provider, ana):
    knows(provider, "1", email="ana@example.com", email_verified=True)
    http = Client()

    answer, asked = walk(http, "1")

    assert answer["Location"] == "/console/search"
    assert http.get("/console/search").status_code == 200
    assert asked["code_challenge_method"] == "S256"
    assert all(asked[name] for name in ("state", "nonce", "code_challenge"))
    assert AuditEntry.objects.get(action="staff.signed_in", target=ana.public_id).reason == "single sign-on"


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "stranger@example.com", "email_verified": True},
        {"email": "ana@example.com", "email_verified": False},
        {"email_verified": True},
        {"email": "", "email_verified": True},
    ],
)
def test_sign_in__address_unknown_or_not_verified__is_refused_and_nobody_is_made(provider, ana, claims):
    knows(provider, "1", **claims)
    http = Client()

    answer, _ = walk(http, "1")

    assert answer.status_code == 401
    assert http.get("/console/search").status_code == 302
    assert StaffUser.objects.count() == 1
    assert AuditEntry.objects.filter(action="staff.single_sign_on_refused").exists()


def test_sign_in__deactivated_account__is_refused(provider, ana):
    StaffUser.objects.update(is_active=False)
    knows(provider, "1", email="ana@example.com", email_verified=True)

    assert walk(Client(), "1")[0].status_code == 401


@pytest.mark.parametrize("changes", [{"state": "other"}, {"code": "other"}, {"state": ""}, {"code": "\x00"}])
def test_come_back__state_or_code_of_somebody_else__is_refused(provider, ana, changes):
    knows(provider, "1", email="ana@example.com", email_verified=True)
    http = Client()

    answer, _ = walk(http, "1", **changes)

    assert answer.status_code == 401
    assert http.get("/console/search").status_code == 302


@pytest.mark.parametrize("query", [{}, {"error": "access_denied"}, {"code": "x"}, {"state": "x"}])
def test_come_back__without_having_begun__is_refused(provider, query):
    assert Client().get(f"{BEGIN}/return", query).status_code == 401


def test_sign_in__roles_by_claim__are_taken_over_or_refused(provider, ana, settings):
    make_staff(Role.SUPERUSER)
    mapped = replace(provider, role_claim="groups", roles=(("hub-analysts", "analyst"),))
    settings.SECURITY = replace(settings.SECURITY, provider=mapped)
    knows(provider, "1", email="ana@example.com", email_verified=True, groups=["x", "hub-analysts"])
    knows(provider, "2", email="ana@example.com", email_verified=True, groups=["x"])

    first, second = walk(Client(), "1")[0], walk(Client(), "2")[0]

    ana.refresh_from_db()
    assert (first.status_code, second.status_code, ana.role) == (302, 401, "analyst")


def test_sign_in__provider_away__says_so(settings):
    away = Provider("Company account", "http://localhost:9", "hub", "secret")
    settings.SECURITY = replace(settings.SECURITY, provider=away)

    answer = Client().get(BEGIN)

    assert answer.status_code == 503
    assert "does not answer" in answer.content.decode()


def test_sign_in_page__with_and_without_a_provider__offers_it_or_not(settings):
    without = Client().get("/console/sign-in").content.decode()
    made = Provider("Company account", "https://id.example.com", "hub", "secret")
    settings.SECURITY = replace(settings.SECURITY, provider=made)

    page = Client().get("/console/sign-in").content.decode()

    assert "Company account" not in without
    assert re.search(r'href="/console/sign-in/provider[^"]*">.*Company account', page)


def test_begin__no_provider__is_not_found():
    assert Client().get(BEGIN).status_code == 404


@pytest.mark.parametrize(
    "values",
    [{"OIDC_ISSUER": "http://id.example.com"}, {"OIDC_ISSUER": "https://id.example.com", "OIDC_ROLES": "x=king"}],
)
def test_read_security__wrong_provider__stops_the_start(monkeypatch, values):
    for name, value in ({"OIDC_CLIENT_ID": "hub", "OIDC_CLIENT_SECRET": "s"} | values).items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ConfigError):
        read_security()
