"""/api/v1/customers over HTTP."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from core.actors import SYSTEM
from customers.api.serializers import CustomerInputSerializer, CustomerSerializer
from customers.models import AttributeDefinition, Customer, TagOrigin
from customers.selectors.answers import FIELDS
from customers.services.customers import create_customer, delete_customer
from customers.services.drafts import BLANK
from customers.services.identities import ensure_anonymous, link_identity
from customers.services.purchases import NewPurchase, record_purchase
from customers.services.tags import replace_tags

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIST = "/api/v1/customers"


@pytest.fixture
def reader(caller):
    return caller("customers:read", "customers.pii:read")


@pytest.fixture
def writer(caller):
    return caller("customers:read", "customers:write", "customers:delete", "customers.pii:read")


def make(number, *, at=NOON, **more):
    properties = {"external_id": f"c{number}", "email": f"c{number}@example.com"} | more
    return create_customer(properties=properties, by=SYSTEM, now=at)


def test_serializers__fields__are_those_of_the_answers_and_drafts():
    assert set(CustomerSerializer().fields) == set(FIELDS)
    assert set(CustomerInputSerializer().fields) == set(BLANK)


def test_list__the_literal_example__answers_literally(reader):
    jane = create_customer(
        properties={"email": "jane.doe@example.com", "first_name": "Jane", "last_name": "Doe"},
        by=SYSTEM,
        now=datetime(2024, 2, 15, 14, 34, tzinfo=UTC),
    )
    record_purchase(
        purchase=NewPurchase(jane.pk, "ord_789", Decimal("49.99"), "USD", datetime(2024, 4, 10, 11, 12, tzinfo=UTC)),
        source="shop",
        by=SYSTEM,
        now=NOON,
    )

    answer = reader.get(f"{LIST}?created_after=2024-01-01T00:00:00Z&status=active&limit=100")

    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == ["data", "pagination"]
    assert body["pagination"] == {"limit": 100, "offset": 0, "total": 1}
    item = body["data"][0]
    assert list(item)[:8] == [
        "id",
        "email",
        "first_name",
        "last_name",
        "created_at",
        "status",
        "last_purchase",
        "segments",
    ]
    assert item["created_at"] == "2024-02-15T14:34:00Z"
    purchase = item["last_purchase"]
    assert b'"amount":49.99,' in answer.content
    assert purchase == {
        "order_id": "ord_789",
        "amount": 49.99,
        "amount_minor": 4999,
        "currency": "USD",
        "date": "2024-04-10T11:12:00Z",
    }
    assert item["segments"] == []
    assert answer["Cache-Control"] == "no-store"


def test_list__without_the_right_to_personal_data__omits_and_names_the_fields(caller):
    AttributeDefinition.objects.create(
        key="shoe_size", name="Shoe size", type="number", purpose="fit", pii_class="personal"
    )
    AttributeDefinition.objects.create(key="plan", name="Plan", type="text", purpose="billing")
    make(1, attributes={"shoe_size": 38, "plan": "pro"})

    body = caller("customers:read").get(LIST).json()

    assert "email" not in body["data"][0]
    assert body["data"][0]["attributes"] == {"plan": "pro"}
    assert body["redacted"] == [
        "email",
        "first_name",
        "last_name",
        "external_id",
        "phone",
        "birth_date",
        "attributes.shoe_size",
    ]
    assert b"example.com" not in json.dumps(body).encode()


@pytest.mark.parametrize(
    ("query", "code", "param"),
    [
        ("limit=0", "invalid_parameter", "limit"),
        ("limit=201", "invalid_parameter", "limit"),
        ("limit=abc", "invalid_parameter", "limit"),
        ("created_after=yesterday", "invalid_parameter", "created_after"),
        ("created_after=2024-01-01T00:00:00", "invalid_parameter", "created_after"),
        ("created_after=", "invalid_parameter", "created_after"),
        ("status=deleted", "invalid_parameter", "status"),
        ("colour=red", "unknown_parameter", "colour"),
        ("fields=shoe", "invalid_parameter", "fields"),
        ("expand=nothing", "invalid_parameter", "expand"),
        ("sort=email", "invalid_parameter", "sort"),
        ("offset=10001", "invalid_parameter", "offset"),
        ("count=some", "invalid_parameter", "count"),
        ("cursor=forged", "invalid_parameter", "cursor"),
        ("include_deleted=yes", "invalid_parameter", "include_deleted"),
    ],
)
def test_list__bad_parameter__is_refused_by_name(reader, query, code, param):
    answer = reader.get(f"{LIST}?{query}")

    assert answer.status_code == 400
    assert (answer.json()["code"], answer.json()["param"]) == (code, param)


def test_list__filters__narrow(reader):
    german = make(1, country="DE", at=NOON - timedelta(days=2))
    make(2, country="FR", status="inactive", at=NOON)
    replace_tags(customer=german, tags=["vip"], origin=TagOrigin.API, by=SYSTEM, now=NOON + timedelta(days=1))
    found = {}
    for query in (
        "country=de",
        "status=inactive",
        "tag=vip",
        "email=C1@example.com",
        "external_id=c2",
        "created_before=2026-03-01T12:00:00Z",
        "created_after=2026-03-01T13:00:00%2B01:00",
        "updated_after=2026-03-02T00:00:00Z",
        "tag=vip&country=FR",
        "email=nobody",
    ):
        found[query] = [item["external_id"] for item in reader.get(f"{LIST}?{query}").json()["data"]]

    assert found == {
        "country=de": ["c1"],
        "status=inactive": ["c2"],
        "tag=vip": ["c1"],
        "email=C1@example.com": ["c1"],
        "external_id=c2": ["c2"],
        "created_before=2026-03-01T12:00:00Z": ["c1"],
        "created_after=2026-03-01T13:00:00%2B01:00": ["c2"],
        "updated_after=2026-03-02T00:00:00Z": ["c1"],
        "tag=vip&country=FR": [],
        "email=nobody": [],
    }


def test_list__visitors_and_tombstones__come_on_demand_only(reader):
    make(1)
    gone = make(2)
    delete_customer(customer=gone, reason="asked", by=SYSTEM, now=NOON)
    ensure_anonymous(anonymous_ids=["a1"], by=SYSTEM, now=NOON)

    plain = reader.get(LIST).json()
    visitors = reader.get(f"{LIST}?include_anonymous=true").json()
    deleted = reader.get(f"{LIST}?include_deleted=true").json()

    assert plain["pagination"]["total"] == 1
    assert visitors["pagination"]["total"] == 2
    tombstone = next(item for item in deleted["data"] if item["id"] == gone.public_id)
    assert tombstone == {
        "id": gone.public_id,
        "object": "customer",
        "deleted": True,
        "deleted_at": "2026-03-01T12:00:00Z",
        "reason": "asked",
        "merged_into": None,
    }


def test_list__by_cursor__visits_each_customer_once_also_with_equal_times(reader):
    for number in range(7):
        make(number)
    seen, path = [], f"{LIST}?limit=3&pagination=cursor"

    while path:
        body = reader.get(path).json()
        seen += [item["external_id"] for item in body["data"]]
        following = body["pagination"]["next_cursor"]
        path = f"{LIST}?limit=3&cursor={following}" if following else ""

    assert sorted(seen) == [f"c{number}" for number in range(7)]
    assert set(body["pagination"]) == {"limit", "has_more", "next_cursor"}


def test_list__offset_pages__carry_links(reader):
    for number in range(5):
        make(number)

    answer = reader.get(f"{LIST}?limit=2&offset=2&sort=created_at")

    assert [item["external_id"] for item in answer.json()["data"]] == ["c2", "c3"]
    assert 'rel="next"' in answer["Link"]
    assert 'rel="prev"' in answer["Link"]


def test_list__fields_and_counts__are_as_asked(reader):
    make(1)

    assert list(reader.get(f"{LIST}?fields=email,status").json()["data"][0]) == ["id", "email", "status"]
    assert "total" not in reader.get(f"{LIST}?count=none").json()["pagination"]
    assert reader.get(f"{LIST}?count=estimate").status_code == 200


def test_list__one_or_two_hundred_rows__cost_the_same_queries(reader, django_assert_max_num_queries):
    for number in range(60):
        make(number)
    reader.get(f"{LIST}?limit=1")

    with django_assert_max_num_queries(5):
        reader.get(f"{LIST}?limit=200")


def test_create__customer__is_there_at_its_location(writer):
    answer = writer.post(LIST, {"email": "Jane@Example.com", "external_id": "12345", "country": "us"})

    assert answer.status_code == 201
    body = answer.json()
    assert body["email"] == "jane@example.com"
    assert answer["Location"] == f"/api/v1/customers/{body['id']}"
    assert writer.get(answer["Location"]).json() == body


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "missing_field"),
        ([], 400, "malformed_json"),
        ({"email": "a@example.com", "age": 3}, 400, "unknown_parameter"),
        ({"email": "taken@example.com"}, 409, "duplicate_email"),
        ({"external_id": "taken"}, 409, "duplicate_external_id"),
        ({"email": "a@example.com", "first_name": "4242424242424242"}, 400, "sensitive_number"),
        ({"email": "noreply@example.com"}, 400, "blocked_value"),
    ],
)
def test_create__bad_body__is_refused_and_nothing_is_stored(writer, body, status, code):
    create_customer(properties={"email": "taken@example.com", "external_id": "taken"}, by=SYSTEM, now=NOON)

    answer = writer.post(LIST, body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert Customer.objects.count() == 1


def test_retrieve__by_public_or_percent_encoded_external_id__finds_the_same(writer):
    create_customer(properties={"external_id": "a b/c+d%"}, by=SYSTEM, now=NOON)

    by_external = writer.get(f"{LIST}/a%20b%2Fc%2Bd%25")
    by_public = writer.get(f"{LIST}/{by_external.json()['id']}")

    assert by_external.status_code == by_public.status_code == 200
    assert by_external["ETag"] == by_public["ETag"]


def test_retrieve__unchanged__is_304(writer):
    make(1)
    etag = writer.get(f"{LIST}/c1")["ETag"]

    unchanged = writer.get(f"{LIST}/c1", if_none_match=etag)

    assert (unchanged.status_code, unchanged.content) == (304, b"")


@pytest.mark.django_db(transaction=True)
def test_retrieve__after_a_tag_was_put_on__is_sent_again(writer):
    jane = make(1)
    etag = writer.get(f"{LIST}/c1")["ETag"]
    replace_tags(customer=jane, tags=["vip"], origin=TagOrigin.API, by=SYSTEM, now=NOON)

    changed = writer.get(f"{LIST}/c1", if_none_match=etag)

    assert (changed.status_code, changed.json()["tags"]) == (200, ["vip"])


@pytest.mark.django_db(transaction=True)
def test_update__with_if_match__wins_once(writer):
    make(1)
    etag = writer.get(f"{LIST}/c1")["ETag"]

    first = writer.patch(f"{LIST}/c1", {"first_name": "A"}, if_match=etag)
    second = writer.patch(f"{LIST}/c1", {"first_name": "B"}, if_match=etag)

    assert (first.status_code, second.status_code) == (200, 412)
    assert Customer.objects.get().first_name == "A"
    assert writer.put(f"{LIST}/c1", {"external_id": "c1"}, if_match=first["ETag"]).json()["email"] is None


def test_delete__customer__is_404_afterwards_and_a_tombstone_on_demand(writer):
    jane = make(1)

    assert writer.delete(f"{LIST}/c1").status_code == 204

    assert writer.get(f"{LIST}/{jane.public_id}").status_code == 404
    assert writer.get(f"{LIST}/{jane.public_id}?include_deleted=true").json()["deleted"] is True
    assert writer.patch(f"{LIST}/{jane.public_id}", {"first_name": "x"}).status_code == 404


@pytest.mark.parametrize(
    ("method", "scope"), [("post", "customers:read"), ("delete", "customers:write"), ("get", "tags:write")]
)
def test_customers__wrong_scope__is_forbidden(caller, method, scope):
    make(1)

    answer = caller(scope)(method, LIST if method == "post" else f"{LIST}/c1", {} if method == "post" else None)

    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    assert Customer.objects.get().status == "active"


def test_batch_upsert__mixed__is_207_with_results_in_order(writer):
    body = {
        "id_property": "external_id",
        "inputs": [
            {"id": "1", "properties": {"email": "one@example.com"}, "trace_id": "t1"},
            {"id": "2", "properties": {"email": "one@example.com"}, "trace_id": "t2"},
        ],
    }

    answer = writer.post(f"{LIST}/batch/upsert", body, idempotency_key="k1")

    assert answer.status_code == 207
    first, second = answer.json()["results"]
    assert (first["status"], first["trace_id"]) == ("created", "t1")
    assert (second["status"], second["error"]["code"], second["error"]["status"]) == ("refused", "duplicate_email", 409)


def test_batch_upsert__all_refused_or_atomic__is_400_and_stores_nothing(writer):
    bad = {"id": "2", "properties": {"country": "XX"}}
    good = {"id": "1", "properties": {}}

    every = writer.post(f"{LIST}/batch/upsert", {"id_property": "external_id", "inputs": [bad]}, idempotency_key="a")
    atomic = writer.post(
        f"{LIST}/batch/upsert?atomic=true", {"id_property": "external_id", "inputs": [good, bad]}, idempotency_key="b"
    )
    many = writer.post(
        f"{LIST}/batch/upsert", {"id_property": "external_id", "inputs": [good] * 501}, idempotency_key="c"
    )

    assert [every.status_code, atomic.status_code, many.status_code] == [400, 400, 400]
    assert many.json()["code"] == "batch_too_large"
    assert every.json()["results"][0]["error"]["param"] == "country"
    assert not Customer.objects.exists()


def test_batch_read__known_and_unknown__answers_in_order(reader):
    jane, joe = make(1), make(2)

    body = reader.post(f"{LIST}/batch/read", {"ids": ["c2", jane.public_id, "nobody"]}).json()

    assert [item["id"] for item in body["data"]] == [joe.public_id, jane.public_id]
    assert body["missing"] == ["nobody"]


def test_identities__link_and_list__show_values_with_the_right_only(writer, caller):
    make(1)
    ensure_anonymous(anonymous_ids=["a1"], by=SYSTEM, now=NOON)

    linked = writer.post(f"{LIST}/c1/identities", {"kind": "anonymous_id", "value": "a1"})

    assert linked.status_code == 200
    assert [i["kind"] for i in linked.json()["identities"]] == ["email", "external_id", "anonymous_id"]
    masked = caller("customers:read").get(f"{LIST}/c1/identities").json()
    assert masked["redacted"] == ["value"]
    assert all("value" not in identity for identity in masked["data"])


def test_purchases__record_and_list__count_on_the_customer(writer):
    make(1)
    order = {"order_id": "o1", "amount": 49.99, "currency": "USD", "date": "2026-02-01T10:00:00Z"}

    recorded = writer.post(f"{LIST}/c1/purchases", order)
    again = writer.post(f"{LIST}/c1/purchases", order)

    assert (recorded.status_code, again.status_code) == (201, 409)
    assert writer.get(f"{LIST}/c1/purchases").json()["data"][0]["amount"] == 49.99
    assert writer.get(f"{LIST}/c1").json()["orders"] == {
        "count": 1,
        "total": 49.99,
        "total_minor": 4999,
        "currency": "USD",
    }


def test_timeline__purchases__come_newest_first_by_cursor(writer):
    jane = make(1)
    for number in range(5):
        record_purchase(
            purchase=NewPurchase(jane.pk, f"o{number}", Decimal(1), "EUR", NOON + timedelta(hours=number // 2)),
            source="shop",
            by=SYSTEM,
            now=NOON,
        )
    seen, path = [], f"{LIST}/c1/timeline?limit=2&source=purchases"

    while path:
        body = writer.get(path).json()
        seen += [entry["details"]["order_id"] for entry in body["data"]]
        following = body["pagination"]["next_cursor"]
        path = f"{LIST}/c1/timeline?limit=2&source=purchases&cursor={following}" if following else ""

    assert seen == ["o4", "o3", "o2", "o1", "o0"]


def test_absorbed_visitor__read_by_its_old_id__answers_as_the_customer(reader):
    jane = make(1)
    guest = Customer.objects.get(pk=ensure_anonymous(anonymous_ids=["a1"], by=SYSTEM, now=NOON)["a1"])
    link_identity(customer=jane, kind="anonymous_id", value="a1", by=SYSTEM, now=NOON)

    body = reader.get(f"{LIST}/{guest.public_id}").json()

    assert body["id"] == jane.public_id
    assert body["merged_from"] == guest.public_id
