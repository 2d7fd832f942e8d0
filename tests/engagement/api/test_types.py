"""Event types over HTTP: schemas that say what the door does, registered types, refused events."""

import jsonschema_rs
import pytest

from engagement.models import EventType
from engagement.rules.catalogue import BUILT_IN
from tests.engagement.api.test_ingest import CLICK, click

pytestmark = pytest.mark.django_db
WEBINAR = {
    "name": "webinar-join",
    "title": "Webinar joined",
    "required": ["campaignId"],
    "properties": {
        "type": "object",
        "required": ["minutes"],
        "properties": {"minutes": {"type": "integer", "minimum": 0}},
    },
}


def webinar(**properties):
    return {
        "userId": "12345",
        "campaignId": "w1",
        "timestamp": "2024-06-10T13:45:00Z",
        "properties": properties,
    }


@pytest.mark.parametrize("kind", BUILT_IN, ids=lambda kind: kind.name)
def test_schema__its_own_example__is_valid_and_accepted(sender, person, kind):
    person()
    schema = sender.get(f"/api/v1/engagement/types/{kind.name}").json()
    example = schema["examples"][0]

    answer = sender.post(f"/api/v1/engagement/{kind.name}", example)

    assert jsonschema_rs.Draft202012Validator(schema).is_valid(example)
    assert answer.status_code == 202, answer.content


@pytest.mark.parametrize(
    "event",
    [
        CLICK,
        click(elementId=None),
        click(campaignId=None),
        click(userId=None),
        click(deviceType="fridge"),
        click(colour="blue"),
        click(value="many"),
        click(sessionId=""),
        {**CLICK, "sessionId": None},
        {**CLICK, "campaignId": None},
    ],
)
def test_schema__and_the_door__agree(sender, person, event):
    person()
    schema = sender.get("/api/v1/engagement/types/click").json()

    accepted = sender.post("/api/v1/engagement/click", event).status_code == 202

    assert accepted == jsonschema_rs.Draft202012Validator(schema).is_valid(event)


def test_type__registered__is_listed_and_checked_from_then_on(sender, person, django_capture_on_commit_callbacks):
    person()
    with django_capture_on_commit_callbacks(execute=True):
        made = sender.post("/api/v1/engagement/types", WEBINAR)

    good = sender.post("/api/v1/engagement/webinar-join", webinar(minutes=5))
    bad = sender.post("/api/v1/engagement/webinar-join", webinar(minutes="five"))
    without = sender.post("/api/v1/engagement/webinar-join", webinar())

    assert made.status_code == 201, made.content
    assert EventType.objects.get().pk >= 100
    assert good.status_code == 202, good.content
    assert (bad.status_code, bad.json()["param"]) == (400, "properties.minutes")
    assert (without.json()["code"], without.json()["param"]) == ("missing_field", "properties.minutes")
    assert "webinar-join" in [row["name"] for row in sender.get("/api/v1/engagement/types").json()["data"]]


def test_type__changed__is_a_new_version_and_the_old_one_stays(sender, person, django_capture_on_commit_callbacks):
    person()
    changed = WEBINAR | {"properties": {"type": "object"}}
    with django_capture_on_commit_callbacks(execute=True):
        versions = [
            sender.post("/api/v1/engagement/types", body).json()["version"] for body in (WEBINAR, WEBINAR, changed)
        ]

    current = sender.post("/api/v1/engagement/webinar-join", webinar())
    pinned = sender.post("/api/v1/engagement/webinar-join", webinar() | {"schemaVersion": 1})

    assert versions == [1, 1, 2]
    assert (current.status_code, pinned.status_code) == (202, 400)


@pytest.mark.parametrize(
    ("changes", "status", "param"),
    [
        ({"name": "click"}, 409, "name"),
        ({"name": "Webinar Join"}, 400, "name"),
        ({"name": "events"}, 400, "name"),
        ({"required": ["timestamp"]}, 400, "required"),
        ({"purpose": "nonsense"}, 400, "purpose"),
        ({"properties": {"type": "array"}}, 400, "properties"),
        ({"properties": {"type": "object", "properties": {"a": {"type": "wat"}}}}, 400, "properties"),
        ({"properties": {"type": "object", "$ref": "https://example.com/s.json"}}, 400, "properties"),
        ({"properties": {"type": "object", "$schema": "http://json-schema.org/draft-04/schema#"}}, 400, "properties"),
    ],
)
def test_type__that_cannot_be_used__is_refused_and_nothing_registered(sender, changes, status, param):
    answer = sender.post("/api/v1/engagement/types", WEBINAR | changes)

    assert (answer.status_code, answer.json()["param"]) == (status, param)
    assert not EventType.objects.exists()


def test_rejections__of_the_caller__are_counted_without_what_was_sent(sender, caller, person):
    person()
    for _ in range(3):
        sender.post("/api/v1/engagement/click", click(campaignId=None, elementId="secret words"))

    rows = sender.get("/api/v1/engagement/rejections").json()["data"]
    others = caller("engagement:read").get("/api/v1/engagement/rejections").json()["data"]

    assert {(row["type"], row["code"], row["param"]) for row in rows} == {("click", "missing_field", "campaignId")}
    assert sum(row["count"] for row in rows) == 3
    assert "secret" not in str(rows)
    assert others == []
