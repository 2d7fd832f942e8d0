"""API clients and keys: what is refused, what is kept, what is told."""

import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from core.actors import SYSTEM
from core.api.credentials import forget_credentials
from core.crypto import digest
from core.errors import InvalidInput, InvalidState, NotFound
from core.models import AuditEntry, OutboxMessage
from integrations.models import ApiClient, ApiClientSecret, ApiKey
from integrations.selectors.clients import find_api_key, find_client, list_clients, list_secrets, secret_opens
from integrations.services.clients import (
    change_scopes,
    disable_client,
    enable_client,
    issue_api_key,
    note_use,
    register_client,
    revoke_api_key,
    rotate_secret,
)

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def register(**options):
    values = {"name": "Partner", "scopes": ["customers:read", "customers:write"], "by": SYSTEM, "now": NOON}
    return register_client(**values | options)


def issue(client, **options):
    return issue_api_key(**{"client": client, "name": "till", "by": SYSTEM, "now": NOON} | options)


def test_register_client__confidential__has_one_secret_for_ninety_days_kept_as_digest():
    made = register()

    stored = ApiClientSecret.objects.get()
    assert made.client.client_id.startswith("live_")
    assert made.secret.startswith("mhs_live_")
    assert (stored.digest, stored.hint) == (digest(made.secret), made.secret[-4:])
    assert stored.expires_at == NOON + timedelta(days=90)
    assert made.client.client_secret == ""
    assert AuditEntry.objects.get().action == "client.registered"
    assert OutboxMessage.objects.get().subject == made.client.public_id
    assert made.secret not in str(AuditEntry.objects.values_list()) + str(OutboxMessage.objects.values_list())


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"scopes": ["everything"]}, "scopes"),
        ({"scopes": []}, "scopes"),
        ({"grants": ["password"]}, "grants"),
        ({"grants": []}, "grants"),
        ({"public": True}, "grants"),
        ({"grants": ["authorization_code"]}, "redirect_uris"),
        ({"redirect_uris": ["http://partner.example.com/"]}, "redirect_uris"),
        ({"redirect_uris": ["https://partner.example.com/#a"]}, "redirect_uris"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "redirect_uris"),
        ({"networks": ["192.0.2.1/24"]}, "networks"),
        ({"networks": ["anywhere"]}, "networks"),
        ({"tier": "gold"}, "tier"),
        ({"name": "  "}, "name"),
    ],
)
def test_register_client__unusable_input__is_refused_and_nothing_is_stored(changes, param):
    with pytest.raises(InvalidInput) as refusal:
        register(**changes)

    assert refusal.value.param == param
    assert not ApiClient.objects.exists()
    assert not OutboxMessage.objects.exists()


def test_register_client__loopback_redirect__is_accepted():
    uris = ["http://127.0.0.1:8123/callback", "https://partner.example.com/callback"]

    made = register(grants=["authorization_code", "client_credentials"], redirect_uris=uris)

    assert made.client.get_allowed_schemes() == ["https", "http"]
    assert made.client.allows_grant_type("authorization-code")
    assert made.client.allows_grant_type("client-credentials")
    assert not made.client.allows_grant_type("password")


def test_rotate_secret__three_times__leaves_two_valid_secrets():
    made = register()
    second = rotate_secret(client=made.client, by=SYSTEM, now=NOON + timedelta(hours=1))
    third = rotate_secret(client=made.client, by=SYSTEM, now=NOON + timedelta(hours=2))

    later = NOON + timedelta(hours=3)
    assert not secret_opens(client=made.client, secret=made.secret, now=later)
    assert secret_opens(client=made.client, secret=second, now=later)
    assert secret_opens(client=made.client, secret=third, now=later)
    assert not secret_opens(client=made.client, secret=second, now=NOON + timedelta(hours=26))
    assert list_secrets(client=made.client, now=later).count() == 2
    assert list_clients(now=later).get().secret_expires_at == NOON + timedelta(days=90, hours=2)


def test_rotate_secret__public_client__is_refused():
    made = register(public=True, grants=["authorization_code"], redirect_uris=["https://partner.example.com/"])

    with pytest.raises(InvalidState):
        rotate_secret(client=made.client, by=SYSTEM, now=NOON)

    assert not ApiClientSecret.objects.exists()


def test_secret_opens__expired_secret__does_not():
    made = register()

    assert not secret_opens(client=made.client, secret=made.secret, now=NOON + timedelta(days=90))


def test_disable_client__again__is_refused_until_enabled():
    made = register()
    disable_client(client=made.client, by=SYSTEM, now=NOON)

    with pytest.raises(InvalidState):
        disable_client(client=made.client, by=SYSTEM, now=NOON)

    assert enable_client(client=made.client, by=SYSTEM, now=NOON).disabled_at is None


def test_change_scopes__narrowed__takes_them_from_keys_at_once():
    made = register()
    issued = issue(made.client)

    change_scopes(client=made.client, scopes=["customers:read"], by=SYSTEM)

    assert find_api_key(issued.secret).credential.scopes == {"customers:read"}
    assert AuditEntry.objects.latest("id").changes == {
        "scopes": [["customers:read", "customers:write"], ["customers:read"]]
    }


def test_issue_api_key__default__is_good_for_ninety_days_and_kept_as_digest():
    issued = issue(register().client)

    stored = ApiKey.objects.get()
    assert issued.secret.startswith("mk_live_")
    assert stored.digest == digest(issued.secret)
    assert issued.secret.startswith(stored.prefix) and issued.secret.endswith(stored.hint)
    assert stored.expires_at == NOON + timedelta(days=90)
    assert stored.scopes == ["customers:read", "customers:write"]


@pytest.mark.parametrize(
    "changes", [{"scopes": ["audit:read"]}, {"networks": ["198.51.100.0/24"]}, {"days": 0}, {"days": 367}]
)
def test_issue_api_key__more_than_the_client_may__is_refused(changes):
    made = register(networks=["192.0.2.0/24"])

    with pytest.raises(InvalidInput):
        issue(made.client, **changes)

    assert not ApiKey.objects.exists()


def test_revoke_api_key__afterwards__opens_nothing():
    issued = issue(register().client)

    revoke_api_key(key=issued.key, by=SYSTEM, now=NOON)

    assert find_api_key(issued.secret) is None
    with pytest.raises(InvalidState):
        revoke_api_key(key=issued.key, by=SYSTEM, now=NOON)


def test_note_use__within_a_minute__is_written_once(django_assert_num_queries):
    issued = issue(register().client)
    note_use(client=issued.key.client, key=issued.key, now=NOON)
    found = find_api_key(issued.secret)

    with django_assert_num_queries(0):
        note_use(client=found.client, key=found.key, now=NOON + timedelta(seconds=59))

    note_use(client=found.client, key=found.key, now=NOON + timedelta(seconds=60))
    assert ApiKey.objects.get().last_used_at == NOON + timedelta(seconds=60)


@pytest.mark.parametrize("header", ["X-API-Key", "Api-Key", "Bearer"])
def test_api_key__each_header__opens_the_door(header):
    secret = issue_api_key(client=register().client, name="till", by=SYSTEM, now=datetime.now(UTC)).secret
    headers = {"X-API-Key": secret} if header == "X-API-Key" else {"Authorization": f"{header} {secret}"}

    answer = Client().get("/api/v1/me", headers=headers)

    assert answer.json()["kind"] == "api_key"


def test_api_key__expired__is_told_so():
    secret = issue(register().client, days=1, now=datetime.now(UTC) - timedelta(days=2)).secret

    answer = Client().get("/api/v1/me", headers={"X-API-Key": secret})

    assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")


@pytest.mark.parametrize(("address", "status"), [("192.0.2.7", 200), ("198.51.100.7", 403)])
def test_api_key__networks__decide_by_address(address, status):
    secret = issue(register().client, networks=["192.0.2.0/24"], now=datetime.now(UTC)).secret

    answer = Client(REMOTE_ADDR=address).get("/api/v1/me", headers={"X-API-Key": secret})

    assert answer.status_code == status
    assert status == 200 or answer.json()["code"] == "ip_not_allowed"


def test_api_key__kept_in_the_process__costs_one_query_then_none(django_assert_num_queries):
    secret = issue(register().client, now=datetime.now(UTC)).secret
    Client().get("/api/v1/me", headers={"X-API-Key": secret})
    forget_credentials()

    with django_assert_num_queries(1):
        Client().get("/api/v1/me", headers={"X-API-Key": secret})
    with django_assert_num_queries(0):
        Client().get("/api/v1/me", headers={"X-API-Key": secret})


@pytest.mark.parametrize("name", ["access_token", "api_key", "token"])
def test_credentials__in_the_query_string__are_refused(name):
    answer = Client().get(f"/api/v1/me?{name}=secret")

    assert (answer.status_code, answer.json()["code"]) == (400, "credential_in_query")


def test_find_client__unknown__is_not_found():
    with pytest.raises(NotFound):
        find_client(identifier="cli_nobody")


def run(*arguments):
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return json.loads(out.getvalue())


def test_client_command__whole_life__works_from_the_command_line():
    made = run("client", "create", "--name", "N", "--scopes", "customers:read tags:write", "--json")
    rotated = run("client", "rotate", "--client", made["client_id"], "--json")
    key = run("apikey", "create", "--client", made["client_id"], "--json")
    run("client", "disable", "--client", made["id"], "--json")

    assert made["client_secret"] != rotated["client_secret"]
    assert made["scopes"] == ["customers:read", "tags:write"]
    assert key["api_key"].startswith("mk_live_")
    assert run("client", "list", "--json")[0]["state"] == "disabled"


def test_client_command__refusal__is_one_sentence():
    with pytest.raises(CommandError, match="The scope 'x' does not exist"):
        call_command("client", "create", "--name", "N", "--scopes", "x")
