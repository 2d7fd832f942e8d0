"""What may not go to a company leaves through no door: lists, single records, feeds and the stream keep to one rule."""

from datetime import UTC, datetime, timedelta
from unittest.mock import ANY

import pytest

from consent.models import DisclosureFlow
from consent.services.disclosures import drain_disclosures, hand_on
from core import outbox
from core.actors import SYSTEM
from core.models import OutboxMessage
from customers.models import Customer, Tag
from customers.services.customers import delete_customer
from tests.factories.consent import make_person
from tests.factories.registers import company_of
from tests.support.streams import events_in
from tests.support.waiting import eventually

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
SCOPES = ("customers:read", "customers.pii:read", "customers:write", "tags:write", "events:read")


@pytest.fixture
def partner(caller):
    """The API client of a company that must not get data of people in Germany, nor keep anything for over a month."""
    client = caller(*SCOPES, tier="unlimited")
    company_of(client.client, barred_places=["DE"], keep_days=30)
    return client


@pytest.fixture
def people():
    """One person who may be told about and one who may not."""
    free = make_person(email="free@example.com", first_name="Ines", country="FR")
    held = make_person(email="held@example.com", first_name="Uta", country="DE")
    return free, held


def told_about():
    hand_on()
    drain_disclosures()
    return DisclosureFlow.objects.count()


@pytest.mark.parametrize(
    "read",
    [
        lambda client, ids: client.get("/api/v1/customers"),
        lambda client, ids: client.get("/api/v1/customers?fields=email"),
        lambda client, ids: client.get("/api/v1/customers?include_deleted=true"),
        lambda client, ids: client.post("/api/v1/customers/batch/read", {"ids": ids}),
        lambda client, ids: client.post("/api/v1/customers/search", _SEARCH),
    ],
    ids=["list", "fields", "deleted", "batch", "search"],
)
def test_lists__person_whose_data_may_not_go_there__is_left_out_and_counted(partner, people, read):
    answer = read(partner, [person.public_id for person in people])

    assert answer.status_code == 200
    text = answer.content.decode()
    assert "free@example.com" in text
    assert "held@example.com" not in text
    assert answer.json()["withheld"] == {"place_barred": 1}


@pytest.mark.parametrize("mode", ["offset", "cursor"])
def test_list__every_second_person_withheld__pages_are_full_and_the_total_is_what_can_be_read(partner, people, mode):
    for number in range(4):
        make_person(email=f"p{number}@example.com", country=("DE", "FR")[number % 2])

    first = partner.get(f"/api/v1/customers?limit=2&pagination={mode}")
    second = partner.get(first.headers["Link"].partition("<")[2].partition(">")[0])

    assert [len(answer.json()["data"]) for answer in (first, second)] == [2, 1]
    assert {row["country"] for answer in (first, second) for row in answer.json()["data"]} == {"FR"}
    assert "next" not in second.headers.get("Link", "")
    assert first.json()["withheld"] == {"place_barred": 3}
    assert first.json()["pagination"].get("total") == {"offset": 3, "cursor": None}[mode]


def test_list__tombstone_of_a_person_withheld__is_told_and_counted(partner, people):
    delete_customer(customer=people[1], reason="moved on", by=SYSTEM, now=NOW)

    whole = partner.get("/api/v1/customers?include_deleted=true").json()
    uncounted = partner.get("/api/v1/customers?count=none").json()

    assert {row["id"] for row in whole["data"]} == {person.public_id for person in people}
    assert (whole["pagination"]["total"], "withheld" in whole) == (2, False)
    assert ("total" in uncounted["pagination"], "withheld" in uncounted) == (False, False)


_SEARCH = {"filter_groups": [{"filters": [{"property": "country", "operator": "IN", "values": ["DE", "FR"]}]}]}


@pytest.mark.parametrize("path", ["", "/purchases", "/identities", "/timeline"])
def test_record__person_whose_data_may_not_go_there__is_refused_with_the_reason(partner, people, path):
    before = told_about()

    answer = partner.get(f"/api/v1/customers/{people[1].public_id}{path}")

    assert (answer.status_code, answer.json()["code"]) == (403, "withheld_from_recipient")
    assert "data of people there may not go to this recipient" in answer.json()["message"]
    assert "held@example.com" not in answer.content.decode()
    assert told_about() == before
    assert partner.get(f"/api/v1/customers/{people[0].public_id}{path}").status_code == 200


def test_write__person_whose_data_may_not_go_there__is_refused_and_nothing_is_stored(partner, people):
    changed = partner.patch(f"/api/v1/customers/{people[1].public_id}", {"first_name": "X"})
    tagged = partner.put(f"/api/v1/users/{people[1].public_id}/tags", {"tags": ["vip"]})
    created = partner.post("/api/v1/customers", {"email": "new@example.com", "country": "DE"})

    assert (changed.status_code, tagged.status_code) == (403, 403)
    assert Customer.objects.get(pk=people[1].pk).first_name == "Uta"
    assert not Tag.objects.filter(name="vip").exists()
    assert created.status_code == 201
    assert created.json() == {"id": ANY, "object": "customer", "withheld": {"place_barred": 1}}
    assert created.headers["Location"] == f"/api/v1/customers/{created.json()['id']}"
    assert "ETag" not in created.headers


@pytest.mark.django_db(transaction=True)
def test_feeds__person_barred_or_older_than_may_be_kept__is_left_out_but_an_erasure_reaches_everybody(partner, people):
    free, held = people
    OutboxMessage.objects.all().delete()
    names = [free.public_id, held.public_id]
    outbox.publish_many([outbox.Fact("customer.updated", name, {"changed": ["email"]}) for name in names])
    OutboxMessage.objects.filter(subject=free.public_id).update(created_at=NOW - timedelta(days=31))
    outbox.publish_many([outbox.Fact("customer.updated", free.public_id, {"changed": ["phone"]})])
    outbox.publish_many([outbox.Fact("customer.deleted", held.public_id, {"reason": "x"})])
    newest = OutboxMessage.objects.order_by("-xid").values_list("xid", flat=True)[0]
    assert eventually(lambda: outbox.horizon() > newest)

    records = partner.get("/api/v1/customers/changes")
    feed = partner.get("/api/v1/changes").json()
    streamed = partner.get("/api/v1/stream?since=0").content.decode().splitlines()

    said = [(one.data["type"], one.data["subject"]) for one in list(events_in(streamed))[:-1]]
    assert [(row["type"], row["data"]["id"]) for row in feed["data"]] == said
    assert said == [("customer.updated", free.public_id), ("customer.deleted", held.public_id)]
    assert feed["withheld"] == {"kept_too_long": 1, "place_barred": 1}
    assert "free@example.com" in records.content.decode()
    assert "held@example.com" not in records.content.decode()
    assert records.json()["withheld"] == {"place_barred": 1}


def test_every_door__agreement_over__is_shut(caller, people):
    client = caller(*SCOPES, tier="unlimited")
    company_of(client.client, agreement_ends_on=NOW.date() - timedelta(days=1))

    answers = [
        client.get(path)
        for path in (
            "/api/v1/customers",
            f"/api/v1/customers/{people[0].public_id}",
            "/api/v1/customers/changes",
            "/api/v1/changes",
            "/api/v1/stream?since=0",
        )
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(403, "processor_not_covered")] * 5


def test_list__client_without_a_company__costs_no_query_for_the_rule(
    caller, people, django_assert_max_num_queries, django_assert_num_queries
):
    client = caller(*SCOPES, tier="unlimited")
    client.get("/api/v1/customers")

    with django_assert_max_num_queries(30) as first:
        whole = client.get("/api/v1/customers")
    make_person(email="third@example.com", country="DE")
    with django_assert_num_queries(len(first)):
        again = client.get("/api/v1/customers")

    assert "withheld" not in whole.json()
    assert len(again.json()["data"]) == 3
    assert not [query for query in first if "consent_processor" in query["sql"]]
