"""Deciding about fields, and what the decision does to the writes that follow."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core import privacy
from core.actors import SYSTEM, Actor, ActorKind
from core.errors import DomainError, InvalidInput, NotFound
from core.models import AuditEntry
from customers.models import AttributeDefinition, Customer, FieldOrigin, FieldPolicy
from customers.rules.governance import PERSON
from customers.selectors.governance import find_field
from customers.selectors.personal import collect_field_origins
from customers.services.attributes import define_attribute
from customers.services.customers import UpsertInput, create_customer, update_customer, upsert_customers
from customers.services.governance import change_field, forget_origins
from customers.services.import_undo import start_undo, undo_import
from tests.factories.customers import make_import

pytestmark = pytest.mark.django_db
CRM = Actor(kind=ActorKind.CLIENT, id="cli_crm")
SHOP = Actor(kind=ActorKind.CLIENT, id="cli_shop")
STAFF = Actor(kind=ActorKind.STAFF, id="usr_1")
HEADER = b"customer id,country,city\n"


def decide(name, **values):
    return change_field(name=name, values=values, by=STAFF, now=timezone.now())


@pytest.fixture
def city(db):
    return define_attribute(key="city", value_type="text", values={"purpose": "x"}, by=SYSTEM, now=timezone.now())


def customer(by=CRM, **properties):
    return create_customer(properties={"external_id": "1", **properties}, by=by, now=timezone.now())


def upsert(by, **properties):
    inputs = [UpsertInput("1", properties)]
    return upsert_customers(id_property="external_id", inputs=inputs, by=by, now=timezone.now())[0]


def stored():
    row = Customer.objects.get(external_id="1")
    return row.country, row.attributes.get("city")


def test_change_field__profile_field__is_stored_and_audited():
    entry = decide("country", owner="Operations", sources=["client:cli_crm", "staff"], conflict="source")

    assert (entry.owner, entry.policy.sources, entry.policy.conflict) == (
        "Operations",
        ("client:cli_crm", "staff"),
        "source",
    )
    assert entry.policy.required is True  # as by default, since nobody said otherwise
    changed = AuditEntry.objects.get(action="field.changed")
    assert changed.target == "country"
    assert changed.changes["conflict"] == ["newest", "source"]


def test_change_field__owner_of_an_attribute__stands_in_its_definition(city):
    decide("attributes.city", owner="Shop team")

    assert AttributeDefinition.objects.get(key="city").owner == "Shop team"
    assert find_field("attributes.city").owner == "Shop team"


def test_change_field__nothing_new__writes_nothing():
    decide("country", conflict="newest")

    assert not FieldPolicy.objects.exists()
    assert not AuditEntry.objects.filter(action="field.changed").exists()


@pytest.mark.parametrize(
    ("name", "values", "param"),
    [
        ("country", {"conflict": "loudest"}, "conflict"),
        ("country", {"conflict": "source"}, "sources"),
        ("country", {"sources": ["mars"]}, "sources"),
        ("country", {"sources": ["staff", "staff"]}, "sources"),
        ("country", {"format": "postcode"}, "format"),
        ("country", {"required": "yes"}, "required"),
        ("country", {"allowed": ["a", ""]}, "allowed"),
        ("country", {"meaning": "other"}, "meaning"),
        ("orders_count", {"conflict": "no_import"}, "orders_count"),
    ],
)
def test_change_field__wrong_value__is_refused_and_nothing_is_stored(name, values, param):
    with pytest.raises(InvalidInput) as refusal:
        decide(name, **values)

    assert refusal.value.param == param
    assert not FieldPolicy.objects.exists()
    assert not AuditEntry.objects.filter(action="field.changed").exists()


def test_change_field__unknown_field__is_not_found():
    with pytest.raises(NotFound):
        decide("attributes.nothing", owner="x")


def test_upsert__systems_ranked__the_first_one_stands_whoever_comes_last(city):
    decide("country", sources=["client:cli_crm", "client"], conflict="source")
    decide("attributes.city", sources=["client:cli_crm", "client"], conflict="source")
    upsert(SHOP, country="FR", attributes={"city": "Paris"})

    first = upsert(CRM, country="DE", attributes={"city": "Berlin"})
    second = upsert(SHOP, country="FR", attributes={"city": "Paris"}, last_name="Doe")

    assert stored() == ("DE", "Berlin")
    assert (first.kept, sorted(second.kept)) == ([], ["attributes.city", "country"])
    assert Customer.objects.get().last_name == "Doe"
    assert dict(FieldOrigin.objects.values_list("field", "source")) == {
        "country": "client:cli_crm",
        "attributes.city": "client:cli_crm",
    }


def test_update__outranked__is_refused_whole_and_names_the_field():
    decide("country", sources=["client:cli_crm", "staff"], conflict="source")
    row = customer(country="DE")

    with pytest.raises(DomainError) as refusal:
        update_customer(customer=row, properties={"country": "FR", "last_name": "Doe"}, by=STAFF, now=timezone.now())

    assert (refusal.value.status, refusal.value.code, refusal.value.param) == (422, "outranked", "country")
    row.refresh_from_db()
    assert (row.country, row.last_name) == ("DE", "")


def test_update__same_value_or_empty_field__is_no_conflict():
    decide("country", sources=["client:cli_crm"], conflict="source")
    decide("language", sources=["client:cli_crm"], conflict="source")
    row = customer(country="DE")

    update_customer(customer=row, properties={"country": "DE", "language": "fr"}, by=STAFF, now=timezone.now())

    row.refresh_from_db()
    assert (row.country, row.language) == ("DE", "fr")


def test_update__what_a_person_had_put_right__stands_against_every_system():
    decide("country", sources=["client:cli_crm"], conflict="source")
    row = customer(country="DE")

    update_customer(customer=row, properties={"country": "FR"}, by=STAFF, now=timezone.now(), source=PERSON)
    kept = upsert(CRM, country="DE").kept

    assert (stored()[0], kept) == ("FR", ["country"])


def test_import__no_import__fills_what_is_empty_and_keeps_the_rest(city):
    decide("country", conflict="no_import")
    decide("attributes.city", conflict="no_import")
    customer(country="DE")

    file = make_import(HEADER + b"1,France,Paris\n", dry_run=False)

    assert stored() == ("DE", "Paris")
    assert file.figures["notes"] == {"kept_by_rule": 1}


def test_import__rehearsed__says_the_same_and_stores_nothing():
    decide("country", conflict="no_import")
    customer(country="DE")

    file = make_import(b"customer id,country\n1,France\n", dry_run=True)

    assert file.job.result["notes"] == {"kept_by_rule": 1}
    assert stored()[0] == "DE"


def test_import__systems_ranked__remembers_the_file_and_forgets_when_undone():
    decide("country", sources=["import", "client"], conflict="source")
    customer(country="DE")
    file = make_import(b"customer id,country\n1,France\n", dry_run=False)

    job = start_undo(file=file, by=STAFF, now=timezone.now())
    undo_import(job_id=job.public_id, clock=timezone.now)

    assert stored()[0] == "DE"
    assert FieldOrigin.objects.get().source == ""
    assert upsert(CRM, country="IT").kept == []


def test_change_field__ranking_begins_anew__older_origins_count_no_more():
    decide("country", sources=["client:cli_crm"], conflict="source")
    customer(country="DE")
    decide("country", conflict="newest")
    upsert(SHOP, country="FR")

    decide("country", conflict="source")

    assert upsert(SHOP, country="IT").kept == []
    assert stored()[0] == "IT"


def test_forget_origins__rule_ranks_no_more__they_go():
    decide("country", sources=["client:cli_crm"], conflict="source")
    customer(country="DE")
    assert forget_origins() == 0

    decide("country", conflict="no_import")

    assert forget_origins() == 1
    assert not FieldOrigin.objects.exists()


def test_origins__of_a_person__are_collected_and_erased():
    decide("country", sources=["client:cli_crm"], conflict="source")
    row = customer(country="DE")

    found = list(collect_field_origins([row.pk]))
    privacy.erase_everywhere([row.pk])

    assert [(one["field"], one["source"]) for one in found] == [("country", "client:cli_crm")]
    assert not FieldOrigin.objects.exists()


def test_upsert__rules_of_fields__cost_two_statements_for_any_number():
    decide("country", sources=["client:cli_crm"], conflict="source")

    def cost(number):
        inputs = [UpsertInput(f"n{n}", {"country": "DE"}) for n in range(number)]
        upsert_customers(id_property="external_id", inputs=inputs, by=CRM, now=timezone.now())
        changed = [UpsertInput(f"n{n}", {"country": "FR"}) for n in range(number)]
        with CaptureQueriesContext(connection) as queries:
            upsert_customers(id_property="external_id", inputs=changed, by=SHOP, now=timezone.now())
        return len(queries)

    assert cost(2) == cost(200)
