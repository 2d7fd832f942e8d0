"""Clients that register and look after themselves over HTTP (RFC 7591, RFC 7592)."""

import json
from datetime import timedelta

import pytest
from django.conf import settings as configured
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from core.actors import SYSTEM
from core.models import AuditEntry
from integrations.models import ApiClient, ApiClientSecret, Registration, RegistrationToken
from integrations.services.clients import change_networks, change_scopes, disable_client
from integrations.services.registrations import issue_registration_token, revoke_registration_token
from tests.integrations.api.test_oauth import REDIRECT, me
from tests.support.keys import Signer

pytestmark = pytest.mark.django_db
ADDRESS = "/oauth/register"
SERVER = {"client_name": "Sync", "grant_types": ["client_credentials"], "scope": "customers:read"}
APP = {"client_name": "Shop app", "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none"}


@pytest.fixture
def http():
    return Client(raise_request_exception=False)


def issue(**changes):
    values = {
        "name": "Northwind platform",
        "scopes": ["customers:read", "customers:write", "customers.pii:read"],
        "grants": ["client_credentials", "authorization_code"],
        "uses": 3,
        "days": 7,
        "by": SYSTEM,
        "now": timezone.now(),
    }
    return issue_registration_token(**values | changes)


def send(http, method, path, secret, said=None, **more):
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    body = json.dumps(said).encode() if said is not None else b""
    return http.generic(method, path, body, content_type="application/json", headers=headers, **more)


def register(http, issued, said=SERVER):
    return send(http, "POST", ADDRESS, issued.secret, said)


def manage(http, made, method="GET", said=None, access=None):
    path = made["registration_client_uri"].removeprefix(configured.PUBLIC_URL)
    return send(http, method, path, made["registration_access_token"] if access is None else access, said)


def own(made, **changes):
    """What the client sends back to change itself."""
    told = {name: value for name, value in made.items() if not name.startswith(("registration_", "client_secret_"))}
    return told | changes


def nothing_registered():
    used = RegistrationToken.objects.exclude(uses=0).exists()
    audited = AuditEntry.objects.filter(action__startswith="client.").exists()
    return not (used or audited or ApiClient.objects.exists() or Registration.objects.exists())


def test_metadata__registration_endpoint__is_named(http):
    told = http.get("/.well-known/oauth-authorization-server").json()

    assert told["registration_endpoint"] == f"{configured.PUBLIC_URL}{ADDRESS}"


def test_register__server__gets_a_client_whose_secret_opens_what_it_asked_for(http):
    issued = issue()

    answer = register(http, issued)

    told = answer.json()
    assert (answer.status_code, answer["Cache-Control"]) == (201, "no-store")
    client = ApiClient.objects.get(client_id=told["client_id"])
    assert (client.name, client.owner, client.tier, client.scopes) == (
        *("Sync", "Northwind platform", "standard"),
        ["customers:read"],
    )
    assert told["client_id"].startswith("live_")
    lives = told["client_secret_expires_at"] - told["client_id_issued_at"]
    assert abs(lives - 90 * 86_400) < 5
    pair = {"client_id": told["client_id"], "client_secret": told["client_secret"]}
    got = http.post("/oauth/token", {"grant_type": "client_credentials", **pair}).json()
    assert me(http, got["access_token"]).json()["scopes"] == ["customers:read"]
    kept = str(list(Registration.objects.values())) + str(list(AuditEntry.objects.values()))
    assert not any(told[name] in kept for name in ("client_secret", "registration_access_token"))
    entry = AuditEntry.objects.get(action="client.registered_itself")
    assert entry.changes["with"] == [None, issued.token.public_id]
    issued.token.refresh_from_db()
    assert issued.token.uses == 1


def test_register__app__is_public_and_has_no_secret(http):
    told = register(http, issue(), APP).json()

    client = ApiClient.objects.get()
    assert "client_secret" not in told
    assert client.is_public
    assert told["grant_types"] == ["authorization_code"]
    assert told["response_types"] == ["code"]
    assert told["token_endpoint_auth_method"] == "none"
    assert client.redirect_uris == REDIRECT


def test_register__no_scope_named__gets_what_the_token_allows_without_personal_fields(http):
    told = register(http, issue(), {"grant_types": ["client_credentials"]}).json()

    assert told["scope"] == "customers:read customers:write"
    assert told["client_name"] == "Northwind platform"


def test_register__personal_fields_by_name__needs_a_token_that_allows_them(http):
    asked = {**SERVER, "scope": "customers.pii:read"}

    refused = register(http, issue(scopes=["customers:read"]), asked)
    granted = register(http, issue(), asked)

    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_client_metadata")
    assert granted.json()["scope"] == "customers.pii:read"


def test_register__key_of_its_own__is_kept_and_told_again(http):
    key = {"keys": [Signer().public]}
    said = {**SERVER, "token_endpoint_auth_method": "private_key_jwt", "jwks": key, "dpop_bound_access_tokens": True}

    told = register(http, issue(), said).json()

    client = ApiClient.objects.get()
    assert (client.auth_method, client.token_binding) == ("private_key_jwt", "dpop")
    assert "client_secret" not in told
    assert told["jwks"]["keys"][0]["x"] == key["keys"][0]["x"]
    assert told["dpop_bound_access_tokens"] is True


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"redirect_uris": ["http://partner.example.com/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://partner.example.com/cb#part"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://partner.example.com/cb https://evil.example.com/"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://ana:secret@partner.example.com/"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://["]}, "invalid_redirect_uri"),
        ({"redirect_uris": "https://partner.example.com/cb"}, "invalid_redirect_uri"),
        ({"redirect_uris": ["com.example.app:/cb"]}, "invalid_redirect_uri"),
        ({"client_name": "No address for codes"}, "invalid_redirect_uri"),
        ({**SERVER, "grant_types": ["implicit"]}, "invalid_client_metadata"),
        ({**SERVER, "grant_types": ["password"]}, "invalid_client_metadata"),
        ({**SERVER, "grant_types": ["urn:ietf:params:oauth:grant-type:device_code"]}, "invalid_client_metadata"),
        ({**SERVER, "response_types": ["token"]}, "invalid_client_metadata"),
        ({**SERVER, "token_endpoint_auth_method": "none"}, "invalid_client_metadata"),
        ({**SERVER, "token_endpoint_auth_method": "tls_client_auth"}, "invalid_client_metadata"),
        ({**SERVER, "token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
        ({**SERVER, "jwks": {"keys": []}, "jwks_uri": "https://a.example.com"}, "invalid_client_metadata"),
        ({**SERVER, "scope": "customers:read audit:read"}, "invalid_client_metadata"),
        ({**SERVER, "scope": "no:such"}, "invalid_client_metadata"),
        ({**SERVER, "scope": ["customers:read"]}, "invalid_client_metadata"),
        ({**SERVER, "client_name": "x" * 121}, "invalid_client_metadata"),
        ({**SERVER, "client_name": "NUL \x00"}, "invalid_client_metadata"),
        ({**SERVER, "client_name": "half \ud800"}, "invalid_client_metadata"),
        ({**SERVER, "contacts": ["nobody"]}, "invalid_client_metadata"),
        ({**SERVER, "client_uri": "javascript:alert(1)"}, "invalid_client_metadata"),
        ({**SERVER, "dpop_bound_access_tokens": "yes"}, "invalid_client_metadata"),
        ({**SERVER, "software_statement": "no token"}, "invalid_software_statement"),
        ({**SERVER, "software_statement": "e30.e30.c2ln"}, "unapproved_software_statement"),
        ([], "invalid_client_metadata"),
    ],
)
def test_register__what_may_not_be__is_refused_in_words_and_nothing_is_stored(http, said, error):
    answer = register(http, issue(), said)

    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert answer.json()["error_description"].endswith((".", "}."))
    assert nothing_registered()


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"{", "application/json"), (b"a=b", "application/x-www-form-urlencoded"), (b"[" * 60_000, "application/json")],
)
def test_register__no_json_object__is_refused(http, body, kind):
    headers = {"Authorization": f"Bearer {issue().secret}"}

    answer = http.generic("POST", ADDRESS, body, content_type=kind, headers=headers)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
    assert nothing_registered()


@pytest.mark.parametrize("why", ["missing", "unknown", "revoked", "expired", "used up"])
def test_register__token_that_does_not_hold__is_unauthorized_and_nothing_is_stored(http, why):
    issued, now = issue(uses=1), timezone.now()
    secret = {"missing": "", "unknown": "mhi_live_nobody"}.get(why, issued.secret)
    if why == "revoked":
        revoke_registration_token(token=issued.token, by=SYSTEM, now=now)
    if why == "expired":
        RegistrationToken.objects.update(expires_at=now)
    if why == "used up":
        assert register(http, issued).status_code == 201
    before = ApiClient.objects.count()

    answer = send(http, "POST", ADDRESS, secret, SERVER)

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    assert answer["WWW-Authenticate"].startswith("Bearer ")
    assert ApiClient.objects.count() == before


def test_register__too_often_from_one_address__is_slowed_down(http, settings):
    settings.OAUTH_FAILURES_PER_ADDRESS = 2
    issued = issue()

    answers = [register(http, issued).status_code for _ in range(3)]

    assert answers == [201, 201, 429]
    assert ApiClient.objects.count() == 2


def test_client__reads_itself__without_its_secret(http):
    made = register(http, issue(), {**SERVER, "contacts": ["it@partner.example.com"], "software_id": "sync-1"}).json()

    told = manage(http, made).json()

    assert told["client_id"] == made["client_id"]
    assert (told["contacts"], told["software_id"]) == (["it@partner.example.com"], "sync-1")
    assert "client_secret" not in told
    assert told["registration_access_token"] == made["registration_access_token"]


def test_client__changes_itself__keeps_its_secret_and_drops_what_it_left_out(http):
    made = register(http, issue(), {**SERVER, "contacts": ["it@partner.example.com"]}).json()
    said = own(made, client_name="Sync 2", scope="customers:read customers:write")
    del said["contacts"]

    answer = manage(http, made, "PUT", said)

    client = ApiClient.objects.get()
    assert answer.status_code == 200
    assert "client_secret" not in answer.json()
    assert (client.name, client.scopes, client.contact) == ("Sync 2", ["customers:read", "customers:write"], "")
    assert ApiClientSecret.objects.count() == 1
    entry = AuditEntry.objects.get(action="client.changed_itself")
    assert (entry.actor_id, entry.changes["name"]) == (client.public_id, ["Sync", "Sync 2"])


def test_client__secret_ends_soon__a_change_brings_a_second_one(http):
    made = register(http, issue()).json()
    ApiClientSecret.objects.update(expires_at=timezone.now() + timedelta(days=13))

    told = manage(http, made, "PUT", own(made)).json()

    assert told["client_secret"] != made["client_secret"]
    assert ApiClientSecret.objects.count() == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "live_other"},
        {"client_secret": "mhs_live_other"},
        {"token_endpoint_auth_method": "none", "grant_types": ["authorization_code"], "redirect_uris": [REDIRECT]},
        {"scope": "audit:read"},
        {"grant_types": ["urn:ietf:params:oauth:grant-type:device_code"]},
        {"redirect_uris": ["http://partner.example.com/"]},
    ],
)
def test_client__change_that_may_not_be__is_refused_and_nothing_changes(http, changes):
    made = register(http, issue()).json()
    before = ApiClient.objects.values().get()

    answer = manage(http, made, "PUT", own(made, **changes))

    assert answer.status_code == 400
    assert ApiClient.objects.values().get() == before
    assert not AuditEntry.objects.filter(action="client.changed_itself").exists()


@pytest.mark.parametrize("how", ["staff narrowed it", "token revoked"])
def test_client__rights_that_were_taken__are_not_taken_back(http, how):
    issued = issue()
    made = register(http, issued, {**SERVER, "scope": "customers:read customers:write"}).json()
    client = ApiClient.objects.get()
    if how == "staff narrowed it":
        change_scopes(client=client, scopes=["customers:read"], by=SYSTEM)
        wish = "customers:read customers:write"
    else:
        revoke_registration_token(token=issued.token, by=SYSTEM, now=timezone.now())
        wish = "customers:read customers.pii:read"

    answer = manage(http, made, "PUT", own(made, scope=wish))

    client.refresh_from_db()
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
    assert "customers.pii:read" not in client.scopes


def test_client__ends_itself__nothing_of_it_opens_anything(http):
    made = register(http, issue()).json()
    pair = {"client_id": made["client_id"], "client_secret": made["client_secret"]}
    got = http.post("/oauth/token", {"grant_type": "client_credentials", **pair}).json()

    answer = manage(http, made, "DELETE")

    assert (answer.status_code, answer.content) == (204, b"")
    assert me(http, got["access_token"]).status_code == 401
    assert http.post("/oauth/token", {"grant_type": "client_credentials", **pair}).status_code == 401
    assert manage(http, made).status_code == 401
    assert AuditEntry.objects.filter(action="client.disabled", actor_kind="client").exists()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("why", ["no token", "token of another", "disabled", "other network"])
def test_client__not_its_own__is_unauthorized_and_stays(http, method, why):
    issued = issue()
    made, other = register(http, issued).json(), register(http, issued).json()
    client = ApiClient.objects.get(client_id=made["client_id"])
    access = {"no token": "", "token of another": other["registration_access_token"]}.get(why)
    if why == "disabled":
        disable_client(client=client, by=SYSTEM, now=timezone.now())
    if why == "other network":
        change_networks(client=client, networks=["192.0.2.0/24"], by=SYSTEM)

    answer = manage(http, made, method, own(made, client_name="Taken") if method == "PUT" else None, access)

    client.refresh_from_db()
    assert answer.status_code == 401
    assert client.name == "Sync"
    assert (client.disabled_at is None) == (why != "disabled")


@pytest.mark.parametrize(("method", "path"), [("GET", ADDRESS), ("PATCH", f"{ADDRESS}/live_x"), ("DELETE", ADDRESS)])
def test_registration__other_verbs__are_refused(http, method, path):
    answer = send(http, method, path, "mhi_live_nobody")

    assert answer.status_code == 405
    assert method not in answer["Allow"]


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"name": " "}, "name"),
        ({"scopes": ["no:such"]}, "scopes"),
        ({"grants": []}, "grants"),
        ({"uses": 0}, "uses"),
        ({"days": 91}, "days"),
    ],
)
def test_issue__what_cannot_be__is_refused(changes, param):
    with pytest.raises(Exception) as refusal:
        issue(**changes)

    assert refusal.value.param == param
    assert not RegistrationToken.objects.exists()


def test_command__create_list_and_revoke__print_the_token_once(http, capsys):
    call_command("registrationtoken", "create", "--name", "CI", "--scopes", "customers:read", "--json")
    made = json.loads(capsys.readouterr().out)
    registered = send(http, "POST", ADDRESS, made["initial_access_token"], {**APP, "scope": "customers:read"})

    call_command("registrationtoken", "list")
    listed = capsys.readouterr().out
    call_command("registrationtoken", "revoke", "--token", made["id"])

    assert registered.status_code == 201
    assert made["id"] in listed
    assert made["initial_access_token"] not in listed
    assert RegistrationToken.objects.get().revoked_at is not None
    with pytest.raises(CommandError, match="revoked already"):
        call_command("registrationtoken", "revoke", "--token", made["id"])
