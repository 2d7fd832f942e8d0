"""/users/{userId}/tags, with and without a version in the address."""

from datetime import UTC, datetime

import pytest

from core.actors import SYSTEM
from customers.models import CustomerTag
from customers.services.customers import create_customer

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def client(caller):
    create_customer(properties={"external_id": "12345"}, by=SYSTEM, now=NOON)
    return caller("customers:read", "tags:write")


@pytest.mark.parametrize("base", ["/api/users", "/api/v1/users"])
def test_put__the_literal_example__replaces_the_set(client, base):
    client.put(f"{base}/12345/tags", {"tags": ["old"]})

    answer = client.put(f"{base}/12345/tags", {"tags": ["frequent_viewer", "email_subscriber"]})

    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == ["userId", "tags", "updatedAt"]
    assert (body["userId"], body["tags"]) == ("12345", ["email_subscriber", "frequent_viewer"])
    assert body["updatedAt"].endswith("Z")


def test_patch_and_delete__single_tags__leave_the_others(client):
    client.put("/api/users/12345/tags", {"tags": ["a", "b"]})

    patched = client.patch("/api/users/12345/tags", {"add": ["c"], "remove": ["a"]})
    deleted = client.delete("/api/users/12345/tags/b")

    assert patched.json()["tags"] == ["b", "c"]
    assert deleted.json()["tags"] == ["c"]
    assert client.get("/api/users/12345/tags").json()["tags"] == ["c"]


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/api/users/nobody/tags", {"tags": []}, 404, "resource_missing"),
        ("/api/users/12345/tags", {}, 400, "missing_field"),
        ("/api/users/12345/tags", {"tags": "a"}, 400, "invalid_parameter"),
        ("/api/users/12345/tags", {"tags": [""]}, 400, "invalid_parameter"),
        ("/api/users/12345/tags", {"tags": [], "more": 1}, 400, "unknown_parameter"),
    ],
)
def test_put__bad_request__is_refused_and_changes_nothing(client, path, body, status, code):
    client.put("/api/users/12345/tags", {"tags": ["kept"]})

    answer = client.put(path, body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert CustomerTag.objects.get().tag.name == "kept"
