"""The data dictionary over HTTP."""

import pytest
from django.utils import timezone

from core.actors import SYSTEM, Actor, ActorKind
from customers.models import Customer, FieldPolicy
from customers.services.attributes import define_attribute
from customers.services.customers import create_customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(caller):
    return caller("customers:read", "customers:write")


@pytest.fixture
def city(db):
    values = {"purpose": "delivery", "description": "Where she lives.", "pii_class": "personal", "owner": "Shop"}
    return define_attribute(key="city", value_type="text", values=values, by=SYSTEM, now=timezone.now())


def test_list__profile_fields_and_attributes__in_one_answer(api, city):
    rows = {row["name"]: row for row in api.get("/api/v1/fields").json()["data"]}

    assert rows["email"]["pii_class"] == "personal"
    assert rows["email"]["quality"] == {"required": False, "format": "email", "allowed": []}
    assert rows["country"]["quality"]["required"] is True
    assert rows["orders_count"]["governed"] is False
    assert rows["attributes.city"] | {"decided_at": None} == {
        "name": "attributes.city",
        "label": "city",
        "type": "text",
        "meaning": "Where she lives.",
        "unit": "",
        "options": [],
        "pii_class": "personal",
        "purpose": "delivery",
        "origin": "the person, a form, an import or an API client",
        "owner": "Shop",
        "governed": True,
        "archived": False,
        "sources": [],
        "conflict": "newest",
        "quality": {"required": False, "format": "", "allowed": []},
        "decided_at": None,
    }


def test_update__attribute__is_decided_and_read_back(api, city):
    body = {"owner": "CRM team", "sources": ["import", "client"], "conflict": "source", "allowed": ["Berlin"]}

    answer = api.patch("/api/v1/fields/attributes.city", body)

    assert answer.status_code == 200
    assert answer.json() == api.get("/api/v1/fields/attributes.city").json()
    assert answer.json()["sources"] == ["import", "client"]
    assert answer.json()["decided_at"]


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [({"conflict": "x"}, 400, "conflict"), ({"colour": "x"}, 400, "colour"), ([], 400, "")],
)
def test_update__wrong_body__is_refused_and_nothing_is_stored(api, body, status, param):
    answer = api.patch("/api/v1/fields/country", body)

    assert answer.status_code == status
    assert answer.json().get("param", "") == param
    assert not FieldPolicy.objects.exists()


def test_update__reader__is_forbidden(caller):
    assert caller("customers:read").patch("/api/v1/fields/country", {"owner": "x"}).status_code == 403
    assert not FieldPolicy.objects.exists()


def test_field__unknown__is_not_found(api):
    assert api.get("/api/v1/fields/nothing").status_code == 404
    assert api.patch("/api/v1/fields/nothing", {"owner": "x"}).status_code == 404


def staff_made(country):
    staff = Actor(kind=ActorKind.STAFF, id="usr_1")
    return create_customer(properties={"external_id": "7", "country": country}, by=staff, now=timezone.now())


def test_patch_customer__outranked__is_a_refusal_that_names_the_field(api):
    api.patch("/api/v1/fields/country", {"conflict": "source", "sources": ["staff"]})
    staff_made("DE")

    answer = api.patch("/api/v1/customers/7", {"country": "FR"})

    assert answer.status_code == 422
    assert (answer.json()["code"], answer.json()["param"]) == ("outranked", "country")
    assert Customer.objects.get().country == "DE"


def test_batch__outranked__stores_the_rest_and_says_what_was_kept(api):
    api.patch("/api/v1/fields/country", {"conflict": "source", "sources": ["staff"]})
    staff_made("DE")
    inputs = [{"id": "7", "properties": {"country": "FR", "last_name": "Doe"}}]
    body = {"id_property": "external_id", "inputs": inputs}

    answer = api.post("/api/v1/customers/batch/upsert", body, idempotency_key="k1")

    assert answer.json()["results"][0]["status"] == "updated"
    assert answer.json()["results"][0]["kept"] == ["country"]
    assert Customer.objects.values_list("country", "last_name").get() == ("DE", "Doe")
