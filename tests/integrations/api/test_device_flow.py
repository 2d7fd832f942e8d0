"""The device flow over HTTP (RFC 8628): codes, the page of the decision, polling, one use."""

import base64
import re
from datetime import timedelta

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import AccessToken, DeviceGrant, RefreshToken

from core.actors import SYSTEM
from core.crypto import digest
from core.models import AuditEntry, Role
from integrations import tasks
from integrations.services.clients import change_scopes, disable_client
from tests.factories.core import make_staff
from tests.integrations.api.test_oauth import me, refresh, register, token

pytestmark = pytest.mark.django_db
GRANT = "urn:ietf:params:oauth:grant-type:device_code"
SCOPES = ["customers:read", "consent:write"]


@pytest.fixture
def http():
    return Client(raise_request_exception=False)


@pytest.fixture
def device():
    return register(name="Counter display", scopes=SCOPES, grants=["device_code"], public=True)


@pytest.fixture
def ana(client):
    user = make_staff(Role.MARKETER)
    client.force_login(user)
    return user


def ask(http, made, **body):
    return http.post("/oauth/device_authorization", {"client_id": made.client.client_id} | body)


def poll(http, made, codes, **body):
    values = {"grant_type": GRANT, "client_id": made.client.client_id, "device_code": codes["device_code"]}
    return http.post("/oauth/token", values | body)


def rested():
    """As if the device had kept to its pause."""
    DeviceGrant.objects.update(last_checked=F("last_checked") - timedelta(minutes=2))


def decide(client, codes, decision):
    return client.post("/oauth/device", {"user_code": codes["user_code"], "decision": decision})


def test_device_flow__allowed_by_staff__gives_a_token_in_their_name_once(http, client, device, ana):
    codes = ask(http, device, scope="customers:read").json()
    waits = poll(http, device, codes)

    screen = client.post("/oauth/device", {"user_code": codes["user_code"].lower().replace("-", " ")})
    decide(client, codes, "allow")
    got = poll(http, device, codes)

    assert (waits.status_code, waits.json()["error"]) == (400, "authorization_pending")
    assert "Counter display" in screen.content.decode()
    assert "Read customers" in screen.content.decode()
    assert got.status_code == 200
    assert got["Cache-Control"] == "no-store"
    assert got.json()["scope"] == "customers:read"
    known = me(http, got.json()["access_token"]).json()
    assert (known["scopes"], known["acts_for"]) == (["customers:read"], ana.public_id)
    entry = AuditEntry.objects.get(action="client.device_allowed")
    assert (entry.target, entry.actor_id) == (device.client.public_id, ana.public_id)
    assert entry.changes == {"scopes": [None, ["customers:read"]]}
    again = poll(http, device, codes)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert AccessToken.objects.count() == 1


def test_device_authorization__codes__are_answered_for_ten_minutes_and_kept_as_digests(http, device, settings):
    answer = ask(http, device)

    told = answer.json()
    assert told["verification_uri"] == f"{settings.PUBLIC_URL}/oauth/device"
    assert (told["expires_in"], told["interval"]) == (600, 5)
    assert re.fullmatch("[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", told["user_code"])
    assert (answer["Cache-Control"], answer["X-RateLimit-Remaining"]) == ("no-store", "29")
    kept = DeviceGrant.objects.get()
    assert kept.device_code == digest(told["device_code"])
    assert kept.user_code == digest(told["user_code"].replace("-", ""))
    assert kept.scope == "consent:write customers:read"


@pytest.mark.parametrize("way", ["basic", "body"])
def test_device_flow__confidential_client__proves_itself_at_both_addresses(http, client, ana, way):
    made = register(grants=["device_code"])
    basic = base64.b64encode(f"{made.client.client_id}:{made.secret}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}"} if way == "basic" else {}
    body = {} if headers else {"client_id": made.client.client_id, "client_secret": made.secret}

    codes = http.post("/oauth/device_authorization", body, headers=headers).json()
    decide(client, codes, "allow")
    form = {"grant_type": GRANT, "device_code": codes["device_code"]}
    unproved = poll(http, made, codes)
    got = http.post("/oauth/token", form | body, headers=headers)

    assert unproved.status_code == 401
    assert got.status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"scope": "audit:read"}, 400, "invalid_scope"),
        ({"scope": ["customers:read", "consent:write"]}, 400, "invalid_request"),
        ({"client_id": "live_unknown"}, 401, "invalid_client"),
        ({"client_id": ""}, 401, "invalid_client"),
        ({"client_id": "live_\x00"}, 400, "invalid_request"),
        ({"client_secret": "mhs_live_wrong"}, 401, "invalid_client"),
    ],
)
def test_device_authorization__what_may_not_be__is_refused_and_nothing_is_kept(http, device, body, status, error):
    answer = ask(http, device, **body)

    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert not DeviceGrant.objects.exists()


def test_device_authorization__parameters_in_the_address__are_refused(http, device):
    answer = http.post(f"/oauth/device_authorization?client_id={device.client.client_id}")

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert not DeviceGrant.objects.exists()


def test_device_authorization__client_without_the_grant__is_refused(http):
    made = register()

    answer = ask(http, made, client_secret=made.secret)

    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")
    assert not DeviceGrant.objects.exists()


def test_device_authorization__disabled_client_or_foreign_network__is_refused(http, device):
    away = register(grants=["device_code"], public=True, networks=["192.0.2.0/24"])
    disable_client(client=device.client, by=SYSTEM, now=timezone.now())

    assert [ask(http, one).status_code for one in (device, away)] == [401, 401]
    assert not DeviceGrant.objects.exists()


def test_device_authorization__too_many_from_one_address__are_refused(http, device, settings):
    settings.OAUTH_FAILURES_PER_ADDRESS = 2
    for _ in range(2):
        ask(http, device)

    answer = ask(http, device)

    assert (answer.status_code, answer["X-RateLimit-Remaining"]) == (429, "0")
    assert int(answer["Retry-After"]) >= 1
    assert DeviceGrant.objects.count() == 2
    assert token(http, register()).status_code == 200


def test_polling__faster_than_the_pause__is_told_to_slow_down_and_the_pause_grows(http, device):
    codes = ask(http, device).json()
    poll(http, device, codes)

    fast = poll(http, device, codes)
    rested()
    slow = poll(http, device, codes)

    assert [fast.json()["error"], slow.json()["error"]] == ["slow_down", "authorization_pending"]
    assert DeviceGrant.objects.get().interval == 10
    assert not AccessToken.objects.exists()


def test_polling__at_its_pause__never_uses_up_the_failures_of_the_address(http, device, settings):
    settings.OAUTH_FAILURES_PER_ADDRESS = 3
    codes = ask(http, device).json()

    statuses = []
    for _ in range(6):
        statuses.append(poll(http, device, codes).status_code)
        rested()

    assert statuses == [400] * 6
    assert token(http, register()).status_code == 200


def test_device_flow__sent_away__gives_nothing(http, client, device, ana):
    codes = ask(http, device).json()

    page = decide(client, codes, "deny")
    answer = poll(http, device, codes)

    assert "was given nothing" in page.content.decode()
    assert (answer.status_code, answer.json()["error"]) == (400, "access_denied")
    assert AuditEntry.objects.filter(action="client.device_denied", actor_id=ana.public_id).exists()
    assert not AccessToken.objects.exists()


def test_device_flow__expired_code__gives_nothing_and_is_deleted(http, client, device, ana):
    codes = ask(http, device).json()
    DeviceGrant.objects.update(expires=timezone.now() - timedelta(seconds=1))

    page = decide(client, codes, "allow")
    answer = poll(http, device, codes)
    tasks.clear_expired_tokens()

    assert page.status_code == 404
    assert (answer.status_code, answer.json()["error"]) == (400, "expired_token")
    assert not AccessToken.objects.exists()
    assert not DeviceGrant.objects.exists()


def test_device_flow__decided_twice__counts_once(http, client, device, ana):
    codes = ask(http, device).json()
    decide(client, codes, "deny")

    assert decide(client, codes, "allow").status_code == 404
    assert DeviceGrant.objects.get().status == DeviceGrant.DENIED


def test_device_flow__code_of_another_client__opens_nothing_and_stays(http, client, device, ana):
    other = register(grants=["device_code"], public=True)
    codes = ask(http, device).json()
    decide(client, codes, "allow")

    answer = poll(http, other, codes)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert not AccessToken.objects.exists()
    assert poll(http, device, codes).status_code == 200


@pytest.mark.parametrize("body", [{"device_code": ""}, {"device_code": "mhd_live_unknown"}])
def test_polling__no_such_code__is_refused(http, device, body):
    answer = poll(http, device, {"device_code": ""}, **body)

    assert answer.status_code == 400
    assert answer.json()["error"] in ("invalid_request", "invalid_grant")


def test_device_page__scope_beyond_the_person__is_neither_offered_nor_granted(http, client, device, ana):
    codes = ask(http, device).json()

    screen = client.post("/oauth/device", {"user_code": codes["user_code"]})
    decide(client, codes, "allow")

    assert len(screen.context["scopes"]) == 1
    assert poll(http, device, codes).json()["scope"] == "customers:read"


def test_device_page__nothing_the_person_may_do__cannot_be_allowed(http, client, device, ana):
    codes = ask(http, device, scope="consent:write").json()

    screen = client.post("/oauth/device", {"user_code": codes["user_code"]})
    answer = decide(client, codes, "allow")

    assert "nothing to allow" in screen.content.decode()
    assert answer.status_code == 409
    assert DeviceGrant.objects.get().status == DeviceGrant.AUTHORIZATION_PENDING
    assert not AuditEntry.objects.filter(action__startswith="client.device").exists()


def test_device_page__not_signed_in__leads_to_the_sign_in_and_decides_nothing(http, device):
    codes = ask(http, device).json()

    opened, decided = http.get("/oauth/device"), decide(http, codes, "allow")

    assert {opened.status_code, decided.status_code} == {302}
    assert opened["Location"].startswith("/console/sign-in")
    assert DeviceGrant.objects.get().status == DeviceGrant.AUTHORIZATION_PENDING


def test_device_page__form_of_another_site__is_refused(device, ana, http):
    codes = ask(http, device).json()
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(ana)

    assert decide(careful, codes, "allow").status_code == 403
    assert DeviceGrant.objects.get().status == DeviceGrant.AUTHORIZATION_PENDING


def test_device_page__ten_wrong_codes__are_enough(http, client, device, ana):
    codes = ask(http, device).json()
    wrong = [client.post("/oauth/device", {"user_code": "BBBB-BBBB"}).status_code for _ in range(10)]

    answer = decide(client, codes, "allow")

    assert set(wrong) == {404}
    assert answer.status_code == 429
    assert DeviceGrant.objects.get().status == DeviceGrant.AUTHORIZATION_PENDING


@pytest.mark.parametrize("code", ["", "x", "BCDF-GHJ1", "\x00", "B" * 5000])
def test_device_page__what_is_no_code__finds_nothing(client, ana, code):
    assert client.post("/oauth/device", {"user_code": code}).status_code in (400, 404)


def test_device_flow__client_disabled_or_narrowed_after_the_yes__gives_nothing(http, client, device, ana):
    codes = ask(http, device).json()
    decide(client, codes, "allow")
    change_scopes(client=device.client, scopes=["consent:write"], by=SYSTEM)
    narrowed = poll(http, device, codes)
    disable_client(client=device.client, by=SYSTEM, now=timezone.now())

    assert (narrowed.status_code, narrowed.json()["error"]) == (400, "invalid_scope")
    assert poll(http, device, codes).status_code == 401
    assert not AccessToken.objects.exists()
    assert not DeviceGrant.objects.exists()


def test_device_flow__person_gone_after_the_yes__gives_nothing(http, client, device, ana):
    codes = ask(http, device).json()
    decide(client, codes, "allow")
    ana.is_active = False
    ana.save(update_fields=["is_active"])

    assert poll(http, device, codes).status_code == 400
    assert not AccessToken.objects.exists()


def test_device_flow__refresh_token__rotates(http, client, device, ana):
    codes = ask(http, device).json()
    decide(client, codes, "allow")
    first = poll(http, device, codes).json()

    second = refresh(http, device, first["refresh_token"])

    assert second.status_code == 200
    assert me(http, second.json()["access_token"]).json()["acts_for"] == ana.public_id
    assert refresh(http, device, first["refresh_token"]).json()["error"] == "invalid_grant"
    assert not RefreshToken.objects.filter(revoked__isnull=True).exists()


def test_device_authorization__get__is_not_offered(http):
    answer = http.get("/oauth/device_authorization")

    assert (answer.status_code, answer.json()["error"]) == (405, "invalid_request")


def test_metadata__device_flow__is_named(http, settings):
    document = http.get("/.well-known/oauth-authorization-server").json()

    assert document["device_authorization_endpoint"] == f"{settings.PUBLIC_URL}/oauth/device_authorization"
    assert GRANT in document["grant_types_supported"]
