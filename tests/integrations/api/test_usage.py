"""What is kept of calls, from the call over HTTP to the history of the client and the list of refusals."""

import json
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.meter import shared_redis
from core.models import Role
from integrations import tasks
from integrations.models import DailyUsage, RefusedRequest
from integrations.selectors.clients import list_clients
from integrations.selectors.usage import with_calls
from integrations.services import usage
from integrations.services.usage import Call, drain_usage, hand_on, note_call, trim_usage
from tests.factories.core import PASSWORD, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_counted_before(_empty_redis):
    hand_on()
    cache.clear()
    shared_redis().flushdb()


def recorded():
    hand_on()
    return drain_usage()


def today_of(caller):
    return caller.get("/api/v1/usage?days=1").json()["history"][0]


def signed_in(role):
    user, http = make_staff(role), Client()
    http.post("/console/sign-in", {"email": user.email, "password": PASSWORD})
    return http


def test_usage__after_calls__counts_them_by_day(caller):
    partner = caller("customers:read")
    for path in ("/api/v1/customers", "/api/v1/customers?bogus=1", "/api/v1/me", "/api/v1/audit-log-that-is-not"):
        partner.get(path)
    partner.post("/api/v1/customers", {})

    recorded()

    day = today_of(partner)
    assert (day["calls"], day["client_errors"], day["server_errors"], day["limited"]) == (4, 2, 0, 0)
    assert day["day"] == timezone.now().date().isoformat()
    assert 0 < day["p95_ms"] <= 5_000
    assert day["quota_share"] == round(4 / 50_000, 4)


def test_usage__drained_twice__adds_up(caller):
    partner = caller("customers:read")
    for _ in range(2):
        partner.get("/api/v1/me")
        recorded()

    assert recorded() == 0
    assert today_of(partner)["calls"] == 2
    assert sum(DailyUsage.objects.get(route="api/v1/me").buckets) == 2


def test_usage__not_modified__counts_as_cached(caller):
    partner = caller("customers:read", "customers:write")
    made = partner.post("/api/v1/customers", {"external_id": "1"}).json()["id"]
    etag = partner.get(f"/api/v1/customers/{made}")["ETag"]
    partner.get(f"/api/v1/customers/{made}", if_none_match=etag)

    recorded()

    row = DailyUsage.objects.get(method="GET")
    assert (row.calls, row.cached) == (2, 1)


def test_usage__days__are_all_there_oldest_first_and_bounded(caller):
    partner = caller("customers:read")
    recorded()

    history = partner.get("/api/v1/usage").json()["history"]

    assert [day["day"] for day in history] == sorted(day["day"] for day in history)
    assert len(history) == 30
    assert history[0]["calls"] == 0
    assert history[0]["p95_ms"] is None
    assert len(partner.get("/api/v1/usage?days=90").json()["history"]) == 90
    assert partner.get("/api/v1/usage?days=91").json()["param"] == "days"
    assert partner.get("/api/v1/usage?day=1").json()["code"] == "unknown_parameter"


def test_usage__of_others__is_not_told(caller):
    one, other = caller("customers:read"), caller("customers:read")
    one.get("/api/v1/me")

    recorded()

    assert today_of(other)["calls"] == 0


def test_drain__run_that_died__is_finished_by_the_next(caller, monkeypatch):
    partner = caller("customers:read")
    partner.get("/api/v1/me")
    hand_on()
    redis = shared_redis()
    redis.rename(usage._name("usage"), usage._name("usage-draining:job_1"))

    drain_usage()

    assert today_of(partner)["calls"] == 1
    assert not list(redis.scan_iter(match=usage._name("*")))


def test_hand_on__redis_away__keeps_the_figures(caller, settings):
    partner, url = caller("customers:read"), settings.REDIS_URL
    hand_on()
    note_call(
        call=Call(
            client_id=partner.client.public_id,
            method="GET",
            route="r",
            status=200,
            seconds=0.01,
            at=timezone.now(),
            request_id="req_1",
        )
    )
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    hand_on()
    settings.REDIS_URL = url

    recorded()

    assert DailyUsage.objects.get(route="r").calls == 1


@pytest.mark.parametrize(
    ("path", "status", "code", "param"),
    [
        ("/api/v1/customers?limit=abc", 400, "invalid_parameter", "limit"),
        ("/api/v1/customers?jane%40example.com=1", 400, "unknown_parameter", ""),
        ("/api/v1/consent/12345", 403, "insufficient_scope", ""),
        ("/api/v1/customers/jane@example.com", 404, "resource_missing", ""),
    ],
)
def test_refused_request__of_any_kind__can_be_found_without_personal_data(caller, path, status, code, param):
    partner = caller("customers:read")

    answer = partner.get(path)
    recorded()

    row = RefusedRequest.objects.get(code=code)
    assert (row.client_id, row.status, row.param) == (partner.client.public_id, status, param)
    assert row.request_id == answer["X-Request-Id"]
    stored = json.dumps(list(RefusedRequest.objects.values()), default=str)
    assert "jane" not in stored


def test_refused_requests__without_credential_and_over_the_limit__are_there_too(caller, settings):
    settings.API_TIERS = settings.API_TIERS | {"standard": {"burst": (1, 20)}}
    partner = caller("customers:read")
    partner.get("/api/v1/me")
    for _ in range(3):
        last = partner.get("/api/v1/me")
    Client().get("/api/v1/me")

    recorded()

    limited = RefusedRequest.objects.get(status=429)
    assert (limited.count, limited.client_id, limited.code) == (3, partner.client.public_id, "rate_limited")
    assert limited.request_id == last["X-Request-Id"]
    assert RefusedRequest.objects.get(status=401).client_id == ""


def test_refused_requests_screen__of_staff_who_may__finds_by_request_id(caller):
    partner = caller("customers:read")
    answer = partner.get("/api/v1/consent/12345")
    recorded()
    http = signed_in(Role.INTEGRATION)

    shown = http.get(reverse("console:refused-requests")).content.decode()
    sealed = http.post(reverse("console:refused-requests"), {"q": answer["X-Request-Id"]}, follow=True)

    assert "insufficient_scope" in shown
    assert partner.client.public_id in shown
    assert "insufficient_scope" in sealed.content.decode()


def test_refused_requests_screen__of_a_marketer__is_closed(db):
    assert signed_in(Role.MARKETER).get(reverse("console:refused-requests")).status_code == 403


def test_clients_screen__after_calls__shows_requests_and_chart(caller, django_assert_max_num_queries):
    partner = caller("customers:read")
    partner.get("/api/v1/me")
    recorded()
    http = signed_in(Role.INTEGRATION)

    listed = http.get(reverse("console:api-clients")).content.decode()
    page = http.get(reverse("console:api-client", args=[partner.client.public_id])).content.decode()

    assert "Requests 30 d" in listed
    assert with_calls(list_clients(now=timezone.now()), today=timezone.now().date()).get().calls_30d == 1
    assert 'data-chart="api-calls"' in page
    assert 'data-chart="api-quota"' in page


def test_trim_usage__past_retention__is_forgotten(settings):
    now = timezone.now()
    for age in (0, settings.USAGE_RETENTION_DAYS + 1):
        DailyUsage.objects.create(
            client_id="cli_1", day=now.date() - timedelta(days=age), method="GET", route="r", buckets=[]
        )
    for age in (0, settings.REFUSED_REQUEST_RETENTION_DAYS + 1):
        RefusedRequest.objects.create(
            client_id="cli_1", minute=now - timedelta(days=age), method="GET", route="r", status=400, code="c"
        )

    tasks.trim_usage()
    trim_usage(now=now)

    assert DailyUsage.objects.get().day == now.date()
    assert RefusedRequest.objects.count() == 1


@pytest.mark.parametrize("path", ["/api/v1/me", "/api/v1/no-such-thing", "/api/v1/customers?limit=0"])
def test_version__on_every_answer__stands_in_both_headers(caller, settings, path):
    answer = caller("customers:read").get(path)

    assert answer["X-API-Version"] == answer["API-Version"] == settings.API_VERSION
