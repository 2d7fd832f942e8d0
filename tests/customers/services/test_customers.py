"""Creating, changing, batch-writing and deleting customers."""

import threading
from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.actors import Actor, ActorKind
from core.errors import Conflict, DomainError, Forbidden, InvalidInput, PreconditionFailed
from core.models import AuditEntry, OutboxMessage
from customers.models import Customer, Identity
from customers.services import guards
from customers.services.customers import (
    UpsertInput,
    create_customer,
    delete_customer,
    update_customer,
    upsert_customers,
)

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CLIENT = Actor(kind=ActorKind.CLIENT, id="cli_test")
CARD = "4242 4242 4242 4242"


def jane(**more):
    return create_customer(
        properties={"email": "Jane.Doe@Example.com", "external_id": "12345", "first_name": "Jane"} | more,
        by=CLIENT,
        now=NOON,
    )


def test_create_customer__plain_profile__is_stored_normalised_with_identities_audit_and_fact():
    customer = jane(country="us", region="us-ca", birth_date="1984-05-23", phone="(415) 555-2671")

    assert (customer.email, customer.country, customer.region) == ("jane.doe@example.com", "US", "US-CA")
    assert customer.birth_date == date(1984, 5, 23)
    assert customer.phone == "+14155552671"
    assert customer.created_at == customer.updated_at == NOON
    assert set(Identity.objects.values_list("kind", "value")) == {
        ("email", "jane.doe@example.com"),
        ("external_id", "12345"),
        ("phone", "+14155552671"),
    }
    assert OutboxMessage.objects.get().topic == "customer.created"
    assert OutboxMessage.objects.get().subject == customer.public_id
    assert AuditEntry.objects.get().target == customer.public_id


@pytest.mark.parametrize(
    ("properties", "code", "param"),
    [
        ({}, "missing_field", "email"),
        ({"first_name": "Jane"}, "missing_field", "email"),
        ({"email": "jane@example.com", "shoe_size": 38}, "unknown_parameter", "shoe_size"),
        ({"email": "not an address"}, "invalid_email", "email"),
        ({"external_id": "null"}, "blocked_value", "external_id"),
        ({"email": "jane@example.com", "last_name": CARD}, "sensitive_number", "last_name"),
        ({"email": "jane@example.com", "attributes": {"note": "SSN 536-90-4399"}}, "sensitive_number", None),
        ({"email": "jane@example.com", "country": "XX"}, "invalid_parameter", "country"),
        ({"email": "jane@example.com", "country": "DE", "region": "US-CA"}, "invalid_parameter", "region"),
        ({"email": "jane@example.com", "first_name": "a\x00b"}, "invalid_parameter", "first_name"),
        ({"email": "jane@example.com", "status": "deleted"}, "invalid_parameter", "status"),
        ({"email": ["jane@example.com"]}, "invalid_parameter", "email"),
        ({"email": "jane@example.com", "attributes": {"undefined": 1}}, "unknown_attribute", "attributes.undefined"),
    ],
)
def test_create_customer__bad_input__is_refused_with_its_field_and_nothing_is_stored(properties, code, param):
    with pytest.raises(InvalidInput) as refusal:
        create_customer(properties=properties, by=CLIENT, now=NOON)

    assert refusal.value.code == code
    assert param is None or refusal.value.param == param
    assert not Customer.objects.exists()
    assert not Identity.objects.exists()
    assert not OutboxMessage.objects.exists()
    assert CARD not in str(refusal.value.message) + str(refusal.value.details)


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"email": "JANE.DOE@example.com"}, "duplicate_email"),
        ({"email": "other@example.com", "external_id": "12345"}, "duplicate_external_id"),
    ],
)
def test_create_customer__identifier_taken__is_a_conflict_and_claims_nothing(properties, code):
    jane()

    with pytest.raises(Conflict) as refusal:
        create_customer(properties=properties, by=CLIENT, now=NOON)

    assert refusal.value.code == code
    assert Customer.objects.count() == 1
    assert Identity.objects.count() == 2


def test_create_customer__suppressed_person__is_forbidden_at_every_door(monkeypatch):
    monkeypatch.setitem(guards._suppressions, "test", lambda ids: {i for i in ids if i[1] == "jane.doe@example.com"})

    with pytest.raises(Forbidden) as refusal:
        jane()
    batch = upsert_customers(id_property="email", inputs=[UpsertInput("jane.doe@example.com", {})], by=CLIENT, now=NOON)

    assert refusal.value.code == batch[0].refusal.code == "suppressed"
    assert not Customer.objects.exists()


def test_update_customer__some_fields__leaves_the_others_and_names_what_changed():
    customer = jane(last_name="Doe")

    updated = update_customer(customer=customer, properties={"first_name": "Janet"}, by=CLIENT, now=NOON)

    assert (updated.first_name, updated.last_name) == ("Janet", "Doe")
    assert OutboxMessage.objects.order_by("-id")[0].payload == {"changed": ["first_name"]}


def test_update_customer__nothing_new__changes_and_tells_nothing():
    customer = jane()

    again = update_customer(customer=customer, properties={"first_name": "Jane"}, by=CLIENT, now=NOON)

    assert again.xid == customer.xid
    assert OutboxMessage.objects.count() == 1


def test_update_customer__replace__blanks_what_is_left_out():
    customer = jane(last_name="Doe")

    updated = update_customer(customer=customer, properties={"external_id": "12345"}, replace=True, by=CLIENT, now=NOON)

    assert (updated.first_name, updated.last_name, updated.email) == ("", "", None)


def test_update_customer__new_email__moves_the_identity_and_frees_the_old_one():
    customer = jane()

    update_customer(customer=customer, properties={"email": "new@example.com"}, by=CLIENT, now=NOON)
    other = create_customer(properties={"email": "jane.doe@example.com"}, by=CLIENT, now=NOON)

    assert Identity.objects.get(kind="email", value="new@example.com").customer_id == customer.pk
    assert Identity.objects.get(kind="email", value="jane.doe@example.com").customer_id == other.pk


@pytest.mark.django_db(transaction=True)
def test_update_customer__stale_version__is_refused_and_nothing_changes():
    customer = jane()
    update_customer(customer=customer, properties={"first_name": "Janet"}, by=CLIENT, now=NOON)

    with pytest.raises(PreconditionFailed):
        update_customer(
            customer=customer,
            properties={"first_name": "Jo", "email": "jo@example.com"},
            expected_xid=customer.xid,
            by=CLIENT,
            now=NOON,
        )

    assert Customer.objects.get().first_name == "Janet"
    assert not Identity.objects.filter(value="jo@example.com").exists()


def test_upsert_customers__mixed_batch__answers_each_input_in_order():
    jane()
    inputs = [
        UpsertInput("12345", {"last_name": "Doe"}),
        UpsertInput("67890", {"email": "new@example.com"}),
        UpsertInput("12345", {"last_name": "Doe"}),
        UpsertInput("777", {"email": "jane.doe@example.com"}),
        UpsertInput("guest", {}),
        UpsertInput("67890", {"first_name": "Nia"}),
    ]

    batch = upsert_customers(id_property="external_id", inputs=inputs, by=CLIENT, now=NOON)

    assert [draft.outcome.value for draft in batch] == [
        "updated",
        "created",
        "unchanged",
        "refused",
        "refused",
        "updated",
    ]
    assert batch[3].refusal.code == "duplicate_email"
    assert batch[4].refusal.code == "blocked_value"
    assert batch[1].public_id == batch[5].public_id
    assert Customer.objects.count() == 2
    assert Identity.objects.filter(value="777").count() == 0


def test_upsert_customers__atomic_with_a_refusal__stores_nothing():
    inputs = [UpsertInput("1", {"email": "a@example.com"}), UpsertInput("2", {"email": "a@example.com"})]

    batch = upsert_customers(id_property="external_id", inputs=inputs, by=CLIENT, now=NOON, atomic=True)

    assert batch[1].refusal.code == "duplicate_email"
    assert not Customer.objects.exists()
    assert not Identity.objects.exists()


def test_upsert_customers__more_than_500__is_refused():
    with pytest.raises(InvalidInput) as refusal:
        upsert_customers(id_property="email", inputs=[UpsertInput("x", {})] * 501, by=CLIENT, now=NOON)

    assert refusal.value.code == "batch_too_large"


def test_upsert_customers__ten_or_five_hundred__cost_the_same_number_of_statements():
    def cost(count, name):
        inputs = [UpsertInput(f"c{i}", {"first_name": name, "email": f"c{i}@example.com"}) for i in range(count)]
        with CaptureQueriesContext(
            connection,
        ) as queries:
            upsert_customers(id_property="external_id", inputs=inputs, by=CLIENT, now=NOON)
        return len(queries)

    small, large, again = cost(10, "A"), cost(500, "B"), cost(500, "C")

    assert large <= small + 4
    assert again <= 12


@pytest.mark.django_db(transaction=True)
def test_upsert_customers__24_threads_on_one_email__make_one_customer():
    results, start = [], threading.Barrier(24)

    def work(number):
        start.wait()
        try:
            batch = upsert_customers(
                id_property="email",
                inputs=[UpsertInput("race@example.com", {"first_name": f"T{number}"})],
                by=CLIENT,
                now=NOON,
            )
            results.append(batch[0].outcome.value)
        except DomainError as refusal:
            results.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(results) == ["created"] + ["updated"] * 23
    assert Customer.objects.count() == 1
    assert Identity.objects.count() == 1


def test_delete_customer__known_person__leaves_a_tombstone_without_personal_data():
    customer = jane(country="DE")

    deleted = delete_customer(customer=customer, reason="asked", by=CLIENT, now=NOON)

    assert (deleted.status, deleted.deleted_at, deleted.delete_reason) == ("deleted", NOON, "asked")
    assert (deleted.email, deleted.first_name, deleted.country) == (None, "", "")
    assert deleted.public_id == customer.public_id
    assert not Identity.objects.exists()
    assert OutboxMessage.objects.order_by("-id")[0].topic == "customer.deleted"


def test_create_customer__born_in_the_future__is_refused_and_nothing_is_stored():
    with pytest.raises(InvalidInput, match="future"):
        create_customer(properties={"external_id": "1", "birth_date": "9999-12-31"}, by=CLIENT, now=NOON)

    assert not Customer.objects.exists()
