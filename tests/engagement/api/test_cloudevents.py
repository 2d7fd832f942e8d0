"""CloudEvents at the door: what the SDK of the specification writes is stored, by the same gate and with its errors."""

import base64
import json
from datetime import UTC, datetime

import pytest
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent
from django.conf import settings

from consent.models import ConsentEvent
from engagement.models import Event, Rejection
from engagement.rules.cloudevents import as_members, event_id
from tests.engagement.conftest import token_of

pytestmark = pytest.mark.django_db
PATH = "/api/v1/engagement/cloudevents"
SOURCE = "https://shop.example.com/till/7"
DATA = {"campaignId": "promo_2024_q2", "elementId": "signup-button", "deviceType": "mobile"}
EVENT = {
    "specversion": "1.0",
    "id": "A234-1",
    "source": SOURCE,
    "type": "com.example.shop.click",
    "time": "2024-06-10T13:45:00Z",
    "subject": "12345",
    "data": DATA,
}


def event(**changes):
    return {name: value for name, value in (EVENT | changes).items() if value is not None}


def send(sender, body, kind="application/cloudevents+json", **headers):
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"Authorization": f"Bearer {sender.token}"} | headers
    return sender.http.generic("POST", PATH, text, content_type=kind, headers=sent)


def from_sdk(sender, message):
    headers = {name: value for name, value in message.headers.items() if name.lower() != "content-type"}
    kind = next(value for name, value in message.headers.items() if name.lower() == "content-type")
    return send(sender, message.body, kind, **headers)


def made(number="A234-1"):
    at = datetime(2024, 6, 10, 13, 45, tzinfo=UTC)
    attributes = {"id": number, "source": SOURCE, "type": "com.example.shop.click", "time": at, "subject": "12345"}
    return CloudEvent({**attributes, "datacontenttype": "application/json"}, DATA)


@pytest.mark.parametrize("written", [to_binary_event, to_structured_event])
def test_event__written_by_the_sdk__is_stored_and_the_second_time_a_duplicate(sender, person, written):
    jane = person()

    first, again = from_sdk(sender, written(made())), from_sdk(sender, written(made()))

    assert (first.status_code, again.status_code) == (202, 200), first.content
    assert first.json() == {"eventId": f"{SOURCE} A234-1", "status": "accepted"}
    assert again.json()["status"] == "duplicate"
    [stored] = Event.objects.all()
    assert (stored.customer_id, stored.occurred_at) == (jane.pk, datetime(2024, 6, 10, 13, 45, tzinfo=UTC))
    assert stored.properties["elementId"] == "signup-button"


@pytest.mark.parametrize("kind", ["application/cloudevents-batch+json", "application/json; charset=utf-8"])
def test_batch__some_refused__answers_a_verdict_for_each(sender, person, kind):
    person()
    batch = [event(), event(id="A234-2"), event(id="A234-1"), event(source=None), event(id="A234-3", type="nowhere"), 5]

    answer = send(sender, batch, kind)

    said = answer.json()
    assert answer.status_code == 207
    assert (said["accepted"], said["duplicates"], said["rejected"]) == (2, 1, 3)
    assert [result.get("code") for result in said["results"]][3:] == [
        "missing_field",
        "unknown_type",
        "invalid_parameter",
    ]
    assert Event.objects.count() == 2


def test_event__same_id_of_another_source__is_another_event(sender, person):
    person()

    answers = [send(sender, event(source=source)).status_code for source in ("/till/7", "/till/8")]

    assert answers == [202, 202]
    assert Event.objects.count() == 2


def test_event__no_time_and_data_that_name_the_person__happened_now(sender, person):
    person("ext-1")

    answer = send(sender, event(time=None, subject="the basket", data=DATA | {"userId": "ext-1"}))

    assert answer.status_code == 202, answer.content
    assert (datetime.now(UTC) - Event.objects.get().occurred_at).total_seconds() < 300


def test_event__token_as_extension_or_data_in_base64__is_read(sender, person):
    jane = person()
    packed = base64.b64encode(json.dumps(DATA).encode()).decode()

    answer = send(sender, event(data=None, data_base64=packed, consenttoken=token_of(jane), traceparent="00-1-2-00"))

    assert answer.status_code == 202, answer.content
    assert Event.objects.get().properties["elementId"] == "signup-button"


@pytest.mark.parametrize(
    ("changes", "status", "code", "param"),
    [
        ({"specversion": "0.3"}, 400, "invalid_parameter", "specversion"),
        ({"specversion": None}, 400, "missing_field", "specversion"),
        ({"id": ""}, 400, "invalid_parameter", "id"),
        ({"id": 5}, 400, "invalid_parameter", "id"),
        ({"source": "a b"}, 400, "invalid_parameter", "source"),
        ({"time": "yesterday"}, 400, "invalid_parameter", "timestamp"),
        ({"data": "text"}, 400, "invalid_parameter", "data"),
        ({"data": {**DATA, "eventId": "x"}}, 400, "unknown_parameter", "eventId"),
        ({"data": {**DATA, "colour": "red"}}, 400, "unknown_parameter", "colour"),
        ({"data": None, "data_base64": "%"}, 400, "invalid_parameter", "data_base64"),
        ({"datacontenttype": "text/xml"}, 400, "invalid_parameter", "datacontenttype"),
        ({"data": {"elementId": "x"}}, 400, "missing_field", "campaignId"),
        ({"type": "com.example.nowhere"}, 404, None, None),
        ({"subject": "stranger"}, 403, "consent_required", "userId"),
    ],
)
def test_event__wrong__is_refused_like_any_other_and_counted(sender, person, changes, status, code, param):
    person()

    answer = send(sender, event(**changes))

    assert answer.status_code == status, answer.content
    if code:
        assert (answer.json()["code"], answer.json().get("param")) == (code, param)
    assert not Event.objects.exists()
    assert Rejection.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"{", "application/cloudevents+json", 400, "malformed_json"),
        (b"[]", "application/cloudevents-batch+json", 400, "missing_field"),
        (b"{}", "application/cloudevents-batch+json", 400, "invalid_parameter"),
        (json.dumps([EVENT] * 101).encode(), "application/cloudevents-batch+json", 400, "batch_too_large"),
        (b"[]", "application/cloudevents+json", 400, "invalid_parameter"),
        (b"<event/>", "application/cloudevents+xml", 415, "unsupported_media_type"),
    ],
)
def test_body__that_is_no_event__is_refused(sender, body, kind, status, code):
    answer = send(sender, body, kind)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Event.objects.exists()


def test_binary__data_that_are_no_json__are_refused(sender):
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/", "ce-type": "click"}

    assert send(sender, b"<a/>", "text/plain", **headers).status_code == 415
    assert send(sender, b"{", "application/json", **headers).status_code == 400


def test_door__without_the_scope__is_closed(caller):
    answer = send(caller("customers:read"), event())

    assert answer.status_code == 403
    assert not Event.objects.exists()


@pytest.mark.parametrize("body", [event(type="nowhere"), [event(type="nowhere")]])
def test_signal__of_a_refused_event__is_kept_of_the_person_it_names(sender, person, body):
    jane = person()

    send(sender, body, "application/json", **{"Sec-GPC": "1"})

    assert ConsentEvent.objects.filter(customer=jane, source="gpc").exists()
    assert not Event.objects.exists()


def test_event_id__long_or_alike__stays_one_text_for_each():
    assert event_id("/a", "b c") != event_id("/a%20b", "c")
    assert len(event_id("/" + "a" * 500, "1")) == 67
    assert as_members(event())["eventId"] == f"{SOURCE} A234-1"


def test_documented__address__is_open_to_pages():
    assert PATH.startswith(settings.API_PATHS_FOR_PAGES)
