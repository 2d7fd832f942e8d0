"""What is kept of calls, from the call over HTTP to the history of the client and the list of refusals."""

import json
import time
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.meter import shared_redis
from core.models import Role
from integrations import tasks
from integrations.models import ApiClient, DailyUsage, RefusedRequest, RequestLine
from integrations.selectors.clients import list_clients
from integrations.selectors.usage import sums_by, with_calls
from integrations.services import usage
from integrations.services.usage import Call, hand_on, note_call
from integrations.services.usage_drain import drain_usage, drop_old_log, trim_usage
from marketing_hub.watch import watch
from tests.factories.core import PASSWORD, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_counted_before(_empty_redis):
    hand_on()
    cache.clear()
    shared_redis().flushdb()


def recorded():
    hand_on()
    return drain_usage(now=timezone.now())


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
    assert 0 < day["p50_ms"] <= day["p95_ms"] <= day["p99_ms"]
    assert day["first_byte_ms"] == day["p95_ms"]


def test_usage__drained_twice__adds_up(caller):
    partner = caller("customers:read")
    for _ in range(2):
        partner.get("/api/v1/me")
        recorded()

    assert recorded() == 0
    assert today_of(partner)["calls"] == 2
    row = DailyUsage.objects.get(route="api/v1/me")
    assert sum(row.buckets.values()) == sum(row.first_byte.values()) == 2


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
    redis.rename(usage.usage_key(what="usage"), usage.usage_key(what="usage-draining:job_1"))

    drain_usage(now=timezone.now())

    assert today_of(partner)["calls"] == 1
    assert not list(redis.scan_iter(match=usage.usage_key(what="*-draining*")))


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
        DailyUsage.objects.create(client_id="cli_1", day=now.date() - timedelta(days=age), method="GET", route="r")
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


def test_usage__by_operation_and_in_sum__tells_paths_as_templates(caller):
    partner = caller("customers:read", "customers:write")
    made = partner.post("/api/v1/customers", {"external_id": "1"}).json()["id"]
    for _ in range(3):
        partner.get(f"/api/v1/customers/{made}")
    recorded()

    answer = partner.get("/api/v1/usage?days=1").json()

    operations = {(row["method"], row["path"]): row["calls"] for row in answer["operations"]}
    assert operations == {("POST", "/api/v1/customers"): 1, ("GET", "/api/v1/customers/{reference}"): 3}
    assert answer["totals"]["calls"] == 4
    assert made not in json.dumps(answer)


def test_usage__windows__tell_when_they_will_be_full(caller, settings):
    settings.API_TIERS = settings.API_TIERS | {"standard": {"hour": (4, 3_600)}}
    partner = caller("customers:read")
    for _ in range(2):
        partner.get("/api/v1/me")

    window = partner.get("/api/v1/usage").json()["windows"][0]
    full = partner.get("/api/v1/usage").json()["windows"][0]

    assert (window["used"], window["share"], window["warning"]) == (3, 0.75, 70)
    assert (full["share"], full["warning"]) == (1.0, 95)
    assert full["full_at"] is not None


def test_first_success__of_a_client__is_kept_once(caller):
    partner = caller("customers:read")
    partner.get("/api/v1/customers?bogus=1")
    recorded()
    assert ApiClient.objects.get().first_success_at is None

    partner.get("/api/v1/me")
    recorded()
    first = ApiClient.objects.get().first_success_at
    usage._Kept.succeeded.clear()
    partner.get("/api/v1/me")
    recorded()

    assert ApiClient.objects.get().first_success_at == first
    answer = partner.get("/api/v1/usage?days=1").json()
    assert answer["seconds_to_first_success"] >= 0
    assert answer["first_success_at"] >= answer["registered_at"]


def test_request_log__of_every_request__holds_no_values_of_the_caller(caller):
    partner = caller("customers:read")
    done = partner.get("/api/v1/me")
    refused = partner.get("/api/v1/customers/jane@example.com?email=jane%40example.com")
    recorded()

    lines = {line.request_id: line for line in RequestLine.objects.all()}

    ok, bad = lines[done["X-Request-Id"]], lines[refused["X-Request-Id"]]
    assert (ok.client_id, ok.method, ok.route, ok.status, ok.code) == (
        partner.client.public_id, "GET", "api/v1/me", 200, ""
    )  # fmt: skip
    assert (bad.status, bad.code) == (refused.status_code, refused.json()["code"])
    assert ok.ms > 0
    assert "jane" not in json.dumps(list(RequestLine.objects.values_list()), default=str)


def test_request_log__drained_again_after_a_death__holds_each_request_once(caller):
    partner = caller("customers:read")
    partner.get("/api/v1/me")
    hand_on()
    redis = shared_redis()
    lines = redis.lrange(usage.usage_key(what="lines"), 0, -1)
    drain_usage(now=timezone.now())
    before = RequestLine.objects.count()

    redis.rpush(usage.usage_key(what="lines-draining:job_1"), *lines)
    drain_usage(now=timezone.now())

    assert RequestLine.objects.count() == before > 0


def test_request_log__lines_older_than_its_days__are_left_out(settings):
    now = timezone.now()
    for age in (0, settings.REQUEST_LOG_DAYS + 2):
        note_call(call=Call("cli_1", "GET", "r", 200, 0.01, now - timedelta(days=age), f"req_{age}"))

    recorded()

    assert list(RequestLine.objects.values_list("request_id", flat=True)) == ["req_0"]


@pytest.mark.django_db(transaction=True)
def test_drop_old_log__days_past_retention__are_gone_and_the_others_stay(settings):
    now = timezone.now()
    settings.REQUEST_LOG_DAYS = 20
    for age in (0, 10):
        note_call(call=Call("cli_1", "GET", "r", 200, 0.01, now - timedelta(days=age), f"req_{age}"))
    recorded()
    settings.REQUEST_LOG_DAYS = 5

    dropped = drop_old_log(now=now)

    assert dropped == [f"integrations_requestline_{now - timedelta(days=10):%Y_%m_%d}"]
    assert list(RequestLine.objects.values_list("request_id", flat=True)) == ["req_0"]
    assert drop_old_log(now=now) == []


def test_streamed_answer__is_counted_when_it_has_left__with_its_first_byte(rf):
    parts = iter([b"a", b"b"])
    request, response = rf.get("/api/v1/x"), StreamingHttpResponse(parts)
    request.resolver_match, request.META["hub.request_id"] = None, "req_1"

    watch(request, response, time.perf_counter() - 1)
    before = sum(facts["calls"] for facts in usage._Kept.usage.values())
    body = b"".join(response)
    recorded()

    row = DailyUsage.objects.get(route="unmatched")
    assert (before, body, row.calls) == (0, b"ab", 1)
    assert sum(row.buckets.values()) == sum(row.first_byte.values()) == 1


def test_answers_with_a_deprecation_header__are_counted(rf):
    request, response = rf.get("/api/v1/x"), HttpResponse(headers={"Deprecation": "@1688169599"})
    request.resolver_match, request.META["hub.request_id"] = None, "req_1"

    watch(request, response, time.perf_counter())
    recorded()

    assert DailyUsage.objects.get().deprecated == 1
    today = timezone.now().date()
    assert sums_by("operation", first=today, last=today, deprecated=True)[("GET", "unmatched")].deprecated == 1
