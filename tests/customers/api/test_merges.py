"""Merging over HTTP: preview, two clients, redirect of the absorbed id, the change feed, undoing."""

import pytest

from customers.models import Customer, Merge
from tests.contracts.endpoint import assert_is_refusal

pytestmark = pytest.mark.django_db
READ, WRITE, PII = "customers:read", "customers:write", "customers.pii:read"


@pytest.fixture
def one(caller):
    """A client that asks."""
    return caller(READ, WRITE, PII)


@pytest.fixture
def other(caller):
    """Another client, that approves."""
    return caller(READ, WRITE)


@pytest.fixture
def pair(one):
    """Public ids of two profiles of one person."""
    bodies = ({"external_id": "12345", "first_name": "Jane"}, {"email": "jane@example.com", "country": "DE"})
    return [one.post("/api/v1/customers", body).json()["id"] for body in bodies]


def asked(one, pair):
    """A merge that waits."""
    return one.post(f"/api/v1/customers/{pair[0]}/merge", {"from": pair[1], "reason": "same person"})


def test_preview_merge__two_customers__shows_fields_figures_and_consent(one, pair):
    answer = one.get(f"/api/v1/customers/{pair[0]}/merge?from={pair[1]}").json()

    taken = {row["field"]: row["absorbed"] for row in answer["fields"] if row["winner"] == "absorbed"}
    assert taken == {"email": "jane@example.com", "country": "DE"}
    assert answer["needs_approval"] is True
    assert {row["what"] for row in answer["counts"]} >= {"Identifiers", "Orders and refunds", "Events"}
    assert "marketing_email" in {row["purpose"] for row in answer["consent"]}


def test_preview_merge__without_the_right_to_personal_data__leaves_values_out(other, pair):
    answer = other.get(f"/api/v1/customers/{pair[0]}/merge?from={pair[1]}").json()

    row = next(row for row in answer["fields"] if row["field"] == "email")
    assert "absorbed" not in row
    assert "email" in answer["redacted"]


def test_merge__by_two_clients__redirects_the_absorbed_id_and_shows_in_the_feed(one, other, pair):
    waiting = asked(one, pair)
    merge = waiting.json()["id"]
    refused = other.get(f"/api/v1/customers/{pair[1]}").json()

    approved = other.post(f"/api/v1/merges/{merge}/approve").json()

    read = one.get(f"/api/v1/customers/{pair[1]}").json()
    feed = one.get("/api/v1/customers/changes").json()["data"]
    assert (waiting.status_code, waiting["Location"]) == (202, f"/api/v1/merges/{merge}")
    assert refused["id"] == pair[1]
    assert (approved["state"], approved["customer"], approved["merged_from"]) == ("done", *pair)
    assert (read["id"], read["merged_from"], read["email"]) == (pair[0], pair[1], "jane@example.com")
    assert not feed or feed[-1]["op"] in ("merge", "upsert")


def test_merge__approved_by_whoever_asked__is_403_and_nothing_moves(one, pair):
    merge = asked(one, pair).json()["id"]

    answer = one.post(f"/api/v1/merges/{merge}/approve")

    assert_is_refusal(answer, 403, "second_person_required")
    assert not Customer.objects.filter(merged_into__isnull=False).exists()


def test_merge__twice__is_409(one, pair):
    asked(one, pair)

    assert_is_refusal(asked(one, pair), 409, "merge_waiting")
    assert Merge.objects.count() == 1


def test_merge__unknown_or_missing_other__is_refused(one, pair):
    assert_is_refusal(one.post(f"/api/v1/customers/{pair[0]}/merge", {"from": "nobody"}), 404, "resource_missing")
    assert one.post(f"/api/v1/customers/{pair[0]}/merge", {}).status_code == 400
    assert one.get(f"/api/v1/customers/{pair[0]}/merge").status_code == 400


def test_undo_merge__over_http__gives_both_back(one, other, pair):
    merge = asked(one, pair).json()["id"]
    other.post(f"/api/v1/merges/{merge}/approve")

    answer = other.post(f"/api/v1/merges/{merge}/undo", {"reason": "two people"}).json()

    assert answer["state"] == "undone"
    assert one.get(f"/api/v1/customers/{pair[1]}").json()["email"] == "jane@example.com"
    assert one.get(f"/api/v1/customers/{pair[0]}").json()["email"] is None
    assert_is_refusal(other.post(f"/api/v1/merges/{merge}/undo", {}), 409, "state_conflict")


def test_refuse_merge__then_list__stands_as_refused(one, other, pair):
    merge = asked(one, pair).json()["id"]

    other.post(f"/api/v1/merges/{merge}/refuse", {"reason": "sisters"})

    listed = one.get("/api/v1/merges?state=refused").json()["data"]
    assert [row["id"] for row in listed] == [merge]
    assert one.get("/api/v1/merges?state=nonsense").status_code == 400


def test_link_identity__device__is_kept_beside_the_others(one, pair):
    one.post(f"/api/v1/customers/{pair[0]}/identities", {"kind": "device_id", "value": "tablet-1"})

    answer = one.get(f"/api/v1/customers/{pair[0]}/identities").json()["data"]

    assert [row["kind"] for row in answer] == ["external_id", "device_id"]
