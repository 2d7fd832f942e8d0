"""Reading scores over the API."""

import pytest
from django.utils import timezone

from core.actors import SYSTEM
from core.models import Job
from customers.services import score_runs
from customers.services.customers import create_customer
from customers.services.scores import activate_score, define_score

pytestmark = pytest.mark.django_db
GERMAN = {"version": 1, "rule": {"on": "profile", "field": "country", "op": "is", "value": "DE"}}
RULES = {"version": 1, "minimum": 0, "maximum": 50, "rules": [{"name": "German", "when": GERMAN, "points": 10}]}


@pytest.fixture
def ana():
    return create_customer(properties={"external_id": "ana", "country": "DE"}, by=SYSTEM, now=timezone.now())


@pytest.fixture
def warmth(ana):
    model = define_score(name="Warmth", definition=RULES, by=SYSTEM, now=timezone.now())
    activate_score(model=model, by=SYSTEM, now=timezone.now())
    score_runs.compute_scores(job_id=Job.objects.get().public_id, clock=timezone.now)
    return model


def test_models__scope__are_listed_with_their_rules(warmth, caller):
    answer = caller("segments:read").get("/api/v1/score-models")

    assert answer.status_code == 200
    shown = answer.json()["data"][0]
    assert (shown["slug"], shown["version"], shown["state"], shown["maximum"]) == ("warmth", 1, "active", 50)
    rule = {"name": "German", "when": GERMAN, "words": 'country is "DE"', "points": 10}
    assert shown["rules"] == [rule | {"each": False, "half_life": None, "cap": None}]
    one = caller("segments:read").get(f"/api/v1/score-models/{warmth.public_id}")
    assert one.json()["id"] == warmth.public_id


def test_model__unknown__is_not_found(caller):
    answer = caller("segments:read").get("/api/v1/score-models/nothing")

    assert answer.status_code == 404


def test_customer__scores__say_what_why_and_since_when(warmth, caller):
    answer = caller("customers:read").get("/api/v1/customers/ana/scores")

    body = answer.json()
    given = [{"rule": "German", "points": 10}]
    assert [(one["score"], one["points"], one["contributions"]) for one in body["scores"]] == [("warmth", 10, given)]
    assert [(one["before"], one["after"], one["contributions"]) for one in body["history"]] == [(0, 10, given)]


def test_customer__without_scope__is_refused(warmth, caller):
    answer = caller("segments:read").get("/api/v1/customers/ana/scores")

    assert answer.status_code == 403
