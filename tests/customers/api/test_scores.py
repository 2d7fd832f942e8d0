"""Reading scores over the API."""

import pytest
from django.utils import timezone

from core.actors import SYSTEM
from core.models import Job
from customers.models import ScoreModel
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


def test_write__from_draft_to_retired__over_the_api(ana, caller, django_capture_on_commit_callbacks):
    client = caller("segments:write", "segments:read")

    made = client.post("/api/v1/score-models", {"name": "Warmth", "definition": RULES})
    url = made["Location"]
    with django_capture_on_commit_callbacks(execute=True):
        begun = client.post(f"{url}/activate")
    active = client.get(url)
    changed = client("patch", url, {"definition": RULES | {"maximum": 9}}, If_Match=active["ETag"])
    stale = client("patch", url, {"description": "x"}, If_Match='"old"')
    points = caller("customers:read").get("/api/v1/customers/ana/scores").json()["scores"]
    with django_capture_on_commit_callbacks(execute=True):
        again = client.post(f"{url}/recompute")
    gone = client("delete", url)

    assert (made.status_code, made.json()["state"], made.json()["draft"]) == (201, "draft", 1)
    assert (begun.status_code, active.json()["state"], active.json()["draft"]) == (202, "active", None)
    assert (changed.json()["version"], changed.json()["draft"], changed.json()["maximum"]) == (1, 2, 50)
    assert (stale.status_code, again.status_code, gone.status_code) == (412, 202, 204)
    assert [one["points"] for one in points] == [10]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": "Warmth"}, "invalid_rule"),
        ({"name": "", "definition": RULES}, "invalid_parameter"),
        ({"name": "Warmth", "definition": RULES, "colour": "red"}, "unknown_parameter"),
        ({"name": "Warmth", "definition": RULES | {"rules": []}}, "invalid_rule"),
    ],
)
def test_write__what_cannot_be__is_refused_and_nothing_is_stored(caller, body, code):
    answer = caller("segments:write").post("/api/v1/score-models", body)

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert not ScoreModel.objects.exists()


def test_write__without_scope__is_refused(caller):
    answer = caller("segments:read").post("/api/v1/score-models", {"name": "Warmth", "definition": RULES})

    assert answer.status_code == 403
