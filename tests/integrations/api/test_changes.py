"""/changes: everything once, in the order of the log, and nothing while nothing is new."""

import pytest

from core import outbox
from core.models import OutboxMessage
from tests.support.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def reader(caller):
    return caller("events:read", tier="unlimited")


def say(*subjects, topic="campaign.paused", **payload):
    outbox.publish_many([outbox.Fact(topic, subject, payload) for subject in subjects])
    newest = OutboxMessage.objects.order_by("-xid").values_list("xid", flat=True)[0]
    assert eventually(lambda: outbox.horizon() > newest)


def test_feed__read_in_steps__gives_everything_once_in_order(reader):
    say(*[f"cmp_{number}" for number in range(7)])
    say("seg_1", topic="segment.rebuilt")
    seen, token, more = [], "", True

    while more:
        page = reader.get(f"/api/v1/changes?topics=campaign.*,segment.rebuilt&limit=3&since={token}").json()
        seen += [one["data"]["id"] for one in page["data"]]
        token, more = page["next_token"], page["has_more"]

    assert seen == [*(f"cmp_{number}" for number in range(7)), "seg_1"]
    say("cmp_8")
    later = reader.get(f"/api/v1/changes?topics=campaign.*&since={token}").json()
    assert [one["data"]["id"] for one in later["data"]] == ["cmp_8"]


def test_feed__nothing_new__is_304_and_says_when_to_ask_again(reader):
    say("cmp_1")
    token = reader.get("/api/v1/changes").json()["next_token"]

    first = reader.get(f"/api/v1/changes?since={token}")
    again = reader.get(f"/api/v1/changes?since={token}", if_none_match=first["ETag"])

    assert (first.json()["data"], first.json()["has_more"]) == ([], False)
    assert 5 <= first.json()["poll_after_s"] <= 300
    assert again.status_code == 304
    assert first["X-Poll-After"] == again["X-Poll-After"] == str(first.json()["poll_after_s"])


def test_feed__customer_gone__is_a_tombstone_without_personal_data(reader):
    say("cus_1", topic="customer.erased", request="dsr_1")

    row = reader.get("/api/v1/changes?topics=customer.erased").json()["data"][0]

    assert row["op"] == "erase"
    assert row["tombstone"]["id"] == "cus_1"
    assert (row["tombstone"]["deleted"], row["tombstone"]["reason"]) == (True, "erasure")


def test_feed__what_staff_did__does_not_name_them(reader):
    say("cmp_1", by="staff:usr_1")

    assert b"usr_1" not in reader.get("/api/v1/changes").content


@pytest.mark.parametrize(
    ("query", "param"), [("topics=nobody.*", "topics"), ("since=x", "since"), ("limit=0", "limit")]
)
def test_feed__invalid_parameter__is_refused_by_name(reader, query, param):
    answer = reader.get(f"/api/v1/changes?{query}")

    assert (answer.status_code, answer.json()["param"]) == (400, param)


def test_feed__token_older_than_the_log__is_gone(reader, settings):
    token = reader.get("/api/v1/changes").json()["next_token"]
    settings.OUTBOX_RETENTION_DAYS = 0

    answer = reader.get(f"/api/v1/changes?since={token}")

    assert (answer.status_code, answer.json()["code"]) == (410, "cursor_expired")
