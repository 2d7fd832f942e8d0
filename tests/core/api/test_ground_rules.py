"""The rules that hold on every address of the API: limits, keys, tags, versions, errors, the slash form."""

import gzip
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.test import Client

from core import meter
from core.api.conditional import etag_of
from core.models import Cursor, IdempotencyKey

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.core.api.sample")]


def things_made() -> list[str]:
    """What the sample views wrote; the product's own places in logs have a dot in their names."""
    return list(Cursor.objects.exclude(name__contains=".").values_list("name", flat=True))


@pytest.fixture
def writer(caller):
    return caller("customers:read", "customers:write", "engagement:write")


@pytest.fixture
def small(settings):
    settings.API_TIERS = {
        "standard": {"burst": (3, 20), "hour": (5, 3_600), "day": (50, 86_400), "ingest": (2, 1)},
        "unlimited": {},
    }


# --- limits


def test_limits__first_call__describe_the_window_that_ends_first(writer):
    answer = writer.get("/api/v1/things")

    assert answer["X-RateLimit-Limit"] == "100"
    assert answer["X-RateLimit-Remaining"] == "99"
    assert answer["X-RateLimit-Used"] == "1"
    assert answer["X-RateLimit-Resource"] == "api"
    assert int(answer["X-RateLimit-Reset"]) > 1_700_000_000
    assert answer["RateLimit"].startswith('"burst";r=99;t=20, "hour";r=4999;t=3600')
    assert answer["RateLimit-Policy"] == '"burst";q=100;w=20, "hour";q=5000;w=3600, "day";q=50000;w=86400'


def test_limits__burst_used_up__is_refused_without_costing_more(small, writer):
    for _ in range(3):
        assert writer.get("/api/v1/things").status_code == 200

    answers = [writer.get("/api/v1/things") for _ in range(4)]

    assert {answer.status_code for answer in answers} == {429}
    body = answers[0].json()
    assert (body["error"], body["message"], body["code"]) == ("RateLimitExceeded", "Quota exceeded", "rate_limited")
    assert list(body)[:2] == ["error", "message"]
    assert body["violated_policies"] == ["burst"]
    assert body["retryable"] is True
    assert 1 <= int(answers[0]["Retry-After"]) <= 20
    assert answers[-1]["X-RateLimit-Remaining"] == "0"
    assert '"hour";r=2' in answers[-1]["RateLimit"]


def test_limits__hour_used_up__has_a_code_of_its_own(small, settings, writer):
    settings.API_TIERS["standard"]["burst"] = (50, 20)
    for _ in range(5):
        writer.get("/api/v1/things")

    answer = writer.get("/api/v1/things", accept="application/problem+json")

    assert answer.json()["code"] == "quota_exceeded"
    assert answer.json()["type"] == "https://iana.org/assignments/http-problem-types#quota-exceeded"
    assert answer.json()["violated-policies"] == ["hour"]
    assert answer["Content-Type"] == "application/problem+json"


def test_limits__other_client__is_not_affected(small, caller, writer):
    for _ in range(4):
        writer.get("/api/v1/things")

    assert caller("customers:read").get("/api/v1/things").status_code == 200


def test_limits__ingestion__has_a_bucket_of_its_own_and_resets_in_seconds(small, writer):
    answers = [writer.post("/v1/plain", f"{number}".encode()) for number in range(3)]

    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert answers[0]["X-RateLimit-Resource"] == "ingest"
    assert answers[0]["X-RateLimit-Limit"] == "2"
    assert int(answers[0]["X-RateLimit-Reset"]) == 1
    assert writer.get("/api/v1/things").status_code == 200


def test_limits__unlimited_class__still_says_so(caller):
    answer = caller("customers:read", tier="unlimited").get("/api/v1/things")

    assert answer["RateLimit-Policy"] == '"unlimited";q=2147483647;w=3600'


def test_limits__refusals__carry_them_too(writer):
    for answer in (writer.get("/api/v1/nothing"), writer("delete", "/api/v1/things"), writer.post("/api/v1/things")):
        assert answer.status_code in (400, 404, 405)
        assert answer["X-RateLimit-Limit"]
        assert answer["RateLimit-Policy"]


def test_limits__unknown_tokens_from_one_address__are_stopped(settings):
    settings.API_FAILURES_PER_ADDRESS = 2
    headers = {"Authorization": "Bearer mha_live_unknown"}

    answers = [Client().get("/api/v1/things", headers=headers) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert answers[0]["X-RateLimit-Resource"] == "address"
    assert answers[0]["X-RateLimit-Remaining"] == "1"


def test_limits__not_modified__costs_nothing(small, writer):
    etag = writer.get("/api/v1/things")["ETag"]

    answers = [writer.get("/api/v1/things", if_none_match=etag) for _ in range(5)]

    assert {answer.status_code for answer in answers} == {304}


def test_limits__usage__tells_what_is_used_without_more_cost(small, writer):
    writer.post("/api/v1/plain", b"x")

    windows = {row["name"]: row for row in writer.get("/api/v1/usage").json()["windows"]}

    assert {name: row["used"] for name, row in windows.items()} == {"burst": 1, "hour": 1, "day": 1, "ingest": 1}
    assert windows["burst"]["remaining"] == 2


def test_limits__redis_away__calls_go_on(settings, writer):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    answer = writer.get("/api/v1/things")

    meter._Circuit.closed_again_at = 0.0
    assert answer.status_code == 200
    assert answer["X-RateLimit-Remaining"] == "100"


def test_limits__many_threads__grant_exactly_the_limit():
    windows = [meter.Window("burst", 40, 20), meter.Window("hour", 45, 3_600)]

    with ThreadPoolExecutor(16) as pool:
        granted = list(pool.map(lambda _: meter.take("crowd", windows).granted, range(200)))

    assert sum(granted) == 40
    assert [level.used for level in meter.take("crowd", windows, 0).levels] == [40, 40]


# --- Idempotency-Key


@pytest.mark.parametrize("key", ["abc-1", '"abc-1"', "x" * 255])
def test_key__same_request_again__has_one_effect_and_the_same_answer(writer, key):
    first = writer.post("/api/v1/things", {"name": "a"}, idempotency_key=key)
    again = writer.post("/api/v1/things", b'{ "name" : "a" }', idempotency_key=key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert again["Idempotent-Replayed"] == "true"
    assert again["Location"] == "/things/a"
    assert not first.has_header("Idempotent-Replayed")
    assert len(things_made()) == 1


def test_key__other_body__is_refused(writer):
    writer.post("/api/v1/things", {"name": "a"}, idempotency_key="k")

    answer = writer.post("/api/v1/things", {"name": "b"}, idempotency_key="k")

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")
    assert len(things_made()) == 1


def test_key__refusal_by_a_rule__is_replayed_and_its_writes_are_undone(writer):
    first = writer.post("/api/v1/things", {"name": "taken"}, idempotency_key="k")
    again = writer.post("/api/v1/things", {"name": "taken"}, idempotency_key="k")

    assert (first.status_code, again.status_code) == (409, 409)
    assert again["Idempotent-Replayed"] == "true"
    assert not things_made()


@pytest.mark.parametrize(("name", "status"), [("invalid", 400), ("broken", 500)])
def test_key__invalid_or_broken__is_released(writer, name, status):
    for _ in range(2):
        answer = writer.post("/api/v1/things", {"name": name}, idempotency_key="k")
        assert answer.status_code == status
        assert not answer.has_header("Idempotent-Replayed")

    assert not IdempotencyKey.objects.exists()
    assert not things_made()


def test_key__other_client__is_another_key(caller, writer):
    writer.post("/api/v1/things", {"name": "a"}, idempotency_key="k")

    answer = caller("customers:write").post("/api/v1/things", {"name": "b"}, idempotency_key="k")

    assert answer.status_code == 201


def test_key__older_than_a_day__is_forgotten(writer):
    writer.post("/api/v1/things", {"name": "a"}, idempotency_key="k")
    IdempotencyKey.objects.update(created_at="2026-01-01T00:00:00Z")

    assert writer.post("/api/v1/things", {"name": "b"}, idempotency_key="k").status_code == 201


@pytest.mark.parametrize("key", ['"', '"open', "x" * 256, '"a\\"'])
def test_key__not_a_key__is_refused(writer, key):
    answer = writer.post("/api/v1/things", {"name": "a"}, idempotency_key=key)

    assert (answer.status_code, answer.json()["param"]) == (400, "Idempotency-Key")
    assert not things_made()


def test_key__required_and_absent__is_refused(writer):
    assert writer.post("/api/v1/bulk", {}).json()["message"] == "Missing required header 'Idempotency-Key'"
    assert writer.post("/api/v1/bulk", {}, idempotency_key="k").status_code == 200


def test_key__plain_view__works_the_same(writer):
    first = writer.post("/api/v1/plain", b"one", idempotency_key="k")
    again = writer.post("/api/v1/plain", b"one", idempotency_key="k")

    assert first.content == again.content
    assert again["Idempotent-Replayed"] == "true"
    assert len(things_made()) == 1


@pytest.mark.django_db(transaction=True)
def test_key__first_request_still_running__is_told_to_wait(writer):
    def send(_):
        try:
            return writer.post("/api/v1/things", {"name": "slow"}, idempotency_key="k")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(send, range(2)), key=lambda answer: answer.status_code)

    assert [answer.status_code for answer in answers] == [201, 409]
    assert answers[1].json()["code"] == "idempotency_in_progress"
    assert answers[1]["Retry-After"] == "1"
    assert len(things_made()) == 1


# --- entity tags


def test_tag__unchanged__is_not_sent_again(writer):
    etag = writer.get("/api/v1/things")["ETag"]

    answer = writer.get("/api/v1/things", if_none_match=f'"other", W/{etag}')

    assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", etag)


@pytest.mark.parametrize(("given", "status"), [("", 200), ("*", 200), (etag_of("one", 1), 200), ('"old"', 412)])
def test_tag__if_match__decides_whether_to_write(writer, given, status):
    answer = writer.patch("/api/v1/things", {}, if_match=given)

    assert answer.status_code == status
    assert status == 200 or (answer.json()["code"], answer["ETag"]) == ("etag_mismatch", etag_of("one", 1))


def test_tag__client_that_must_send_it__is_reminded(caller):
    answer = caller("customers:write", if_match_required=True).patch("/api/v1/things", {})

    assert (answer.status_code, answer.json()["code"]) == (428, "if_match_required")


# --- what every answer carries


def test_every_answer__headers__name_version_variance_and_secrecy(writer, settings):
    answer = writer.get("/api/v1/things")

    assert answer["API-Version"] == settings.API_VERSION
    assert {"Authorization", "Accept"} <= {part.strip() for part in answer["Vary"].split(",")}
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Request-Id"].startswith("req_")


def test_unversioned_address__same_view__names_the_versioned_one(writer):
    answer = writer.get("/api/things")

    assert answer.status_code == 200
    assert answer["Link"] == '</api/v1/things>; rel="canonical"'


def test_slash_form__any_address__is_served_without_redirect(writer):
    assert writer.get("/api/v1/things/").status_code == 200
    assert writer.post("/v1/plain/", b"x").status_code == 202


@pytest.mark.parametrize("path", ["/api/v1/x", "/api/x", "/v1/x", "/oauth/x", "/ofrep/x", "/opendsr/v2/x"])
def test_unknown_address__for_programs__is_json(writer, path):
    answer = writer.get(path)

    assert answer.status_code == 404
    assert list(answer.json())[:3] == ["error", "message", "code"]
    assert answer.json()["request_id"] == answer["X-Request-Id"]


def test_defect__for_programs__is_json_without_its_text(writer):
    answer = writer.post("/api/v1/things", {"name": "broken"})

    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    assert "defect" not in answer.content.decode()


DEEP = {"list": b'{"name": ' + b"[" * 100_000, "object": b'{"name": ' * 50_000, "closed": b"[" * 900 + b"]" * 900}


@pytest.mark.parametrize("body", DEEP.values(), ids=DEEP)
def test_body__nested_without_end__is_refused_in_words_and_nothing_is_stored(writer, body):
    answer = writer.post("/api/v1/things", body)

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")
    assert answer.json()["message"] == "The body may be nested 100 deep at most."
    assert not things_made()


@pytest.mark.parametrize("encoding", ["gzip", "br", "something"])
def test_body__compressed__is_refused_in_words_and_nothing_is_stored(writer, encoding):
    answer = writer.post("/api/v1/things", gzip.compress(b'{"name": "a"}'), content_encoding=encoding)

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert "not compressed" in answer.json()["message"]
    assert not things_made()


def test_query__parameter_given_twice__is_refused_by_name_and_nothing_is_stored(writer):
    answers = [
        writer.get("/api/v1/things?limit=1&limit=2"),
        writer.post("/api/v1/things?a=1&a=1", {"name": "a"}),
        writer.post("/api/v1/plain?b=1&b=2", b"x"),
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(400, "invalid_parameter")] * 3
    assert [answer.json()["param"] for answer in answers] == ["limit", "a", "b"]
    assert not things_made()


@pytest.mark.parametrize("path", ["/api/v1/things", "/api/v1/plain"])
def test_scope__missing__is_named(caller, path):
    answer = caller("audit:read").post(path, {"name": "a"})

    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    assert 'error="insufficient_scope"' in answer["WWW-Authenticate"]
    assert not things_made()


@pytest.mark.parametrize("path", ["/api/v1/things", "/api/v1/plain"])
def test_credential__missing__asks_for_one(path):
    answer = Client().post(path)

    assert answer.status_code == 401
    assert answer.json()["message"] == "Invalid API key"
    assert answer["WWW-Authenticate"].startswith('Bearer realm="api", resource_metadata="')


def test_plain_view__other_verb__is_refused_with_what_is_offered(writer):
    answer = writer.get("/api/v1/plain")

    assert (answer.status_code, answer["Allow"]) == (405, "POST")


def test_traceparent__given__stands_in_the_log_lines(writer, monkeypatch):
    seen = []
    monkeypatch.setattr("core.middleware.bind_contextvars", lambda **values: seen.append(values))

    writer.get("/api/v1/things", traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    writer.get("/api/v1/things", traceparent="nonsense")

    assert [values.get("trace_id") for values in seen] == ["4bf92f3577b34da6a3ce929d0e0e4736", None]


def test_request_id__given__is_echoed_when_it_is_harmless(writer):
    assert writer.get("/api/v1/things", x_request_id="abc:1")["X-Request-Id"] == "abc:1"
    assert writer.get("/api/v1/things", x_request_id="a b")["X-Request-Id"].startswith("req_")
