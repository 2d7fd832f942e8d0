"""Limits on the use of sensitive data (Cal. Civ. Code 1798.121, 11 CCR 7027): what is withheld, from whom, how long."""

import json
import random
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from campaigns.selectors.automations.around import dates
from campaigns.services.messages import Writer
from consent.models import ConsentEvent, Covers, DataRequest, Restriction
from consent.rules.requests import Kind
from consent.selectors.decisions import explain, use_of
from consent.selectors.personal import collect_ledger
from consent.selectors.restrictions import collect_restrictions
from consent.services.consent import record_consent
from consent.services.erasure import erase_states
from consent.services.masks import recompute_masks
from consent.services.requests import start_collecting
from consent.services.restrictions import erase_restrictions, lift_restrictions, place_restriction
from core.actors import SYSTEM, Actor, ActorKind
from core.errors import InvalidState
from core.models import AuditEntry, OutboxMessage, Role
from customers.models import Customer
from customers.rules.sealed import is_sealed
from customers.selectors.answers import FIELDS, answers, encode, raw_rows, shape_for
from customers.selectors.personal import collect_profiles
from customers.services.attributes import change_attribute, define_attribute
from customers.services.customers import update_customer
from customers.services.erasure import erase_profiles
from customers.services.merges import approve_merge, request_merge, undo_merge
from integrations.models import PayloadKind
from integrations.selectors.webhook_queue import audience_of, contents, happening_of
from integrations.services.webhooks import create_endpoint
from tests.consent.conftest import OFFICER, no, yes
from tests.factories.campaigns import make_campaign
from tests.factories.core import make_staff
from tests.factories.requests import ONE, make_request, make_subject, work

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC) + timedelta(hours=1)
SECRET, BADGE = "penicillin-allergy", "badge-4711"
CLASSES = {"health_note": "sensitive", "badge": "confidential", "plan": "none", "pet": "personal"}
SECOND = Actor(kind=ActorKind.STAFF, id="usr_second")


@pytest.fixture(autouse=True)
def definitions(db):
    for key, pii_class in (
        ("health_note", "sensitive"),
        ("badge", "confidential"),
        ("plan", "none"),
        ("pet", "personal"),
    ):
        values = {"name": key, "purpose": "service", "pii_class": pii_class}
        define_attribute(key=key, value_type="text", values=values, by=SYSTEM, now=NOW)


def person_with_values(email="jane.silva@example.com", **facts):
    person = make_subject(email, is_known=True, **facts)
    attributes = {"health_note": SECRET, "badge": BADGE, "plan": "pro", "pet": "cat"}
    return update_customer(customer=person, properties={"attributes": attributes}, by=SYSTEM, now=NOW)


def limit(person, at=NOW, request="dsr_limit"):
    place_restriction(customer=person, request=request, covers=Covers.SENSITIVE, by=OFFICER, now=at)
    person.refresh_from_db()
    return person


def shown(person, sees_pii=True):
    rows = list(raw_rows(Customer.objects.filter(pk=person.pk)))
    return answers(rows, shape_for(fields=FIELDS, blocks=(), sees_pii=sees_pii))[0]


def test_request__carried_out__limits_the_person_and_tells_partners():
    person = person_with_values()
    request = make_request(Kind.LIMIT_USE)
    start_collecting(request=request, by=ONE, now=NOW)

    work(DataRequest.objects.get(pk=request.pk))

    person.refresh_from_db()
    placed = Restriction.objects.get(customer=person)
    assert person.sensitive_limited
    assert (placed.covers, placed.request) == ("sensitive", request.public_id)
    assert OutboxMessage.objects.filter(topic="sensitive_use.limited", subject=person.public_id).count() == 1
    assert ConsentEvent.objects.filter(customer=person, source="request", event="opted_out").exists()


def test_limit__placed__denies_no_purpose_and_stops_no_token():
    person = person_with_values()
    before = [answer.decision for answer in explain(customer=person, at=NOW, known_at=NOW)]
    mask = person.consent_mask

    limit(person)

    later = NOW + timedelta(seconds=1)
    assert [answer.decision for answer in explain(customer=person, at=later, known_at=later)] == before
    assert person.consent_mask == mask
    assert shown(person)["attributes"] == {"plan": "pro", "pet": "cat"}
    assert shown(person, sees_pii=False)["attributes"] == {"plan": "pro"}


def test_answers__of_the_api__withhold_the_values_of_limited_people_only(caller):
    jane, tom = person_with_values(), person_with_values("tom.berg@example.com")
    limit(jane)
    client = caller("customers:read", "customers.pii:read", "consent:read", "customers:write")
    ids = {"ids": [jane.public_id, tom.public_id]}

    listed = client.get("/api/v1/customers?expand=consent").json()["data"]
    read = client.post("/api/v1/customers/batch/read", ids).json()["data"]
    one = client.get(f"/api/v1/customers/{jane.public_id}").content.decode()
    patched = client.patch(
        f"/api/v1/customers/{jane.public_id}", {"attributes": {"badge": "new-badge"}}
    ).content.decode()
    changes = client.get("/api/v1/customers/changes?since=2020-01-01T00:00:00Z").content.decode()

    for rows in (listed, read):
        by_id = {row["id"]: row["attributes"] for row in rows}
        assert by_id[jane.public_id] == {"plan": "pro", "pet": "cat"}
        assert by_id[tom.public_id]["health_note"] == SECRET
    assert {row["id"]: row["consent"]["sensitive_use_limited"] for row in listed} == {
        jane.public_id: True,
        tom.public_id: False,
    }
    assert SECRET not in one
    assert BADGE not in one
    assert "new-badge" not in patched
    assert changes.count(SECRET) <= 1


def test_answers__nobody_limited__cost_no_query_more(django_assert_num_queries):
    people = [person_with_values(f"p{n}@example.com").pk for n in range(3)]
    shape = shape_for(fields=("id", "attributes"), blocks=(), sees_pii=True)
    rows = list(raw_rows(Customer.objects.filter(pk__in=people)))

    with django_assert_num_queries(0):
        found = answers(rows, shape)

    assert all(SECRET in encode(answer).decode() for answer in found)


def test_answers__value_not_sealed_yet__is_withheld_by_its_class():
    person = person_with_values()
    Customer.objects.filter(pk=person.pk).update(attributes={"health_note": SECRET, "plan": "pro"})
    limit(person)

    assert shown(person)["attributes"] == {"plan": "pro"}


def test_webhook__whole_customer__goes_without_the_values(caller):
    jane, tom = person_with_values(), person_with_values("tom.berg@example.com")
    limit(jane)
    client = caller("customers:read", "customers.pii:read")
    values = {"url": "https://partner.example.com/in", "event_types": ["*"], "payload": PayloadKind.FULL}
    made = create_endpoint(values=values | {"purpose": "service"}, by=SYSTEM, now=NOW, client=client.client.public_id)
    events = [happening_of(row) for row in OutboxMessage.objects.filter(topic="customer.updated").order_by("pk")]

    said = contents(audience=audience_of(made.endpoint), events=events, now=NOW)

    by_id = {content.customer["id"]: content.customer["attributes"] for content in said.values() if content.customer}
    assert by_id[jane.public_id] == {"plan": "pro", "pet": "cat"}
    assert by_id[tom.public_id] == {"health_note": SECRET, "plan": "pro", "pet": "cat"}


def test_words__attribute_that_became_sensitive__are_written_without_it():
    jane = person_with_values()
    body = 'You have {{ customer.attributes.plan | default: "no plan" }}.\n\n[Look](https://shop.example.com/spring)'
    campaign = make_campaign([jane], body=body)
    before = Writer(campaign, use_of("marketing_email")).shown(jane).text
    change_attribute(key="plan", values={"pii_class": "sensitive"}, by=SYSTEM, now=NOW)

    after = Writer(campaign, use_of("marketing_email")).shown(Customer.objects.get(pk=jane.pk)).text

    assert "You have pro." in before
    assert "You have no plan." in after


def test_automation__dates__are_never_sensitive_ones():
    for key, pii_class in (("diagnosed_on", "sensitive"), ("joined_on", "personal")):
        values = {"name": key, "purpose": "service", "pii_class": pii_class}
        define_attribute(key=key, value_type="date", values=values, by=SYSTEM, now=NOW)

    assert {name for name in dates() if name.startswith("attributes.")} == {"attributes.joined_on"}


def test_access_package__of_a_limited_person__holds_everything_and_the_limit():
    person = limit(person_with_values())

    profile = next(iter(collect_profiles([person.pk])))

    assert profile["attributes"]["health_note"] == SECRET
    assert next(iter(collect_restrictions([person.pk])))["covers"] == "sensitive"
    assert list(collect_ledger([person.pk]))


def test_merge__of_a_limited_profile__limits_the_result_until_it_is_undone(caller):
    jane, other = person_with_values(), limit(person_with_values("jane.old@example.com"))
    merge = request_merge(survivor=jane, absorbed=other, reason="same", by=OFFICER, now=NOW)
    client = caller("customers:read", "customers.pii:read")
    address = f"/api/v1/customers/{jane.public_id}/merge?from={other.public_id}"
    preview = client.get(address).content.decode()

    merge = approve_merge(merge=merge, by=SECOND, now=NOW)
    jane.refresh_from_db()
    recompute_masks(customer_ids=[jane.pk], now=NOW)
    together = Customer.objects.get(pk=jane.pk).sensitive_limited
    undo_merge(merge=merge, reason="two people", by=OFFICER, now=NOW + timedelta(minutes=1))

    jane.refresh_from_db()
    other.refresh_from_db()
    assert SECRET not in preview
    assert (together, jane.sensitive_limited, other.sensitive_limited) == (True, False, True)


@pytest.mark.parametrize("covers", list(Covers))
def test_merge__what_is_asked_while_two_are_one__holds_for_both_afterwards(covers):
    jane, other = person_with_values(), person_with_values("jane.old@example.com")
    merge = request_merge(survivor=jane, absorbed=other, reason="same", by=OFFICER, now=NOW)
    merge = approve_merge(merge=merge, by=SECOND, now=NOW)
    place_restriction(customer=jane, request="dsr_1", covers=covers, by=OFFICER, now=NOW + timedelta(minutes=1))

    undo_merge(merge=merge, reason="two people", by=OFFICER, now=NOW + timedelta(minutes=2))

    for person in Customer.objects.filter(pk__in=[jane.pk, other.pk]):
        assert (person.sensitive_limited, person.consent_mask == 0) == (covers == "sensitive", covers == "everything")


def test_erasure__of_a_limited_person__leaves_no_limit_behind():
    person = limit(person_with_values())

    erase_restrictions([person.pk])
    erase_states([person.pk])
    erase_profiles([person.pk])

    person.refresh_from_db()
    assert not person.sensitive_limited
    assert not Restriction.objects.exists()


def test_lift__by_reach__ends_that_one_alone():
    person = limit(person_with_values())
    place_restriction(customer=person, request="dsr_all", by=OFFICER, now=NOW)

    lift_restrictions(customer=person, because="Told by letter.", by=OFFICER, now=NOW + timedelta(seconds=1))
    person.refresh_from_db()
    still = person.sensitive_limited, person.consent_mask != 0
    agreed = {"because": "Agreed twice on the phone.", "by": OFFICER, "now": NOW + timedelta(seconds=2)}
    lift_restrictions(customer=person, covers=Covers.SENSITIVE, **agreed)
    person.refresh_from_db()

    assert still == (True, True)
    assert not person.sensitive_limited
    assert shown(person)["attributes"]["health_note"] == SECRET
    assert OutboxMessage.objects.filter(topic="sensitive_use.allowed").count() == 1
    with pytest.raises(InvalidState, match="not limited"):
        lift_restrictions(customer=person, covers=Covers.SENSITIVE, **agreed)


def test_console__limited_person__is_marked_and_revealed_with_a_reason_only(client):
    person = limit(person_with_values())
    client.force_login(make_staff(Role.COMPLIANCE))
    page = reverse("console:customer", args=[person.public_id])
    reveal = reverse("console:customer-reveal", args=[person.public_id])

    seen, asked = client.get(page).content.decode(), client.get(reveal).content.decode()
    refused = client.post(reveal, {"reason": ""})
    revealed = client.post(reveal, {"reason": "Order 4711: allergy asked for delivery"}).content.decode()

    assert SECRET not in seen
    assert "Limited: necessary service only" in seen
    assert "1798.121" in asked
    assert SECRET not in refused.content.decode()
    assert SECRET in revealed
    assert "Limited: necessary service only" in revealed
    assert AuditEntry.objects.get(action="customer.revealed").changes == {"sensitive_use": ["", "limited"]}


@pytest.mark.parametrize("seed", range(8))
def test_limit__any_order_of_what_happens__stands_exactly_while_one_was_not_lifted(seed):
    dice, person = random.Random(seed), person_with_values()
    stands = dict.fromkeys(Covers, False)
    for step in range(12):
        at, covers = NOW + timedelta(seconds=step), dice.choice(list(Covers))
        match dice.choice(["place", "lift", "yes", "no", "recompute"]):
            case "place":
                place_restriction(customer=person, request=f"dsr_{step}", covers=covers, by=OFFICER, now=at)
                stands[covers] = True
            case "lift" if stands[covers]:
                lift_restrictions(customer=person, covers=covers, because="told", by=OFFICER, now=at)
                stands[covers] = False
            case "yes":
                record_consent(customer=person, entries=[yes()], by=OFFICER, now=at)
            case "no":
                record_consent(customer=person, entries=[no()], by=OFFICER, now=at)
            case _:
                recompute_masks(customer_ids=[person.pk], now=at)

        person.refresh_from_db()
        text = json.dumps(shown(person)["attributes"])
        assert person.sensitive_limited == stands[Covers.SENSITIVE] == (SECRET not in text)
        assert (person.consent_mask == 0) == stands[Covers.EVERYTHING]
        assert is_sealed(person.attributes["health_note"])
