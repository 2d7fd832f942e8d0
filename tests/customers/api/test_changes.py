"""/customers/changes over real transactions."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from core.actors import SYSTEM
from core.crypto import sign_text
from customers.services.customers import create_customer, delete_customer, update_customer
from customers.services.identities import ensure_anonymous
from tests.engagement.support import committed

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FEED = "/api/v1/customers/changes"


def make(number):
    return create_customer(properties={"external_id": f"c{number}"}, by=SYSTEM, now=NOON)


def read(reader, token="", **more):
    committed()
    return read_now(reader, token, **more)


def read_now(reader, token="", **more):
    query = "&".join([f"since={token}", *(f"{k}={v}" for k, v in more.items())])
    answer = reader.get(f"{FEED}?{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()


@pytest.fixture
def reader(caller):
    return caller("customers:read", "customers.pii:read")


def test_changes__from_the_beginning__then_only_what_changed(reader):
    first, second = make(1), make(2)
    page = read(reader, limit=1)
    rest = read(reader, page["next_token"])
    update_customer(customer=first, properties={"first_name": "A"}, by=SYSTEM, now=NOON)
    delete_customer(customer=second, reason="asked", by=SYSTEM, now=NOON)
    ensure_anonymous(anonymous_ids=["a1"], by=SYSTEM, now=NOON)

    later = read(reader, rest["next_token"])

    assert (page["has_more"], [c["data"]["id"] for c in page["data"]]) == (True, [first.public_id])
    assert (rest["has_more"], [c["data"]["id"] for c in rest["data"]]) == (False, [second.public_id])
    assert [c["op"] for c in later["data"]] == ["upsert", "delete"]
    assert later["data"][1]["tombstone"]["id"] == second.public_id
    assert read(reader, later["next_token"])["data"] == []
    assert 5 <= later["poll_after_s"] <= 300


def test_changes__a_transaction_that_commits_late__is_not_missed(reader):
    opened, may_commit = threading.Event(), threading.Event()

    def slow():
        with transaction.atomic():
            make("slow")
            opened.set()
            may_commit.wait(60)
        connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    opened.wait(60)
    make("fast")
    during = read_now(reader)
    may_commit.set()
    thread.join(60)

    after = read(reader, during["next_token"])

    assert during["data"] == []
    assert {c["data"]["external_id"] for c in after["data"]} == {"cslow", "cfast"}


def test_changes__bad_and_too_old_tokens__are_refused(reader):
    old = int((timezone.now() - timedelta(days=401)).timestamp())

    forged = reader.get(f"{FEED}?since=forged")
    expired = reader.get(f"{FEED}?since={sign_text('changes', f'[1,1,{old},1]')}")

    assert (forged.status_code, forged.json()["param"]) == (400, "since")
    assert (expired.status_code, expired.json()["code"]) == (410, "cursor_expired")


def test_changes__nothing_new__is_304_and_says_when_to_ask_again(reader):
    customer = make(1)
    token = read(reader)["next_token"]
    quiet = reader.get(f"{FEED}?since={token}")

    again = reader.get(f"{FEED}?since={token}", if_none_match=quiet["ETag"])
    update_customer(customer=customer, properties={"first_name": "A"}, by=SYSTEM, now=NOON)
    committed()
    later = reader.get(f"{FEED}?since={token}", if_none_match=quiet["ETag"])

    assert (again.status_code, again["ETag"], again.content) == (304, quiet["ETag"], b"")
    assert quiet["X-Poll-After"] == again["X-Poll-After"] == str(quiet.json()["poll_after_s"])
    assert (later.status_code, later.json()["data"][0]["data"]["first_name"]) == (200, "A")
