"""/stream where no connection can be held: what is there comes in one piece, and the place to go on at the end."""

from datetime import UTC, datetime

import pytest

from consent.models import DisclosureFlow
from consent.services.disclosures import drain_disclosures, hand_on
from core import outbox
from core.models import OutboxMessage
from tests.factories.consent import make_person
from tests.support.streams import events_in
from tests.support.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def reader(caller):
    return caller("events:read", tier="unlimited")


def settle():
    newest = OutboxMessage.objects.order_by("-xid").values_list("xid", flat=True)[0]
    assert eventually(lambda: outbox.horizon() > newest)


def say(*subjects, topic="campaign.paused", **payload):
    outbox.publish_many([outbox.Fact(topic, subject, payload) for subject in subjects])
    settle()


def events(answer):
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/event-stream")
    return list(events_in(answer.content.decode().splitlines()))


def test_stream__read_again_and_again__gives_everything_once_in_order(reader):
    say("cmp_1", "cmp_2")
    say("seg_1", topic="segment.rebuilt")
    first = events(reader.get("/api/v1/stream?topics=campaign.*,segment.rebuilt&since=0"))
    say("cmp_3", "seg_2")

    second = events(reader.get("/api/v1/stream", last_event_id=first[-1].id))
    within = events(reader.get("/api/v1/stream", last_event_id=first[0].id))

    assert [one.data["subject"] for one in first[:-1]] == ["cmp_1", "cmp_2", "seg_1"]
    assert (first[-1].name, first[-1].data["code"]) == ("closed", "come_back")
    assert [one.data["subject"] for one in second[:-1]] == ["cmp_3", "seg_2"]
    assert [one.data["subject"] for one in within[:-1]] == ["cmp_2", "seg_1", "cmp_3", "seg_2"]


def test_stream__without_a_place__begins_now(reader):
    say("cmp_1")

    nothing = events(reader.get("/api/v1/stream"))
    say("cmp_2")

    assert [one.name for one in nothing] == ["closed"]
    assert events(reader.get("/api/v1/stream", last_event_id=nothing[0].id))[0].data["subject"] == "cmp_2"


def test_stream__data__is_the_cloud_event_that_webhooks_send(reader, settings):
    say("cmp_1", number=7, by="staff:usr_1")

    one = events(reader.get("/api/v1/stream?since=0&topics=campaign.*"))[0]

    row = OutboxMessage.objects.get(topic="campaign.paused")
    assert one.id == one.data["sequence"] == f"{row.xid}.{row.pk}"
    assert (one.data["specversion"], one.data["source"]) == ("1.0", settings.PUBLIC_URL)
    assert (one.data["id"], one.data["type"]) == ("evt_" + row.message_id.removeprefix("msg_"), "campaign.paused")
    assert one.data["data"] == {"id": "cmp_1", "sequence": one.id, "number": 7}


def test_stream__filter__keeps_what_has_one_of_the_values(reader):
    for segment in ("seg_a", "seg_b", "seg_c"):
        say(segment, topic="segment.rebuilt", segment=segment)

    found = events(reader.get("/api/v1/stream?since=0&filter=segment:seg_a,seg_c"))

    assert [one.data["subject"] for one in found[:-1]] == ["seg_a", "seg_c"]


def test_person__purpose_not_allowed__is_kept_back_but_a_no_reaches_everybody(reader):
    yes, no = make_person(), make_person()
    OutboxMessage.objects.all().delete()
    for person in (yes, no):
        say(person.public_id, topic="customer.updated", changed=["email"])
    say(no.public_id, topic="consent.withdrawn", purposes=["sale_share"])

    for_sale = events(reader.get("/api/v1/stream?since=0&purpose=sale_share"))
    for_service = events(reader.get("/api/v1/stream?since=0"))

    assert [one.data["type"] for one in for_sale[:-1]] == ["consent.withdrawn"]
    assert [one.data["subject"] for one in for_service[:-1]] == [yes.public_id, no.public_id, no.public_id]


def test_person__told__stands_in_the_disclosures(reader):
    person = make_person()
    OutboxMessage.objects.all().delete()
    say(person.public_id, topic="customer.updated")

    reader.get("/api/v1/stream?since=0")
    hand_on()
    drain_disclosures()

    flows = DisclosureFlow.objects.filter(way="stream", recipient=f"client:{reader.client.public_id}")
    assert [flow.kinds for flow in flows] == ["record"]


def test_engagement__named_and_allowed__comes_in_the_same_order(caller):
    person = make_person(external_id="12345")
    scopes = ("events:read", "engagement:read", "engagement:write", "consent:write")
    reader = caller(*scopes, tier="unlimited")
    yes = {"purpose": "analytics", "event": "granted", "noticeVersion": 1, "locale": "en"}
    body = {"consents": [{"userId": "12345", "purposes": [yes]}]}
    assert reader.post("/api/v1/consents", body, idempotency_key="yes").status_code == 200
    say("cmp_1")
    click = {"type": "click", "userId": "12345", "campaignId": "spring", "elementId": "button"}
    click |= {"deviceType": "mobile", "timestamp": datetime.now(UTC).isoformat()}
    sent = reader.post("/api/v1/engagement/events", {"events": [click]})
    assert sent.status_code == 202, sent.content
    say("cmp_2")

    found = events(reader.get("/api/v1/stream?since=0&topics=campaign.*,engagement.click&purpose=analytics"))

    mine = [one for one in found[:-1] if one.data["subject"] in ("cmp_1", person.public_id, "cmp_2")]
    assert [one.data["type"] for one in mine] == ["campaign.paused", "engagement.click", "campaign.paused"]
    assert mine[1].data["subject"] == person.public_id
    assert mine[1].data["data"]["campaignId"] == "spring"
    behind = events(reader.get("/api/v1/stream?topics=campaign.*,engagement.*", last_event_id=mine[1].id))
    assert [one.data["subject"] for one in behind[:-1]] == ["cmp_2"]


def test_engagement__without_its_scope__is_refused(reader):
    answer = reader.get("/api/v1/stream?topics=engagement.*")

    assert (answer.status_code, answer.json()["required_scope"]) == (403, "engagement:read")


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("topics=nobody.*", "topics"),
        ("topics=engagement.nothing", "topics"),
        ("since=x", "since"),
        ("filter=vip", "filter"),
        ("purpose=none", "purpose"),
        ("limit=1", "limit"),
        ("since=0&since=0", "since"),
    ],
)
def test_stream__invalid_parameter__is_refused_by_name(caller, query, param):
    answer = caller("events:read", "engagement:read").get(f"/api/v1/stream?{query}", accept="text/event-stream")

    assert (answer.status_code, answer.json()["param"]) == (400, param)


def test_stream__place_behind_which_the_log_is_gone__is_410(reader):
    say("cmp_1", "cmp_2")
    first = OutboxMessage.objects.order_by("id")[0]
    OutboxMessage.objects.filter(pk=first.pk).delete()
    OutboxMessage.objects.update(xid=first.xid + 1)

    answer = reader.get("/api/v1/stream", last_event_id=f"{first.xid}.{first.pk}")

    assert (answer.status_code, answer.json()["code"]) == (410, "cursor_expired")


def test_stream__without_the_scope__is_refused(caller):
    assert caller("customers:read").get("/api/v1/stream").status_code == 403
