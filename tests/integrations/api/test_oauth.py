"""OAuth 2 over HTTP: grants, tokens, rotation, revocation, introspection, metadata."""

import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import AccessToken, RefreshToken

from core.actors import SYSTEM
from core.api.credentials import forget_credentials
from core.models import Role
from integrations import tasks
from integrations.services.clients import disable_client, register_client, rotate_secret
from marketing_hub.system.accounts import create_staff

pytestmark = pytest.mark.django_db
GRANTS = "urn:ietf:params:oauth:grant-type:"
REDIRECT = "https://partner.example.com/callback"
VERIFIER = "v" * 50
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


def register(**options):
    values = {"name": "Partner", "scopes": ["customers:read", "customers:write"], "by": SYSTEM, "now": timezone.now()}
    return register_client(**values | options)


@pytest.fixture
def http():
    return Client(raise_request_exception=False)


@pytest.fixture
def app():
    return register(grants=["authorization_code"], redirect_uris=[REDIRECT], public=True)


@pytest.fixture
def staff(http):
    user = create_staff(
        email="ana@example.com", name="Ana", role=Role.MARKETER, password="x" * 14, by=SYSTEM, now=timezone.now()
    )
    http.force_login(user)
    return user


def token(http, made, **body):
    values = {"grant_type": "client_credentials", "client_id": made.client.client_id, "client_secret": made.secret}
    return http.post("/oauth/token", {k: v for k, v in (values | body).items() if v is not None})


def me(http, access_token):
    forget_credentials()
    return http.get("/api/v1/me", headers={"Authorization": f"Bearer {access_token}"})


def ask(http, made, **changes):
    values = {
        "response_type": "code",
        "client_id": made.client.client_id,
        "redirect_uri": REDIRECT,
        "scope": "customers:read",
        "state": "s1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return http.get("/oauth/authorize", {k: v for k, v in (values | changes).items() if v is not None})


def redirected(response):
    return {name: values[0] for name, values in parse_qs(urlsplit(response["Location"]).query).items()}


def authorize(http, made):
    form = ask(http, made).context["form"].initial
    answer = http.post("/oauth/authorize", {k: v for k, v in form.items() if v is not None} | {"allow": "Authorize"})
    return redirected(answer)


def redeem(http, made, code, **changes):
    values = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "client_id": made.client.client_id,
        "code_verifier": VERIFIER,
    }
    return http.post("/oauth/token", values | changes)


def refresh(http, made, refresh_token):
    return http.post(
        "/oauth/token",
        {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": made.client.client_id},
    )


def test_client_credentials__secret_in_the_body__gives_an_hour_of_the_scopes_asked(http):
    made = register()

    answer = token(http, made, scope="customers:read")

    assert answer.status_code == 200
    assert answer.json() | {"access_token": ""} == {
        "access_token": "",
        "expires_in": 3600,
        "token_type": "Bearer",
        "scope": "customers:read",
    }
    assert answer["Cache-Control"] == "no-store"
    assert answer.json()["access_token"].startswith("mha_live_")
    assert me(http, answer.json()["access_token"]).json()["scopes"] == ["customers:read"]


def test_client_credentials__http_basic__is_accepted(http):
    made = register()
    basic = base64.b64encode(f"{made.client.client_id}:{made.secret}".encode()).decode()

    answer = http.post(
        "/oauth/token", {"grant_type": "client_credentials"}, headers={"Authorization": f"Basic {basic}"}
    )

    assert answer.status_code == 200
    assert answer.json()["scope"] == "customers:read customers:write"


def test_client_credentials__scope_the_client_lacks__is_refused(http):
    answer = token(http, register(), scope="audit:read")

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
    assert not AccessToken.objects.exists()


@pytest.mark.parametrize("secret", ["mhs_live_wrong", "", None])
def test_client_credentials__wrong_or_empty_secret__is_refused_and_asks_for_basic(http, secret):
    answer = token(http, register(), client_secret=secret)

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer["WWW-Authenticate"] == 'Basic realm="oauth"'
    assert not AccessToken.objects.exists()


@pytest.mark.parametrize("grant", ["password", "implicit", f"{GRANTS}jwt-bearer"])
def test_token__grants_that_do_not_exist__are_refused(http, grant):
    answer = token(http, register(), grant_type=grant, username="ana@example.com", password="x")

    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


def test_token__client_without_the_grant__is_refused(http):
    made = register(grants=["authorization_code"], redirect_uris=[REDIRECT])

    assert token(http, made).json()["error"] == "unauthorized_client"


def test_token__nul_characters__are_refused(http):
    assert token(http, register(), client_id="live_\x00").status_code == 400


def test_token__thirty_failures_from_one_address__are_enough(http, settings):
    settings.OAUTH_FAILURES_PER_ADDRESS = 3
    made = register()
    for _ in range(3):
        token(http, made, client_secret="mhs_live_wrong")

    answer = token(http, made)

    assert answer.status_code == 429
    assert 1 <= int(answer["Retry-After"]) <= 300
    assert (answer["X-RateLimit-Limit"], answer["X-RateLimit-Remaining"]) == ("3", "0")
    assert answer["X-RateLimit-Reset"] == answer["Retry-After"]


def test_token__at_rest__is_a_digest(http):
    answer = token(http, register())

    stored = AccessToken.objects.get()
    assert stored.token == ""
    assert stored.token_checksum == hashlib.sha256(answer.json()["access_token"].encode()).hexdigest()


def test_rotate_secret__old_and_new__both_work_for_a_day(http):
    made = register()

    new = rotate_secret(client=made.client, by=SYSTEM, now=timezone.now())

    assert token(http, made).status_code == 200
    assert token(http, made, client_secret=new).status_code == 200


def test_disable_client__tokens_and_secret__open_nothing(http):
    made = register()
    access = token(http, made).json()["access_token"]

    disable_client(client=made.client, by=SYSTEM, now=timezone.now())

    assert me(http, access).status_code == 401
    assert token(http, made).status_code == 401


def test_client_networks__call_from_elsewhere__is_refused(http):
    made = register(networks=["192.0.2.0/24"])

    assert token(http, made).status_code == 401


def test_authorize__not_signed_in__leads_to_the_sign_in(http, app):
    answer = ask(http, app)

    assert answer.status_code == 302
    assert urlsplit(answer["Location"]).path == "/console/sign-in"


def test_authorize__consent__gives_a_code_and_names_the_issuer(http, app, staff, settings):
    screen = ask(http, app)

    assert "Read customers" in screen.content.decode()
    assert screen["Cache-Control"] == "no-store"
    assert "form-action 'self' https://partner.example.com" in screen["Content-Security-Policy"]
    back = authorize(http, app)
    assert back["state"] == "s1"
    assert back["iss"] == f"{settings.PUBLIC_URL}/oauth"
    answer = redeem(http, app, back["code"])
    assert answer.status_code == 200
    assert answer.json()["refresh_token"].startswith("mhr_live_")
    assert me(http, answer.json()["access_token"]).json()["acts_for"] == staff.public_id


def test_authorize__denied__tells_the_client(http, app, staff):
    form = ask(http, app).context["form"].initial

    answer = http.post("/oauth/authorize", {k: v for k, v in form.items() if v is not None})

    assert redirected(answer)["error"] == "access_denied"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"scope": "audit:read"}, "invalid_scope"),
    ],
)
def test_authorize__requests_that_are_not_safe__are_refused(http, app, staff, changes, error):
    assert redirected(ask(http, app, **changes))["error"] == error


@pytest.mark.parametrize("changes", [{"redirect_uri": "https://evil.example.com/"}, {"client_id": "live_unknown"}])
def test_authorize__foreign_redirect_or_client__is_not_redirected(http, app, staff, changes):
    assert ask(http, app, **changes).status_code == 400


def test_authorize__scope_beyond_the_person__is_neither_offered_nor_granted(http, staff):
    scopes = ["customers:read", "consent:write"]
    made = register(scopes=scopes, grants=["authorization_code"], redirect_uris=[REDIRECT], public=True)

    screen = ask(http, made, scope=" ".join(scopes))
    form = screen.context["form"].initial | {"scope": "consent:write", "allow": "yes"}
    answer = http.post("/oauth/authorize", {k: v for k, v in form.items() if v is not None})

    assert screen.context["scopes"] == ["customers:read"]
    assert redirected(answer)["error"] == "invalid_scope"


@pytest.mark.parametrize("verifier", ["w" * 50, "v" * 42, "v" * 129, ""])
def test_redeem__wrong_verifier__is_refused(http, app, staff, verifier):
    code = authorize(http, app)["code"]

    answer = redeem(http, app, code, code_verifier=verifier)

    assert answer.status_code == 400
    assert not AccessToken.objects.exists()


def test_redeem__code_twice__works_once(http, app, staff):
    code = authorize(http, app)["code"]
    redeem(http, app, code)

    answer = redeem(http, app, code)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_refresh__rotated_token_again__ends_the_whole_family(http, app, staff):
    first = redeem(http, app, authorize(http, app)["code"]).json()
    second = refresh(http, app, first["refresh_token"]).json()
    assert me(http, second["access_token"]).status_code == 200
    assert me(http, first["access_token"]).status_code == 401

    replay = refresh(http, app, first["refresh_token"])

    assert replay.json()["error"] == "invalid_grant"
    assert me(http, second["access_token"]).status_code == 401
    assert refresh(http, app, second["refresh_token"]).json()["error"] == "invalid_grant"
    assert not RefreshToken.objects.filter(revoked__isnull=True).exists()


def test_clear_expired_tokens__expired_ones__are_deleted_and_living_ones_stay(http):
    made = register()
    token(http, made)
    AccessToken.objects.update(expires="2026-01-01T00:00:00Z")
    living = token(http, made).json()["access_token"]

    tasks.clear_expired_tokens()

    assert AccessToken.objects.count() == 1
    assert me(http, living).status_code == 200


def test_staff_deactivated__token_in_their_name__can_do_nothing(http, app, staff):
    access = redeem(http, app, authorize(http, app)["code"]).json()["access_token"]
    staff.is_active = False
    staff.save(update_fields=["is_active"])

    assert me(http, access).json()["scopes"] == []


def test_revoke__own_token__opens_nothing(http):
    made = register()
    access = token(http, made).json()["access_token"]
    proof = {"client_id": made.client.client_id, "client_secret": made.secret}

    answer = http.post("/oauth/revoke", {"token": access} | proof)

    assert answer.status_code == 200
    assert http.get("/api/v1/me", headers={"Authorization": f"Bearer {access}"}).status_code == 401
    assert http.post("/oauth/revoke", {"token": "unknown"} | proof).status_code == 200


def test_revoke__foreign_token__still_works(http):
    made, other = register(), register()
    access = token(http, made).json()["access_token"]

    http.post(
        "/oauth/revoke",
        {"token": access, "client_id": other.client.client_id, "client_secret": other.secret},
    )

    assert me(http, access).status_code == 200


def introspect(http, made, text, **body):
    proof = {"client_id": made.client.client_id, "client_secret": made.secret}
    return http.post("/oauth/introspect", {"token": text} | proof | body)


def test_introspect__own_token__tells_everything(http, settings):
    made = register()
    access = token(http, made).json()["access_token"]

    facts = introspect(http, made, access).json()

    assert facts["active"] is True
    assert facts["scope"] == "customers:read customers:write"
    assert facts["client_id"] == facts["sub"] == made.client.client_id
    assert facts["iss"] == f"{settings.PUBLIC_URL}/oauth"
    assert facts["token_type"] == "Bearer"
    assert facts["exp"] - facts["iat"] in (3599, 3600, 3601)


def test_introspect__foreign_or_unknown_token__is_inactive_and_nothing_more(http):
    made, other = register(), register()
    access = token(http, made).json()["access_token"]

    assert introspect(http, other, access).json() == {"active": False}
    assert introspect(http, other, "nothing").json() == {"active": False}


def test_introspect__scope_introspection__sees_foreign_tokens(http):
    made, other = register(), register(scopes=["introspection"])
    access = token(http, made).json()["access_token"]
    watcher = token(http, other).json()["access_token"]

    answer = http.post("/oauth/introspect", {"token": access}, headers={"Authorization": f"Bearer {watcher}"})

    assert answer.json()["active"] is True
    assert introspect(http, other, access).json()["active"] is True


def test_introspect__get__is_not_offered(http):
    answer = http.get("/oauth/introspect", {"token": "x"})

    assert (answer.status_code, answer.json()["error"], answer["Allow"]) == (405, "invalid_request", "POST, OPTIONS")


def test_introspect__nobody__is_refused(http):
    assert http.post("/oauth/introspect", {"token": "x"}).status_code == 401


@pytest.mark.parametrize(
    "path", ["/.well-known/oauth-authorization-server", "/.well-known/oauth-authorization-server/oauth"]
)
def test_metadata__authorization_server__says_what_is_true(http, settings, path):
    document = http.get(path).json()

    base = settings.PUBLIC_URL
    assert document["issuer"] == f"{base}/oauth"
    assert document["authorization_endpoint"] == f"{base}/oauth/authorize"
    assert document["token_endpoint"] == f"{base}/oauth/token"
    assert document["revocation_endpoint"] == f"{base}/oauth/revoke"
    assert document["introspection_endpoint"] == f"{base}/oauth/introspect"
    assert document["grant_types_supported"] == [
        "authorization_code",
        "client_credentials",
        "refresh_token",
        f"{GRANTS}device_code",
    ]
    assert document["response_types_supported"] == ["code"]
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["authorization_response_iss_parameter_supported"] is True


@pytest.mark.parametrize(
    "path", ["/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/api/v1"]
)
def test_metadata__protected_resource__names_the_server(http, settings, path):
    document = http.get(path).json()

    assert document["resource"] == f"{settings.PUBLIC_URL}/api/v1"
    assert document["authorization_servers"] == [f"{settings.PUBLIC_URL}/oauth"]
    assert "customers:read" in document["scopes_supported"]


def test_slash_form__token_endpoint__is_served_without_redirect(http):
    made = register()
    proof = {"client_id": made.client.client_id, "client_secret": made.secret}

    assert http.post("/oauth/token/", {"grant_type": "client_credentials"} | proof).status_code == 200
