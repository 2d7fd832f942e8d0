import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from redis.exceptions import ConnectionError as RedisAway

from consent.models import Disclosure, DisclosureFlow
from consent.rules.disclosures import CHUNK
from consent.selectors.disclosures import (
    collect_recipients,
    days_of,
    flows_about,
    recipients_of,
    told_of_those_who_said_no,
)
from consent.selectors.purposes import find_purpose
from consent.services import disclosures
from consent.services.consent import record_consent
from consent.services.disclosures import (
    drain_disclosures,
    hand_on,
    keep_disclosure_months,
    keep_told,
    record_disclosure,
)
from core.actors import SYSTEM
from customers.services.telling import Telling
from tests.consent.conftest import no, yes

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
LIST = Telling("client:cli_crm", "customers.list", ("name", "orders"))


@pytest.fixture(autouse=True)
def _nothing_kept():
    with disclosures._Kept.lock:
        disclosures._Kept.told, disclosures._Kept.number = {}, 0


def settled():
    hand_on()
    drain_disclosures()


def test_reads__list_record_batch_and_search__stand_in_the_ledger_of_each_person(caller, make_customer):
    people = [make_customer(email=f"p{number}@example.com") for number in range(3)]
    partner = caller("customers:read", "customers.pii:read")
    partner.get("/api/v1/customers?limit=2&fields=email")
    partner.get(f"/api/v1/customers/{people[0].public_id}")
    partner.post("/api/v1/customers/batch/read", {"ids": [people[0].public_id]})
    asked = {"property": "email", "operator": "EQ", "value": "p0@example.com"}
    partner.post("/api/v1/customers/search", {"filter_groups": [{"filters": [asked]}]})

    settled()

    ways = {row.way: row for row in recipients_of(customer_ids=[people[0].pk])}
    assert {"customers.record", "customers.batch", "customers.search"} <= ways.keys()
    assert not any(row.way == "customers.search" for row in recipients_of(customer_ids=[people[1].pk]))
    assert ways["customers.record"].recipient == f"client:{partner.client.public_id}"
    assert ways["customers.record"].name == "Partner"
    assert "identifiers" in ways["customers.record"].kinds
    listed = DisclosureFlow.objects.get(way="customers.list")
    assert listed.kinds == "identifiers, record"
    assert sum(people for _, people in days_of(flow_id=listed.pk, since=NOON - timedelta(days=999))) == 2


def test_check__now_and_in_the_past__tells_about_a_person_and_is_counted_without_a_query(
    caller, make_customer, django_assert_num_queries
):
    person, other = make_customer(external_id="u1"), make_customer(external_id="u2")
    partner = caller("consent:read")
    partner.get("/api/v1/consents/check?subject=u1&purpose=analytics")
    partner.get("/api/v1/consents/check?subject=u2&purpose=analytics&region=US-CA")
    refused = partner.get("/api/v1/consents/check?subject=nobody&purpose=analytics")

    settled()

    assert refused.status_code == 404
    for one in (person, other):
        told = recipients_of(customer_ids=[one.pk])
        assert [(row.recipient, row.way, row.kinds) for row in told] == [
            (f"client:{partner.client.public_id}", "consent.check", "consent")
        ]
    with django_assert_num_queries(0):
        keep_told(Telling("client:cli_crm", "consent.check", ("consent",)), (person.pk,))


def test_reads__without_right_to_personal_data__name_no_identifiers(caller, make_customer):
    person = make_customer(email="p@example.com")
    caller("customers:read").get(f"/api/v1/customers/{person.public_id}")

    settled()

    assert "identifiers" not in recipients_of(customer_ids=[person.pk])[0].kinds


def test_reads__refused__tell_nobody(caller, make_customer):
    person = make_customer(email="p@example.com")
    caller("segments:read").get(f"/api/v1/customers/{person.public_id}")

    settled()

    assert not Disclosure.objects.exists()


def test_drain__same_people_again_and_a_run_that_died__changes_nothing(make_customer):
    person = make_customer()
    keep_told(LIST, [person.pk])
    hand_on()
    messages = disclosures.shared_redis().lrange(disclosures._name("told"), 0, -1)
    drain_disclosures()
    before = list(Disclosure.objects.values_list("chunk", "hour", "flow_id", "people"))

    disclosures.shared_redis().rpush(disclosures._name("draining:died"), *messages)
    drain_disclosures()

    assert list(Disclosure.objects.values_list("chunk", "hour", "flow_id", "people")) == before
    assert not disclosures.shared_redis().exists(disclosures._name("draining:died"))


def test_hand_on__redis_away__keeps_everything_for_later(make_customer, monkeypatch):
    person = make_customer()
    keep_told(LIST, [person.pk])

    def away():
        raise RedisAway

    with monkeypatch.context() as patch:
        patch.setattr(disclosures, "shared_redis", away)
        hand_on()
    settled()

    assert len(recipients_of(customer_ids=[person.pk])) == 1


def test_record_disclosure__neighbours_in_a_chunk__are_told_apart():
    record_disclosure(telling=LIST, customer_ids=[CHUNK * 5, CHUNK * 6 - 1, CHUNK * 6], now=NOON)
    record_disclosure(telling=LIST, customer_ids=[CHUNK * 5 + 1], now=NOON + timedelta(hours=1))

    found = {pk: recipients_of(customer_ids=[pk]) for pk in (CHUNK * 5, CHUNK * 5 + 1, CHUNK * 5 + 2, CHUNK * 6)}

    assert [len(rows) for rows in found.values()] == [1, 1, 0, 1]
    assert found[CHUNK * 5][0].last_at == NOON
    assert found[CHUNK * 5 + 1][0].last_at == NOON + timedelta(hours=1)
    assert Disclosure.objects.count() == 3
    assert list(flows_about(customer_ids=[CHUNK * 6])) == [DisclosureFlow.objects.get()]


def test_told_of_those_who_said_no__told_before_and_after__are_counted_apart(make_customer):
    before, after, still = make_customer(), make_customer(), make_customer()
    for person in (before, after, still):
        record_consent(customer=person, entries=[yes(occurred_at=NOON - timedelta(days=9))], by=SYSTEM, now=NOON)
    for person in (before, after):
        record_consent(customer=person, entries=[no(occurred_at=NOON)], by=SYSTEM, now=NOON)
    record_disclosure(telling=LIST, customer_ids=[before.pk, still.pk], now=NOON - timedelta(hours=2))
    record_disclosure(telling=LIST, customer_ids=[after.pk], now=NOON + timedelta(hours=2))

    found = told_of_those_who_said_no(purpose_id=find_purpose("marketing_email").pk, since=NOON - timedelta(days=1))

    assert [(row.people, row.after, row.recipient) for row in found] == [(2, 1, "client:cli_crm")]


def test_collect_recipients__access_package__names_who_how_and_when(make_customer):
    person = make_customer()
    record_disclosure(telling=LIST, customer_ids=[person.pk], now=NOON)

    rows = list(collect_recipients([person.pk]))

    assert json.loads(json.dumps(rows, default=str))[0]["how"] == "List of customers"
    assert rows[0]["first_hour"] == NOON


def test_keep_disclosure_months__old_months__are_dropped_and_coming_ones_are_there():
    with connection.cursor() as cursor:
        cursor.execute("SELECT consent_ensure_disclosures('2019-01-15')")

    dropped = keep_disclosure_months(keep_months=24, now=NOON)

    assert dropped == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('consent_disclosure_2027_01') IS NOT NULL")
        assert cursor.fetchone()[0]


def test_recipients__of_a_person__use_the_index_by_chunk():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN SELECT * FROM consent_disclosure WHERE chunk = 5 AND get_bit(people, 3) = 1")
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "_pkey" in plan
