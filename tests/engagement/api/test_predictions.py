"""Scores of outside models over the API: what is stored, what is refused, what never happens."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from consent.models import Covers
from consent.services.consent import ConsentEntry, record_consent
from consent.services.restrictions import place_restriction
from core.actors import SYSTEM
from core.models import AuditEntry
from customers.services.customers import create_customer, delete_customer
from engagement.models import Prediction, PredictionModel
from engagement.rules import predictions as rules

pytestmark = pytest.mark.django_db
BODY = {"score": 0.83, "model_version": "2026-11", "label": "likely"}


@pytest.fixture
def writer(caller):
    return caller("predictions:write", "customers:read", "segments:read")


@pytest.fixture
def jane():
    return somebody("12345")


def somebody(name):
    return create_customer(properties={"external_id": name, "country": "DE"}, by=SYSTEM, now=timezone.now())


def say_no(customer, purpose="personalisation", event="objected"):
    entry = ConsentEntry(purpose=purpose, event=event, source="request")
    record_consent(customer=customer, entries=[entry], by=SYSTEM, now=timezone.now())


def put(writer, user="12345", model="churn", **changes):
    return writer.put(f"/api/v1/predictions/{model}/{user}", BODY | changes)


def batch(writer, *rows, key="a", query=""):
    inputs = [{"model": "churn", "user_id": "12345", **BODY, **row} for row in rows]
    return writer.post(f"/api/v1/predictions/batch{query}", {"inputs": inputs}, idempotency_key=key)


def test_put__first_prediction__registers_the_model_and_says_what_stands(writer, jane):
    answer = put(writer)

    assert answer.status_code == 201
    assert answer.json() | {"outcome": "created"} == answer.json()
    stands = writer.get("/api/v1/predictions/churn/12345").json()
    assert {"score": 0.83, "label": "likely", "model_version": "2026-11", "expired": False}.items() <= stands.items()
    assert stands["written_by"] == writer.client.public_id
    row = Prediction.objects.get()
    assert row.expires_at - row.scored_at == timedelta(days=90)
    [model] = writer.get("/api/v1/predictions").json()["data"]
    assert {"model": "churn", "labels": ["likely"], "people": 1, "model_version": "2026-11"}.items() <= model.items()
    assert AuditEntry.objects.filter(action="prediction_model.registered", target="prediction_model:churn").exists()
    assert AuditEntry.objects.get(action="predictions.written").changes == {"created": [0, 1]}


def test_put__older_version_or_older_instant__keeps_the_newer(writer, jane):
    now = timezone.now()
    put(writer, model_version="2026-11", scored_at=now.isoformat())

    older = put(writer, model_version="2026-9", score=0.1)
    earlier = put(writer, score=0.2, scored_at=(now - timedelta(hours=1)).isoformat())
    same = put(writer, scored_at=now.isoformat())
    newer = put(writer, model_version="2026-12", score=0.5, scored_at=(now - timedelta(days=1)).isoformat())

    assert [one.json()["outcome"] for one in (older, earlier, same, newer)] == ["kept", "kept", "unchanged", "updated"]
    assert [one.json()["score"] for one in (older, newer)] == [0.83, 0.5]


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"score": None}, "score"),
        ({"score": "0.5"}, "score"),
        ({"score": True}, "score"),
        ({"score": 1_000_000}, "score"),
        ({"score": 1e300}, "score"),
        ({"model_version": None}, "model_version"),
        ({"model_version": "a b"}, "model_version"),
        ({"label": ""}, "label"),
        ({"label": "a\u0000"}, "label"),
        ({"scored_at": "2026-11-01"}, "scored_at"),
        ({"scored_at": "2999-01-01T00:00:00Z"}, "scored_at"),
        ({"expires_at": "2001-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2999-01-01T00:00:00Z"}, "expires_at"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_put__something_that_cannot_be_used__names_it_and_stores_nothing(writer, jane, changes, param):
    answer = put(writer, **changes)

    assert (answer.status_code, answer.json()["param"]) == (400, param)
    assert not PredictionModel.objects.exists()


@pytest.mark.parametrize("model", ["Churn", "1churn", "batch", "a.b", "x" * 61])
def test_put__no_name_of_a_model__is_refused(writer, jane, model):
    answer = put(writer, model=model)

    assert (answer.status_code, answer.json()["param"]) == (400, "model")


def test_put__many_decimals__are_rounded_half_to_even(writer, jane):
    put(writer, score=0.12345650000001)

    assert str(Prediction.objects.get().score) == "0.123457"


def test_put__nobody__is_refused(writer):
    answer = put(writer)

    assert answer.status_code == 404
    assert not PredictionModel.objects.exists()


@pytest.mark.parametrize("event", ["objected", "opted_out", "withdrawn", "refused"])
def test_put__somebody_who_said_no_to_profiling__is_refused(writer, jane, event):
    say_no(jane, event=event)

    answer = put(writer)

    assert (answer.status_code, answer.json()["code"]) == (403, "profiling_refused")
    assert not Prediction.objects.exists()


def test_put__restricted_person__is_refused_and_limited_one_is_not(writer, jane):
    limited = somebody("2")
    place_restriction(customer=jane, request="dsr_1", by=SYSTEM, now=timezone.now())
    place_restriction(customer=limited, request="dsr_2", covers=Covers.SENSITIVE, by=SYSTEM, now=timezone.now())

    answers = put(writer), put(writer, user="2")

    assert [one.status_code for one in answers] == [403, 201]
    assert answers[0].json()["code"] == "restricted"


def test_batch__good_and_bad_rows__answer_each_in_order(writer, jane):
    say_no(somebody("no"))

    answer = batch(
        writer,
        {"trace_id": "t1"},
        {"user_id": "nobody"},
        {"user_id": "no"},
        {"score": "high"},
        {"user_id": 5},
        {"model": "clv", "user_id": jane.public_id, "score": 1234.5, "label": None},
    )

    assert answer.status_code == 207
    results = answer.json()["results"]
    assert [one["status"] for one in results] == ["created", "refused", "refused", "refused", "refused", "created"]
    codes = [one["error"]["code"] for one in results if "error" in one]
    assert codes == ["resource_missing", "profiling_refused", "invalid_parameter", "missing_field"]
    assert results[0] == {"index": 0, "status": "created", "customer": jane.public_id, "trace_id": "t1"}
    assert Prediction.objects.count() == 2


def test_batch__one_customer_twice__keeps_the_newest_wherever_it_stands(writer, jane):
    answer = batch(writer, {"model_version": "2026-12", "score": 0.9}, {"model_version": "2026-11", "score": 0.1})

    assert [one["status"] for one in answer.json()["results"]] == ["created", "kept"]
    assert float(Prediction.objects.get().score) == 0.9


def test_batch__the_same_key_again__answers_the_same_and_writes_nothing(writer, jane):
    first, again = batch(writer, {}), batch(writer, {})

    assert again.json() == first.json()
    assert again["Idempotent-Replayed"] == "true"


def test_batch__atomic_with_a_refusal__stores_nothing(writer, jane):
    answer = batch(writer, {}, {"user_id": "nobody"}, query="?atomic=true")

    assert (answer.status_code, answer.json()["code"]) == (400, "batch_rejected")
    assert not Prediction.objects.exists()
    assert not PredictionModel.objects.exists()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "missing_field"),
        ({"inputs": []}, "missing_field"),
        ({"inputs": [1]}, "invalid_parameter"),
        ({"inputs": [{}] * 501}, "batch_too_large"),
        ({"rows": []}, "unknown_parameter"),
        ([], "malformed_json"),
    ],
)
def test_batch__another_shape__is_refused(writer, body, code):
    answer = writer.post("/api/v1/predictions/batch", body, idempotency_key="k")

    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_batch__without_key__is_refused(writer, jane):
    answer = writer.post("/api/v1/predictions/batch", {"inputs": [{"model": "churn", "user_id": "12345", **BODY}]})

    assert (answer.status_code, answer.json()["code"]) == (400, "missing_field")


def test_batch__many_rows__cost_as_many_statements_as_two(writer, jane):
    names = [f"p{number}" for number in range(60)]
    for name in names:
        somebody(name)
    batch(writer, {}, key="first")

    with CaptureQueriesContext(
        connection,
    ) as few:
        batch(writer, *({"user_id": name} for name in names[:2]), key="few")
    with CaptureQueriesContext(connection) as many:
        batch(writer, *({"user_id": name} for name in names), key="many")

    assert len(many) == len(few)
    assert sum("INSERT INTO engagement_prediction" in query["sql"] for query in many) == 1


def test_write__too_many_models_and_labels__are_refused_by_row(writer, jane, monkeypatch):
    for name, limit in (("MAX_MODELS", 2), ("MAX_LABELS", 2)):
        monkeypatch.setattr(f"engagement.services.predictions.{name}", limit)

    answer = batch(
        writer,
        {"label": "a"},
        {"label": "b", "model_version": "3"},
        {"label": "c", "model_version": "4"},
        {"model": "clv"},
        {"model": "zzz"},
    )

    codes = [one.get("error", {}).get("code") for one in answer.json()["results"]]
    assert codes == [None, None, "too_many_labels", None, "too_many_models"]
    assert rules.MAX_MODELS == 50


def test_delete__customer__takes_her_predictions(writer, jane):
    put(writer)

    delete_customer(customer=jane, reason="request", by=SYSTEM, now=timezone.now())

    assert writer.get("/api/v1/predictions/churn/12345").status_code == 404


def test_get__nothing_said__is_not_found(writer, jane):
    assert writer.get("/api/v1/predictions/churn/12345").status_code == 404


def test_put__without_the_scope__is_forbidden(caller, jane):
    answer = put(caller("customers:read"))

    assert answer.status_code == 403
    assert not Prediction.objects.exists()
