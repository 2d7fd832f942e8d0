"""/sinks: brokers of one client, what is answered about them, and what others see."""

import pytest

from core import outbox
from integrations.models import LogSink

pytestmark = pytest.mark.django_db
SINK = {
    "kind": "kafka",
    "name": "Warehouse",
    "servers": "kafka.example.com:9093",
    "destination": "hub.events",
    "mechanism": "PLAIN",
    "username": "hub",
    "password": "a-long-password",
    "event_types": ["customer.*"],
}


@pytest.fixture
def partner(caller):
    return caller("sinks:manage", tier="unlimited")


def made(partner, **values):
    answer = partner.post("/api/v1/sinks", SINK | values)
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_create__valid__never_answers_the_password(partner):
    answer = made(partner)

    read = partner.get(f"/api/v1/sinks/{answer['id']}")
    listed = partner.get("/api/v1/sinks").json()["data"]
    assert (answer["state"], answer["tls"], answer["purpose"], answer["sent"]) == ("active", True, "service", 0)
    assert [one["id"] for one in listed] == [answer["id"]]
    assert b"password" not in read.content
    assert "ETag" in read.headers


def test_create__what_people_do__needs_the_right_to_read_it(partner, caller):
    wanted = SINK | {"event_types": ["engagement.*"]}

    refused = partner.post("/api/v1/sinks", wanted)
    allowed = caller("sinks:manage", "engagement:read").post("/api/v1/sinks", wanted)

    assert (refused.status_code, allowed.status_code) == (403, 201)
    assert LogSink.objects.count() == 1


@pytest.mark.parametrize(
    ("values", "param"),
    [
        ({"kind": {}}, "kind"),
        ({"start": {}}, "start"),
        ({"servers": "192.168.1.8:9092"}, "servers"),
        ({"payload": []}, "payload"),
        ({"mechanism": {}}, "mechanism"),
        ({"state": "paused"}, "state"),
    ],
)
def test_create__wrong_value__names_the_field(partner, values, param):
    answer = partner.post("/api/v1/sinks", SINK | values)

    assert (answer.status_code, answer.json()["param"]) == (400, param)
    assert not LogSink.objects.exists()


def test_sink__of_another_client__does_not_exist(partner, caller):
    sink_id = made(partner)["id"]
    other = caller("sinks:manage")

    answers = [
        other.get(f"/api/v1/sinks/{sink_id}"),
        other.delete(f"/api/v1/sinks/{sink_id}"),
        other.post(f"/api/v1/sinks/{sink_id}/pause"),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert LogSink.objects.get().state == "active"


def test_sink__events_wait__says_since_when(partner):
    sink_id = made(partner, start="beginning")["id"]
    before = partner.get(f"/api/v1/sinks/{sink_id}").json()["behind_since"]

    outbox.publish(topic="campaign.paused", subject="cmp_1", payload={})

    assert before is None or before.endswith("Z")
    assert partner.post(f"/api/v1/sinks/{sink_id}/pause").json()["state"] == "paused"
    assert partner.post(f"/api/v1/sinks/{sink_id}/test").status_code == 409
    assert partner.post(f"/api/v1/sinks/{sink_id}/resume").json()["state"] == "active"
    assert partner.post(f"/api/v1/sinks/{sink_id}/test").status_code == 202
    assert partner.delete(f"/api/v1/sinks/{sink_id}").status_code == 204
    assert not LogSink.objects.exists()
