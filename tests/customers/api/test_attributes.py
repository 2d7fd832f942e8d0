"""/attributes over HTTP, and what definitions do to profiles."""

import pytest

from customers.models import AttributeDefinition, Customer

pytestmark = pytest.mark.django_db
PATH = "/api/v1/attributes"
PLAN = {"key": "plan", "type": "enum", "options": ["free", "pro"], "purpose": "billing"}


@pytest.fixture
def client(caller):
    return caller("customers:read", "customers:write", "customers.pii:read")


def test_define__attribute__lets_profiles_hold_checked_values(client):
    defined = client.post(PATH, PLAN)

    good = client.post("/api/v1/customers", {"external_id": "1", "attributes": {"plan": "pro"}})
    bad = client.post("/api/v1/customers", {"external_id": "2", "attributes": {"plan": "gold"}})
    unknown = client.post("/api/v1/customers", {"external_id": "3", "attributes": {"colour": "red"}})

    assert defined.status_code == 201
    assert good.json()["attributes"] == {"plan": "pro"}
    assert (bad.status_code, bad.json()["param"]) == (400, "attributes.plan")
    assert (unknown.status_code, unknown.json()["code"]) == (400, "unknown_attribute")
    assert Customer.objects.count() == 1


def test_schema__definitions__is_json_schema(client):
    client.post(PATH, PLAN)

    schema = client.get(f"{PATH}/schema").json()

    assert schema["properties"]["plan"]["enum"] == ["free", "pro", None]


def test_change__words_and_archive__key_and_type_stay(client):
    client.post(PATH, PLAN)

    changed = client.patch(f"{PATH}/plan", {"name": "Plan", "options": ["free", "pro", "gold"]})
    archived = client.patch(f"{PATH}/plan", {"archived": True})
    refused = client.post("/api/v1/customers", {"external_id": "1", "attributes": {"plan": "pro"}})

    assert changed.json()["options"] == ["free", "pro", "gold"]
    assert archived.json()["archived_at"]
    assert refused.status_code == 400
    assert client.patch(f"{PATH}/plan", {"type": "text"}).status_code == 400
    assert client.patch(f"{PATH}/plan", {"options": ["free"]}).status_code == 409


@pytest.mark.parametrize(
    ("change", "status", "param"),
    [
        ({"key": "Plan!"}, 400, "key"),
        ({"key": "email"}, 400, "key"),
        ({"type": "colour"}, 400, "type"),
        ({"options": []}, 400, "options"),
        ({"options": ["a", "a"]}, 400, "options"),
        ({"purpose": ""}, 400, "purpose"),
        ({"pii_class": "secret"}, 400, "pii_class"),
        ({"owner": "x" * 200}, 400, "owner"),
        ({"shape": "round"}, 400, "shape"),
    ],
)
def test_define__bad_definition__is_refused_and_nothing_is_stored(client, change, status, param):
    answer = client.post(PATH, PLAN | change)

    assert (answer.status_code, answer.json()["param"]) == (status, param)
    assert not AttributeDefinition.objects.exists()


def test_define__taken_key__is_a_conflict(client):
    client.post(PATH, PLAN)

    assert client.post(PATH, PLAN).status_code == 409
