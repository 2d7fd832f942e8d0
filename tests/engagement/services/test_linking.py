"""Visitors of `identify` events become part of their customers: over HTTP, once, without widening consent."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from consent.services.consent import ConsentEntry, record_consent
from core.actors import SYSTEM
from core.models import Cursor, OutboxMessage
from customers.models import Customer, Identity
from customers.selectors.customers import all_ids
from customers.selectors.timeline import read_timeline
from customers.services.customers import delete_customer
from customers.services.identities import ensure_anonymous
from engagement.models import Event, Rejection
from engagement.services import linking
from engagement.services.followers import seconds_behind
from tests.engagement.conftest import agree, withdraw
from tests.engagement.support import committed

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime.now(UTC).replace(microsecond=0)
IDENTIFY = {"userId": "12345", "anonymousId": "anon-1", "timestamp": NOW.isoformat()}
VIEW = {
    "anonymousId": "anon-1",
    "campaignId": "spring",
    "timestamp": NOW.isoformat(),
    "deviceType": "mobile",
    "eventId": "v1",
}


@pytest.fixture
def visitor():
    pk = ensure_anonymous(anonymous_ids=["anon-1"], by=SYSTEM, now=NOW, places={"anon-1": "DE"})["anon-1"]
    guest = Customer.objects.get(pk=pk)
    agree(guest)
    return guest


def link():
    committed()
    return linking.link_identified(now=datetime.now(UTC))


def kinds_on_timeline(customer):
    found = read_timeline(customer_ids=all_ids(customer), now=datetime.now(UTC), limit=50)
    return [entry.kind for _, entry in found.entries]


def test_identify__visitor_with_events__stands_on_the_known_timeline(sender, person, visitor):
    jane = person()
    assert sender.post("/api/v1/engagement/view", VIEW).status_code == 202

    answer = sender.post("/api/v1/engagement/identify", IDENTIFY)
    made = link()

    assert (answer.status_code, made) == (202, 1)
    visitor.refresh_from_db()
    assert visitor.merged_into_id == jane.pk
    assert Identity.objects.get(kind="anonymous_id").customer_id == jane.pk
    events = sender.get("/api/v1/events?customer=12345").json()["data"]
    assert {(e["type"], e["customerId"]) for e in events} == {("identify", jane.public_id), ("view", jane.public_id)}
    assert {"view", "identify"} <= set(kinds_on_timeline(jane))
    assert OutboxMessage.objects.filter(topic="customer.merged", subject=visitor.public_id).count() == 1


def test_identify__in_a_batch_with_duplicates__links_once(sender, person, visitor):
    jane = person()
    events = [{**IDENTIFY, "type": "identify", "eventId": f"i{n % 2}"} for n in range(6)]

    answer = sender.post("/api/v1/engagement/events", {"events": events})
    first, again = link(), link()
    sender.post("/api/v1/engagement/events", {"events": [{**events[0], "eventId": "i9"}]})
    later = link()

    assert (answer.json()["accepted"], answer.json()["duplicates"]) == (2, 4)
    assert (first, again, later) == (1, 0, 0)
    assert Customer.objects.filter(merged_into=jane).count() == 1


def test_identify__anonymous_id_never_seen__later_anonymous_events_are_the_customers(sender, person):
    jane = person()
    sender.post("/api/v1/engagement/identify", IDENTIFY)
    link()

    answer = sender.post("/api/v1/engagement/view", VIEW)

    assert answer.status_code == 202
    assert set(Event.objects.values_list("customer_id", flat=True)) == {jane.pk}


def test_identify__visitor_said_yes_and_customer_no__stays_no(sender, person, visitor):
    jane = person()
    no = ConsentEntry(purpose="personalisation", event="withdrawn", source="web")
    yes = ConsentEntry(
        purpose="personalisation",
        event="granted",
        source="web",
        notice_version=1,
        locale="en",
        evidence={"form_id": "b"},
    )
    record_consent(customer=jane, entries=[no], by=SYSTEM, now=datetime.now(UTC))
    record_consent(customer=visitor, entries=[yes], by=SYSTEM, now=datetime.now(UTC))
    before = Customer.objects.get(pk=jane.pk).consent_mask

    sender.post("/api/v1/engagement/identify", IDENTIFY)
    made = link()

    assert made == 1
    assert Customer.objects.get(pk=jane.pk).consent_mask & ~before == 0


def test_identify__visitor_withdrew__the_customers_yes_ends(sender, person, visitor):
    jane = person()
    before = jane.consent_mask
    sender.post("/api/v1/engagement/identify", IDENTIFY)
    withdraw(visitor)

    link()

    jane.refresh_from_db()
    assert jane.consent_mask != before
    assert sender.post("/api/v1/engagement/view", VIEW).json()["code"] == "consent_required"


@pytest.mark.parametrize("member", ["anonymousId", "userId"])
@pytest.mark.parametrize("value", ["null", "guest", "00000000-0000-0000-0000-000000000000"])
def test_identify__id_that_names_nobody__is_refused_by_member(sender, person, member, value):
    person()

    answer = sender.post("/api/v1/engagement/identify", IDENTIFY | {member: value})

    assert (answer.status_code, answer.json()["code"], answer.json()["param"]) == (400, "blocked_value", member)
    assert not Event.objects.exists()
    assert link() == 0


def test_identify__without_consent__links_nobody(sender, person, visitor):
    person(consent=False)

    answer = sender.post("/api/v1/engagement/identify", IDENTIFY)

    assert answer.json()["code"] == "consent_required"
    assert link() == 0
    assert Customer.objects.get(pk=visitor.pk).merged_into_id is None


def test_identify__anonymous_id_of_another_customer__is_counted_as_refused_and_merges_nobody(sender, person):
    jane, john = person(), person("67890")
    sender.post("/api/v1/engagement/identify", IDENTIFY)
    link()

    sender.post("/api/v1/engagement/identify", IDENTIFY | {"userId": "67890"})
    made = link()

    assert made == 0
    assert Identity.objects.get(kind="anonymous_id").customer_id == jane.pk
    assert Customer.objects.get(pk=john.pk).merged_into_id is None
    refused = Rejection.objects.get()
    assert (refused.code, refused.param, refused.event_type) == ("duplicate_anonymous_id", "anonymousId", "identify")
    assert sender.get("/api/v1/engagement/rejections").json()["data"][0]["code"] == "duplicate_anonymous_id"


def test_identify__customer_erased_before_the_link__gains_no_identifier(sender, person):
    jane = person()
    sender.post("/api/v1/engagement/identify", IDENTIFY)
    delete_customer(customer=jane, reason="asked", by=SYSTEM, now=NOW)

    assert link() == 0
    assert not Identity.objects.exists()


def test_link_identified__another_worker_at_it__ends_at_once_and_goes_on_later(sender, person, visitor):
    person()
    sender.post("/api/v1/engagement/identify", IDENTIFY)
    Cursor.objects.get_or_create(name=linking.FOLLOWER)
    held, finish = threading.Event(), threading.Event()

    def holder():
        with transaction.atomic():
            Cursor.objects.select_for_update().get(name=linking.FOLLOWER)
            held.set()
            finish.wait(20)
        connection.close()

    other = threading.Thread(target=holder)
    other.start()
    held.wait(20)
    meanwhile = linking.link_identified(now=NOW)
    waiting = seconds_behind(name=linking.FOLLOWER, now=datetime.now(UTC))
    finish.set()
    other.join()

    assert (meanwhile, link()) == (0, 1)
    assert waiting > 0


def test_link_identified__worker_dies_after_a_link__walks_again_and_links_nothing_twice(sender, person, monkeypatch):
    person()
    person("67890")
    link()
    events = [IDENTIFY, IDENTIFY | {"userId": "67890", "anonymousId": "anon-2"}]
    sender.post("/api/v1/engagement/events", {"events": [{**event, "type": "identify"} for event in events]})

    def die(**_):
        raise ConnectionError("the worker died here")

    with monkeypatch.context() as patched, pytest.raises(ConnectionError):
        patched.setattr("core.outbox.move_cursor", die)
        link()
    before = Identity.objects.filter(kind="anonymous_id").count()

    assert (before, link()) == (2, 0)
    assert Identity.objects.filter(kind="anonymous_id").count() == 2
