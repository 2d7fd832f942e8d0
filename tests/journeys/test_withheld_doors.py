"""What may not go to a company leaves by none of the doors beside the list: each reads the same register."""

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.models import Exposure
from consent.models import ConsentEvent, DataRequest
from core import outbox
from core.actors import SYSTEM
from customers.models import DuplicatePair, Merge
from customers.services.merges import request_merge
from engagement.models import Prediction
from engagement.rules.predictions import read_row
from engagement.selectors.stream import Place
from engagement.services.predictions import Row, write_predictions
from tests.engagement.support import committed, store_event
from tests.factories.automations import make_automation, put_in
from tests.factories.campaigns import launched, make_audience, make_campaign, make_people, make_promotion
from tests.factories.consent import agreed_to, make_person
from tests.factories.registers import company_of
from tests.factories.requests import make_request, package_example

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
SCOPES = (
    *("customers:read", "customers.pii:read", "customers:write", "segments:read", "campaigns:read", "campaigns:write"),
    *("consent:read", "engagement:read", "predictions:write", "privacy:read"),
    *("privacy:write", "privacy:fulfil", "events:read"),
)


@pytest.fixture
def reader(caller):
    """The API client of a company that must not get data of people in Germany."""
    client = caller(*SCOPES, tier="unlimited")
    company_of(client.client, barred_places=["DE"])
    return client


@pytest.fixture
def people():
    """One person who may be told about and one who may not."""
    return make_people(1, country="FR")[0], make_people(1, country="DE")[0]


def predicted(person):
    said = read_row(model="churn", user=person.public_id, raw={"score": 0.8, "model_version": "1"}, now=NOW)
    write_predictions(rows=[Row(said)], by=SYSTEM, now=NOW)


def asked(person):
    return make_request(customer=person.public_id, contact="").public_id


def agreed(person, purpose="analytics"):
    agreed_to(person, purpose)
    return ConsentEvent.objects.filter(customer=person).latest("pk").public_id


RECORDS = {
    "prediction": "/api/v1/predictions/churn/{id}",
    "consent": "/api/v1/consent/{id}",
    "ledger": "/api/v1/consent/history/{id}",
    "check": "/api/v1/consents/check?subject={id}&purpose=analytics",
    "check-then": "/api/v1/consents/check?subject={id}&purpose=analytics&region=FR",
    "move": "/api/v1/consents/simulate?subject={id}&place=US-CA",
    "receipt": "/api/v1/consents/{entry}/receipt",
    "consumers": "/api/v1/consents/{entry}/consumers",
    "recipients": "/api/v1/disclosures/customers/{id}",
    "segments": "/api/v1/customers/{id}/segments",
    "scores": "/api/v1/customers/{id}/scores",
    "explanation": "/api/v1/segments/{segment}/explain?customer={id}",
    "series": "/api/v1/events?customer={id}&bucket=day",
    "request": "/api/v1/privacy-requests/{request}",
    "timeline": "/api/v1/privacy-requests/{request}/timeline",
    "deadline": "/api/v1/privacy-requests/{request}/deadline/explain",
}


@pytest.mark.parametrize("path", RECORDS.values(), ids=RECORDS)
def test_record__person_whose_data_may_not_go_there__is_refused_with_the_reason(reader, people, path):
    segment = make_audience(people).slug
    pages = []
    for person in people:
        predicted(person)
        pages.append(path.format(id=person.public_id, entry=agreed(person), segment=segment, request=asked(person)))

    free, held = (reader.get(page) for page in pages)

    assert free.status_code == 200, free.content
    assert (held.status_code, held.json()["code"]) == (403, "withheld_from_recipient")
    assert "data of people there may not go to this recipient" in held.json()["message"]


def test_prediction__written_about_a_person_withheld__is_refused_and_nothing_is_stored(reader, people):
    answer = reader.put(f"/api/v1/predictions/churn/{people[1].public_id}", {"score": 0.8, "model_version": "1"})

    assert (answer.status_code, answer.json()["code"]) == (403, "withheld_from_recipient")
    assert not Prediction.objects.exists()


def test_members__person_withheld__are_left_out_of_the_segment_and_of_its_changes(reader, people):
    segment = make_audience(people)

    members = reader.get(f"/api/v1/segments/{segment.slug}/members").json()["data"]
    changes = reader.get(f"/api/v1/segments/{segment.slug}/changes").json()["data"]

    assert [row["id"] for row in members] == [people[0].public_id]
    assert {row["customer"] for row in changes} <= {people[0].public_id}


def test_campaign_and_automation__person_withheld__is_in_no_list_and_no_total(reader, people):
    campaign, automation = launched(make_campaign(people)), make_automation()
    free, held = (put_in(automation, person) for person in people)

    sent = reader.get(f"/api/v1/campaigns/{campaign.public_id}/deliveries").json()
    runs = reader.get(f"/api/v1/automations/{automation.public_id}/runs").json()
    one = reader.get(f"/api/v1/automations/{automation.public_id}/runs/{held.public_id}")

    assert ([row["customer"] for row in sent["data"]], sent["pagination"]["total"]) == ([people[0].public_id], 1)
    assert ([row["id"] for row in runs["data"]], runs["pagination"]["total"]) == ([free.public_id], 1)
    assert (one.status_code, one.json()["code"]) == (403, "withheld_from_recipient")


def test_promotion_and_flags__person_withheld__are_those_of_nobody_and_nothing_is_logged(caller):
    client = caller("promotions:serve", "flags:evaluate", tier="unlimited")
    company_of(client.client, barred_places=["DE"])
    free, held = make_people(1, country="FR")[0], make_people(1, country="DE")[0]
    promotion = make_promotion()
    for person in (free, held):
        agreed(person, purpose="personalisation")

    shown = [client.get(f"/api/v1/promotion?userId={one.public_id}").json() for one in (free, held)]
    context = {"context": {"targetingKey": held.public_id}}
    flag = client.post(f"/ofrep/v1/evaluate/flags/{promotion.key}", context)

    assert [one["assignment"] for one in shown] == ["split", "default"]
    assert (flag.status_code, flag.json()["reason"]) == (200, "STATIC")
    assert [row.customer_id for row in Exposure.objects.all()] == [free.pk]


def test_merges_and_pairs__one_of_the_two_withheld__are_neither_shown_nor_asked_for(reader, people):
    free, held = people
    pair = DuplicatePair.objects.create(public_id=DuplicatePair.new_public_id(), left=free, right=held, score=15)
    merge = request_merge(survivor=free, absorbed=held, reason="Same.", by=SYSTEM, now=NOW)
    kept, path = Merge.objects.count(), f"/api/v1/customers/{free.public_id}/merge"

    lists = [reader.get(f"/api/v1/{name}").json() for name in ("merges", "duplicates")]
    refused = [
        reader.get(f"/api/v1/merges/{merge.public_id}"),
        reader.get(f"/api/v1/duplicates/{pair.public_id}"),
        reader.get(f"{path}?from={held.public_id}"),
        reader.post(path, {"from": held.public_id}),
    ]

    assert [(page["data"], page["pagination"]["total"]) for page in lists] == [([], 0), ([], 0)]
    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(403, "withheld_from_recipient")] * 4
    assert Merge.objects.count() == kept


def test_requests__person_withheld__are_in_no_list_and_no_total_and_cannot_be_moved(reader, people):
    free, held = (asked(person) for person in people)

    page = reader.get("/api/v1/privacy-requests").json()
    refused = [reader.post(f"/api/v1/privacy-requests/{held}/{step}", {}) for step in ("acknowledge", "deliver")]

    assert ([row["id"] for row in page["data"]], page["pagination"]["total"]) == ([free], 1)
    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(403, "withheld_from_recipient")] * 2
    assert DataRequest.objects.get(public_id=held).state == "received"


def test_package__of_a_person_withheld__is_not_handed_over(reader):
    package = package_example()["public_id"]

    answer = reader.get(f"/api/v1/privacy-requests/{package}/export")

    assert (answer.status_code, answer.json()["code"]) == (403, "withheld_from_recipient")


def test_request__sent_for_a_person_withheld__is_taken_and_names_no_earlier_one(reader, people):
    asked(people[1])
    body = {"type": "access", "customer": people[1].public_id}

    answer = reader.post("/api/v1/privacy-requests", body, idempotency_key="one")

    assert (answer.status_code, answer.json()["duplicate_of"]) == (202, None)
    assert DataRequest.objects.filter(customer=people[1], duplicate_of__isnull=False).count() == 1
    assert reader.get(f"/api/v1/privacy-requests/{answer.json()['id']}").status_code == 403


@pytest.mark.django_db(transaction=True)
def test_request_events__of_a_person_withheld__are_left_out_of_the_feed_and_counted(reader, people):
    begin = reader.get("/api/v1/changes?topics=dsar.*").json()["next_token"]
    free, _ = (asked(person) for person in people)
    committed()

    feed = reader.get(f"/api/v1/changes?topics=dsar.*&since={begin}").json()

    assert [row["data"]["request"] for row in feed["data"]] == [free]
    assert feed["withheld"] == {"place_barred": 1}


@pytest.mark.django_db(transaction=True)
def test_events__of_a_person_withheld_or_older_than_may_be_kept__are_left_out_and_counted(caller):
    client = caller(*SCOPES, tier="unlimited")
    company_of(client.client, barred_places=["DE"], keep_days=30)
    free, held = make_person(country="FR"), make_person(country="DE")
    begin = Place(outbox.horizon() - 1).seal()
    for person, days in ((free, 0.5), (held, 0.5), (free, 40)):
        store_event(customer_id=person.pk, at=NOW - timedelta(days=days))
    committed()

    stream = client.get(f"/api/v1/engagement/events?cursor={begin}").json()
    listed = client.get(f"/api/v1/events?customer={free.public_id}").json()
    nobody = client.get(f"/api/v1/events?customer={held.public_id}").json()

    assert [row["customerId"] for row in stream["data"]] == [free.public_id]
    assert stream["withheld"] == {"place_barred": 1, "kept_too_long": 1}
    assert (len(listed["data"]), listed["withheld"]) == (1, {"kept_too_long": 1})
    assert (nobody["data"], nobody["withheld"]) == ([], {"place_barred": 1})


def test_every_door__agreement_over__is_shut(caller, people):
    client, segment, entry = caller(*SCOPES, tier="unlimited"), make_audience(people).slug, agreed(people[0])
    request = asked(people[0])
    predicted(people[0])
    company_of(client.client, agreement_ends_on=NOW.date() - timedelta(days=1))
    more = ("/api/v1/engagement/events", "/api/v1/events", f"/api/v1/segments/{segment}/members", "/api/v1/merges")

    answers = [
        client.get(path.format(id=people[0].public_id, entry=entry, segment=segment, request=request))
        for path in (*RECORDS.values(), *more, "/api/v1/duplicates", "/api/v1/privacy-requests")
    ]

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(403, "processor_not_covered")}
