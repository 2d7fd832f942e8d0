"""The screens about API clients: who may do what, and that a secret is seen exactly once."""

import json
import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.crypto import digest
from core.models import AuditEntry, Role
from integrations.models import ApiClient, ApiKey, RegistrationToken
from integrations.selectors.clients import secret_opens
from tests.factories.core import PASSWORD, make_staff
from tests.factories.integrations import make_client, make_key
from tests.support.keys import Signer

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    user = make_staff(Role.INTEGRATION)
    http = Client()
    http.post("/console/sign-in", {"email": user.email, "password": PASSWORD})
    return http


def at(name, *arguments):
    return reverse(f"console:{name}", args=arguments)


def secret_in(answer):
    return re.search(r"<code>(m[a-z]+_live_[\w-]+)</code>", answer.content.decode()).group(1)


FORM = {
    "name": "Loyalty app",
    "owner": "Ana",
    "grants": ["client_credentials"],
    "scopes": ["customers:read"],
    "tier": "standard",
    "token_format": "opaque",
    "redirect_uris": "",
    "networks": "192.0.2.0/24\n198.51.100.0/24",
}


def test_list__clients__show_scopes_expiry_and_state(admin, django_assert_max_num_queries):
    make_client("CRM sync")
    make_client("Old partner")

    admin.get(at("api-clients"))  # the figures of the menu are then known for a minute

    with django_assert_max_num_queries(10):
        page = admin.get(at("api-clients")).content.decode()

    assert "CRM sync" in page
    assert "customers:read engagement:write" in page
    assert "Active" in page


def test_new_client__registered__shows_the_secret_once_and_nowhere_else(admin):
    answer = admin.post(at("api-client-new"), FORM)

    client = ApiClient.objects.get()
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert secret_opens(client=client, secret=secret_in(answer), now=timezone.now())
    assert client.networks == ["192.0.2.0/24", "198.51.100.0/24"]
    assert secret_in(answer) not in admin.get(at("api-client", client.public_id)).content.decode()
    assert AuditEntry.objects.filter(action="client.registered", actor_kind="staff").exists()


def test_new_client__refused__keeps_what_was_typed(admin):
    answer = admin.post(at("api-client-new"), FORM | {"grants": ["authorization_code"]})

    assert answer.status_code == 400
    assert "needs a redirect address" in answer.content.decode()
    assert 'value="Loyalty app"' in answer.content.decode()
    assert not ApiClient.objects.exists()


@pytest.mark.parametrize("name", ["api-client-rotate", "api-key-new"])
def test_secret_steps__password_not_entered_lately__ask_for_it(admin, name):
    client = make_client()
    session = admin.session
    session["stepped_up_at"] = "2026-01-01T00:00:00+00:00"
    session.save()

    answer = admin.post(at(name, client.public_id), {"name": "till", "scopes": ["customers:read"], "days": 90})

    assert answer["Location"].startswith("/console/confirm")
    assert not ApiKey.objects.exists()
    assert client.secrets.count() == 1


def test_rotate__confirmed__shows_the_second_secret(admin):
    client = make_client()

    answer = admin.post(at("api-client-rotate", client.public_id))

    assert secret_opens(client=client, secret=secret_in(answer), now=timezone.now())
    assert client.secrets.count() == 2


def test_edit_scopes__narrowed__is_stored(admin):
    client = make_client()

    admin.post(at("api-client-scopes", client.public_id), {"scopes": ["customers:read"]})

    client.refresh_from_db()
    assert client.scopes == ["customers:read"]


def test_disable_and_enable__with_a_reason__is_in_the_audit_trail(admin):
    client = make_client()

    admin.post(at("api-client-disable", client.public_id), {"reason": "Contract ended"})
    page = admin.get(at("api-client", client.public_id)).content.decode()
    admin.post(at("api-client-enable", client.public_id))

    client.refresh_from_db()
    assert "Disabled" in page
    assert client.disabled_at is None
    assert AuditEntry.objects.get(action="client.disabled").reason == "Contract ended"


def test_keys__issued_and_revoked__from_the_client_page(admin):
    client = make_client()
    issued = admin.post(
        at("api-key-new", client.public_id),
        {"name": "till", "scopes": ["customers:read"], "days": 30, "networks": ""},
    )
    key = ApiKey.objects.get()
    page = admin.get(at("api-client", client.public_id)).content.decode()

    admin.post(at("api-key-revoke", client.public_id, key.public_id))

    key.refresh_from_db()
    assert secret_in(issued).startswith("mk_live_")
    assert at("api-key-revoke", client.public_id, key.public_id) in page
    assert key.revoked_at is not None
    assert key.scopes == ["customers:read"]


def test_key_of_another_client__address_put_together__is_not_found(admin):
    key = make_key(make_client("A"))

    answer = admin.post(at("api-key-revoke", make_client("B").public_id, key.public_id))

    key.refresh_from_db()
    assert answer.status_code == 404
    assert key.revoked_at is None


def test_compliance_officer__sees__and_cannot_change():
    client = make_client()
    http = Client()
    http.force_login(make_staff(Role.COMPLIANCE))

    page = http.get(at("api-client", client.public_id))

    assert page.status_code == 200
    assert "Rotate secret" not in page.content.decode()
    assert http.post(at("api-client-disable", client.public_id), {"reason": "x"}).status_code == 403
    assert http.get(at("api-client-new")).status_code == 403


def test_new_client__keys_of_its_own__has_no_secret_to_show(admin):
    keys = json.dumps({"keys": [Signer().public]})

    answer = admin.post(at("api-client-new"), FORM | {"auth_method": "private_key_jwt", "jwks": keys})

    client = ApiClient.objects.get()
    assert answer["Location"] == at("api-client", client.public_id)
    page = admin.get(at("api-client", client.public_id)).content.decode()
    assert "private_key_jwt: keys of its own" in page
    assert '<code class="break">one</code>' in page


def test_change_proof__keys_and_back__is_shown_on_the_client(admin):
    client = make_client()

    refused = admin.post(at("api-client-proof", client.public_id), {"auth_method": "private_key_jwt", "jwks": "{}"})
    admin.post(
        at("api-client-proof", client.public_id),
        {"auth_method": "private_key_jwt", "jwks_uri": "https://partner.example.com/jwks"},
    )

    assert (refused.status_code, "JWK Set" in refused.content.decode()) == (400, True)
    page = admin.get(at("api-client", client.public_id)).content.decode()
    assert "https://partner.example.com/jwks" in page
    assert "not yet: with the first assertion" in page


TOKEN_FORM = {
    "name": "Northwind platform",
    "grants": ["client_credentials"],
    "scopes": ["customers:read"],
    "uses": 2,
    "days": 7,
}


def test_registration_token__issued__is_seen_once_and_listed_with_what_it_allows(admin):
    answer = admin.post(at("registration-token-new"), TOKEN_FORM)

    token = RegistrationToken.objects.get()
    listed = admin.get(at("registration-tokens")).content.decode()
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert token.digest == digest(secret_in(answer))
    assert secret_in(answer) not in listed
    assert "0 of 2" in listed
    assert at("registration-token-revoke", token.public_id) in listed
    assert AuditEntry.objects.get(action="registration_token.issued").actor_kind == "staff"


def test_registration_token__revoked__offers_no_step_and_says_so(admin):
    admin.post(at("registration-token-new"), TOKEN_FORM)
    token = RegistrationToken.objects.get()

    admin.post(at("registration-token-revoke", token.public_id))

    listed = admin.get(at("registration-tokens") + "?state=ended").content.decode()
    token.refresh_from_db()
    assert token.revoked_at is not None
    assert "Revoked" in listed
    assert at("registration-token-revoke", token.public_id) not in listed


def test_registration_token__marketer__may_not_issue(client):
    client.force_login(make_staff(Role.MARKETER))

    assert client.post(at("registration-token-new"), TOKEN_FORM).status_code == 403
    assert not RegistrationToken.objects.exists()
