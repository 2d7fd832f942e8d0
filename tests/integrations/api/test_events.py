"""/events/{id}: what a webhook said, and what somebody did, by the id of either."""

from datetime import UTC, datetime, timedelta

import pytest

from core import outbox
from core.models import OutboxMessage
from engagement.models import Event
from engagement.rules.keys import public_id
from tests.engagement.support import store_event
from tests.factories.consent import make_person
from tests.factories.registers import company_of

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
BOTH = ("events:read", "engagement:read")


def published(topic="campaign.paused", subject="cmp_1", **payload):
    outbox.publish_many([outbox.Fact(topic, subject, payload)])
    return OutboxMessage.objects.latest("pk").message_id


def did(person, *, days):
    at = NOW - timedelta(days=days)
    store_event(customer_id=person.pk, at=at)
    return public_id(Event.objects.get(customer_id=person.pk, occurred_at=at).event_id)


def test_event__of_a_webhook__is_its_object_by_either_id(caller):
    message = published(by="staff:usr_1", reason="budget")
    reader = caller("events:read")
    event = "evt_" + message.removeprefix("msg_")

    first, second = (reader.get(f"/api/v1/events/{name}") for name in (event, message))
    again = reader.get(f"/api/v1/events/{event}", if_none_match=first["ETag"])

    body = first.json()
    assert (first.status_code, body, again.status_code) == (200, second.json(), 304)
    assert (body["id"], body["type"], body["livemode"], body["api_version"]) == (event, "campaign.paused", True, "1")
    assert (body["data"]["id"], body["data"]["reason"]) == ("cmp_1", "budget")
    assert b"usr_1" not in first.content


def test_event__of_engagement__is_the_row_of_the_list_for_those_who_may_read_it(caller):
    person = make_person()
    name = did(person, days=0.1)
    reader = caller(*BOTH)

    listed = reader.get(f"/api/v1/events?customer={person.public_id}").json()["data"]
    one = reader.get(f"/api/v1/events/{name}")
    without = caller("events:read").get(f"/api/v1/events/{name}")

    assert (one.status_code, [one.json()]) == (200, listed)
    assert (without.status_code, without.json()["code"]) == (404, "resource_missing")


@pytest.mark.parametrize("name", ["evt_nobody", "msg_nobody", "evt_" + "z" * 22, "evt_" + "0" * 22, "cus_1", "x"])
def test_event__that_is_not_there__is_not_found(caller, name):
    published()

    answer = caller(*BOTH).get(f"/api/v1/events/{name}")

    assert (answer.status_code, answer.json()["code"]) == (404, "resource_missing")


def test_event__topic_that_nobody_is_told__is_not_found(caller):
    message = published(topic="nothing.published")

    assert caller(*BOTH).get(f"/api/v1/events/{message}").status_code == 404


def test_event__other_scope_or_unknown_parameter__is_refused(caller):
    message = published()

    assert caller("engagement:read").get(f"/api/v1/events/{message}").json()["code"] == "insufficient_scope"
    assert caller(*BOTH).get(f"/api/v1/events/{message}?a=1").json()["code"] == "unknown_parameter"


def test_event__of_a_person_withheld__is_refused_with_the_reason_but_that_she_is_gone_reaches_all(caller):
    client = caller(*BOTH, tier="unlimited")
    company_of(client.client, barred_places=["DE"], keep_days=30)
    free, held = make_person(country="FR"), make_person(country="DE")
    done = [did(person, days=days) for person, days in ((free, 0.5), (held, 0.5), (free, 40))]
    told = [published("customer.updated", person.public_id) for person in (free, held)]
    gone = published("customer.erased", held.public_id)

    answers = [client.get(f"/api/v1/events/{name}") for name in (*told, gone, *done)]

    assert [answer.status_code for answer in answers] == [200, 403, 200, 200, 403, 403]
    assert {a.json()["code"] for a in answers if a.status_code == 403} == {"withheld_from_recipient"}
