"""Publishable keys over HTTP: what a web page may do with one, and that secrets do not belong on pages."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from core.actors import SYSTEM
from core.api.credentials import forget_credentials
from core.errors import InvalidInput
from core.models import AuditEntry
from customers.services.customers import create_customer
from integrations.models import ApiKey
from integrations.services.clients import (
    disable_client,
    issue_api_key,
    issue_publishable_key,
    register_client,
    revoke_api_key,
)

pytestmark = pytest.mark.django_db
SHOP, EVIL = "https://shop.example.com", "https://evil.example.com"
CLICK = "/api/v1/engagement/click"
SCOPES = ("customers:read", "customers:write", "consent:write", "engagement:write")


@pytest.fixture
def http():
    return Client(raise_request_exception=False)


@pytest.fixture
def made(db):
    return register_client(name="Shop", scopes=SCOPES, by=SYSTEM, now=timezone.now())


@pytest.fixture
def key(made):
    return issue_publishable_key(client=made.client, name="Pages", origins=[SHOP], by=SYSTEM, now=timezone.now())


@pytest.fixture
def token(caller):
    """A consent token of customer 12345, as the shop's server would put it into the page."""
    profile = {"external_id": "12345", "country": "DE"}
    create_customer(properties=profile, by=SYSTEM, now=timezone.now())
    server = caller(*SCOPES)
    given = {"purpose": "analytics", "event": "granted", "noticeVersion": 1, "locale": "en", "source": "web_form"}
    assert server.post("/api/v1/consent/12345", {"purposes": [given]}).status_code < 300
    return server.post("/api/v1/consent/tokens", {"userId": "12345", "purposes": ["analytics"]}).json()["token"]


def send(http, key, path=CLICK, origin=SHOP, **headers):
    body = {
        "userId": "12345",
        "campaignId": "c1",
        "elementId": "e1",
        "deviceType": "mobile",
        "timestamp": timezone.now().isoformat(),
    }
    said = {"X-API-Key": getattr(key, "text", key), "Origin": origin} | headers
    said = {name.replace("_", "-"): value for name, value in said.items() if value}
    return http.post(path, body, content_type="application/json", headers=said)


def ask_first(http, origin, path=CLICK):
    said = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key"}
    return http.options(path, headers=said)


def events(action):
    return list(AuditEntry.objects.filter(action=action))


@pytest.mark.parametrize("path", [CLICK, "/api/engagement/click"])
def test_page__with_key_and_consent_token__sends_an_event_and_may_read_the_answer(http, key, token, path):
    answer = send(http, key, path, X_Consent_Token=token)

    assert (answer.status_code, answer.json()["status"]) == (202, "accepted")
    assert answer["Access-Control-Allow-Origin"] == SHOP
    assert "Origin" in answer["Vary"]
    assert "Retry-After" in answer["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer


def test_page__without_consent_token__is_refused_whatever_is_recorded(http, key, token):
    answer = send(http, key)
    batch = http.post(
        "/api/v1/engagement/events",
        {
            "events": [
                {
                    "type": "click",
                    "userId": "12345",
                    "campaignId": "c",
                    "elementId": "e",
                    "timestamp": timezone.now().isoformat(),
                    "deviceType": "mobile",
                }
            ]
        },
        content_type="application/json",
        headers={"X-API-Key": key.text, "Origin": SHOP},
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "consent_required")
    assert answer["Access-Control-Allow-Origin"] == SHOP
    assert batch.json()["results"][0]["code"] == "consent_required"


@pytest.mark.parametrize(
    "origin", [EVIL, "null", "https://shop.example.com.evil.example.com", "http://shop.example.com"]
)
def test_page__of_another_origin__is_refused_with_a_security_event(http, made, key, token, origin):
    answer = send(http, key, origin=origin, X_Consent_Token=token)

    assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")
    assert not answer.has_header("Access-Control-Allow-Origin")
    (entry,) = events("security.origin_refused")
    assert entry.target == made.client.public_id
    assert entry.changes == {"origin": [None, origin]}
    assert entry.request_id == answer["X-Request-Id"]
    assert entry.ip == "127.0.0.1"


def test_key__without_a_page__is_refused(http, key, token):
    answer = send(http, key, origin="", X_Consent_Token=token)

    assert answer.json()["code"] == "origin_not_allowed"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/api/v1/customers"),
        ("get", "/api/v1/me"),
        ("get", "/api/v1/engagement/events"),
        ("get", "/api/v1/engagement/types"),
        ("post", "/api/v1/engagement/types"),
        ("get", "/api/v1/engagement/rejections"),
        ("post", "/api/v1/consent/tokens"),
    ],
)
def test_key__anywhere_but_at_events__is_refused(http, key, method, path):
    answer = http.generic(
        method.upper(), path, b"{}", "application/json", headers={"X-API-Key": key.text, "Origin": SHOP}
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "publishable_key")


def test_secret_key__from_a_page__is_refused_with_a_security_event(http, made, token):
    secret = issue_api_key(client=made.client, name="till", by=SYSTEM, now=timezone.now()).secret

    refused = send(http, secret, X_Consent_Token=token)
    from_server = send(http, secret, origin="", X_Consent_Token=token)
    from_our_documentation = send(http, secret, origin="http://testserver", X_Consent_Token=token)

    assert (refused.status_code, refused.json()["code"]) == (403, "secret_in_browser")
    assert not refused.has_header("Access-Control-Allow-Origin")
    assert [entry.target for entry in events("security.secret_in_browser")] == [made.client.public_id]
    assert from_server.status_code == from_our_documentation.status_code == 202


def test_client_secret__from_a_page__gets_no_token_and_a_security_event(http, made):
    form = {"grant_type": "client_credentials", "client_id": made.client.client_id, "client_secret": made.secret}

    refused = http.post("/oauth/token", form, headers={"Origin": SHOP})
    wrong = http.post("/oauth/token", form | {"client_secret": "x"}, headers={"Origin": EVIL})

    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    assert "web page" in refused.json()["error_description"]
    assert wrong.status_code == 401
    assert len(events("security.secret_in_browser")) == 1
    assert http.post("/oauth/token", form).status_code == 200


def test_preflight__of_a_listed_origin__is_allowed(http, key):
    answer = ask_first(http, SHOP)

    assert answer.status_code == 204
    assert answer["Access-Control-Allow-Origin"] == SHOP
    assert answer["Access-Control-Allow-Methods"] == "POST"
    assert {"x-api-key", "x-consent-token", "content-type"} <= {
        name.strip().lower() for name in answer["Access-Control-Allow-Headers"].split(",")
    }
    assert "Origin" in answer["Vary"]


@pytest.mark.parametrize(
    ("origin", "path"), [(EVIL, CLICK), (SHOP, "/api/v1/customers"), (SHOP, "/api/v1/consent/tokens"), ("", CLICK)]
)
def test_preflight__of_anybody_else_or_elsewhere__is_refused(http, key, origin, path):
    answer = ask_first(http, origin, path)

    assert answer.status_code == 403
    assert not answer.has_header("Access-Control-Allow-Origin")
    assert answer.json()["code"] == "origin_not_allowed"


def test_preflight__key_revoked_or_client_disabled__is_refused(http, made, key):
    revoke_api_key(key=key, by=SYSTEM, now=timezone.now())
    other = issue_publishable_key(client=made.client, name="x", origins=[EVIL], by=SYSTEM, now=timezone.now())
    disable_client(client=made.client, by=SYSTEM, now=timezone.now())
    forget_credentials()

    assert ask_first(http, SHOP).status_code == ask_first(http, EVIL).status_code == 403
    assert send(http, key).status_code == send(http, other, origin=EVIL).status_code == 401


def test_visitor__many_calls_from_one_address__is_stopped_before_the_client(http, key, token, settings):
    settings.API_CALLS_PER_VISITOR = 2

    answers = [send(http, key, X_Consent_Token=token) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert answers[2].json()["violated_policies"] == ["visitor"]
    assert answers[2]["Access-Control-Allow-Origin"] == SHOP


def test_security_events__repeated__are_written_once_a_minute(http, key):
    for _ in range(5):
        send(http, key, origin=EVIL)

    assert len(events("security.origin_refused")) == 1


def test_network__outside_the_clients__is_refused_with_a_security_event(http):
    made = register_client(name="x", scopes=SCOPES, networks=["192.0.2.0/24"], by=SYSTEM, now=timezone.now())
    secret = issue_api_key(client=made.client, name="x", by=SYSTEM, now=timezone.now()).secret

    answer = http.get("/api/v1/customers", headers={"X-API-Key": secret})

    assert (answer.status_code, answer.json()["code"]) == (403, "ip_not_allowed")
    (entry,) = events("security.network_refused")
    assert (entry.actor_id, entry.target, entry.ip) == (made.client.public_id, made.client.public_id, "127.0.0.1")
    assert entry.reason == "GET api/v1/customers"


def test_network__outside_the_clients_at_the_token_endpoint__is_a_security_event(http):
    made = register_client(name="x", scopes=SCOPES, networks=["192.0.2.0/24"], by=SYSTEM, now=timezone.now())
    form = {"grant_type": "client_credentials", "client_id": made.client.client_id, "client_secret": made.secret}

    assert http.post("/oauth/token", form).status_code == 401
    assert [entry.target for entry in events("security.network_refused")] == [made.client.public_id]


@pytest.mark.parametrize(
    "origins",
    [
        [],
        ["shop.example.com"],
        ["https://shop.example.com/"],
        ["*"],
        ["http://shop.example.com"],
        ["https://A.example.com"],
        ["https://shop.example.com:443"],
        ["https://*.example.com"],
        ["null"],
    ],
    ids=str,
)
def test_issue_publishable_key__no_origin__is_refused(made, origins):
    with pytest.raises(InvalidInput):
        issue_publishable_key(client=made.client, name="x", origins=origins, by=SYSTEM, now=timezone.now())

    assert not ApiKey.objects.exists()


def test_issue_publishable_key__client_that_may_not_send_events__is_refused(db):
    made = register_client(name="x", scopes=["customers:read"], by=SYSTEM, now=timezone.now())

    with pytest.raises(InvalidInput, match="engagement:write"):
        issue_publishable_key(client=made.client, name="x", origins=[SHOP], by=SYSTEM, now=timezone.now())


def test_publishable_key__expired__opens_nothing(http, made, token):
    long_ago = timezone.now() - timedelta(days=100)
    key = issue_publishable_key(client=made.client, name="x", origins=[SHOP], by=SYSTEM, now=long_ago)

    assert send(http, key, X_Consent_Token=token).json()["code"] == "token_expired"


def test_apikey_command__origin__makes_a_publishable_key(made, capsys):
    call_command("apikey", "create", "--client", made.client.public_id, "--origin", SHOP)

    assert capsys.readouterr().out.strip() == ApiKey.objects.get().text
    with pytest.raises(CommandError, match="neither"):
        call_command("apikey", "create", "--client", made.client.public_id, "--origin", SHOP, "--scopes", "audit:read")
