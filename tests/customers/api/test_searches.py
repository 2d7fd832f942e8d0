"""POST /customers/search: who is found, how pages go on, what needs which right."""

from datetime import timedelta
from decimal import Decimal

import pytest

from core.actors import SYSTEM
from customers.models import Customer, TagOrigin
from customers.services.attributes import define_attribute
from customers.services.customers import create_customer
from customers.services.purchases import NewPurchase, record_purchase
from customers.services.tags import change_tags
from tests.factories.consent import make_person
from tests.factories.core import NOON
from tests.factories.engagement import make_event

pytestmark = pytest.mark.django_db
SEARCH = "/api/v1/customers/search"


@pytest.fixture
def reader(caller):
    return caller("customers:read", "customers.pii:read")


@pytest.fixture
def people():
    """Five people, each a minute older than the one before."""
    define_attribute(
        key="plan",
        value_type="enum",
        values={"options": ["free", "pro"], "purpose": "billing", "pii_class": "none"},
        by=SYSTEM,
        now=NOON,
    )
    countries = {"ana": "DE", "bo": "DE", "cy": "FR", "di": "AT", "ed": "US"}
    made = {
        name: create_customer(
            properties={
                "external_id": name,
                "country": country,
                "first_name": name.capitalize(),
                "email": f"{name}@example.com",
                "attributes": {"plan": "pro" if name in ("ana", "ed") else "free"},
            },
            by=SYSTEM,
            now=NOON - timedelta(minutes=age),
        )
        for age, (name, country) in enumerate(countries.items())
    }
    change_tags(customer_ids=[made["cy"].pk], add=["vip"], origin=TagOrigin.API, by=SYSTEM, now=NOON)
    order = NewPurchase(
        customer_id=made["bo"].pk, order_id="o-1", amount=Decimal(120), currency="EUR", purchased_at=NOON
    )
    record_purchase(purchase=order, source="test", by=SYSTEM, now=NOON)
    return made


def one(name, operator, **operands):
    return {"property": name, "operator": operator, **operands}


def body(*groups, **more):
    return {"filter_groups": [{"filters": list(group)} for group in groups], **more}


def found(reader, *groups, **more):
    answer = reader.post(SEARCH, body(*groups, fields=["external_id"], **more))
    assert answer.status_code == 200, answer.content
    return [row["external_id"] for row in answer.json()["data"]]


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        (one("country", "EQ", value="DE"), ["ana", "bo"]),
        (one("country", "NOT_IN", values=["DE", "US"]), ["cy", "di"]),
        (one("first_name", "CONTAINS_TOKEN", value="*d"), ["ed"]),
        (one("email", "EQ", value="CY@example.com"), ["cy"]),
        (one("external_id", "IN", values=["ana", "di", "nobody"]), ["ana", "di"]),
        (one("attributes.plan", "EQ", value="pro"), ["ana", "ed"]),
        (one("orders.count", "GTE", value="1"), ["bo"]),
        (one("orders.total", "BETWEEN", value=100, high_value=120), ["bo"]),
        (one("last_purchase.date", "HAS_PROPERTY"), ["bo"]),
        (one("purchases.sum", "GT", value=119.5, currency="EUR", window={"from": "2020-01-01"}), ["bo"]),
        (one("created_at", "GTE", value=(NOON - timedelta(minutes=1)).isoformat()), ["ana", "bo"]),
        (one("created_at", "LTE", value=(NOON - timedelta(minutes=3)).isoformat()), ["di", "ed"]),
        (one("last_seen_at", "NOT_HAS_PROPERTY"), ["ana", "bo", "cy", "di", "ed"]),
        (one("tags", "EQ", value="vip"), ["cy"]),
        (one("tags", "NOT_HAS_PROPERTY"), ["ana", "bo", "di", "ed"]),
        (one("privacy.gpc", "EQ", value=True), []),
    ],
)
def test_search__one_filter__finds_exactly_whom_it_describes(reader, people, asked, names):
    assert found(reader, [asked]) == names


def test_search__groups__are_any_of_all_their_filters(reader, people):
    german_pro = [one("country", "EQ", value="DE"), one("attributes.plan", "EQ", value="pro")]

    assert found(reader, german_pro, [one("tags", "EQ", value="vip")]) == ["ana", "cy"]


def test_search__consent_and_engagement__are_filters_like_any_other(reader, people):
    make_person(external_id="fay")
    shop = Customer.objects.get(pk=make_event().customer_id).external_id

    assert set(found(reader, [one("consent.marketing_email", "EQ", value="granted")])) == {"fay", shop}
    german = one("country", "EQ", value="DE")
    assert "fay" in found(reader, [german, one("consent.marketing_email", "EQ", value="allowed")])
    assert {"ana", "bo"} <= set(found(reader, [german, one("consent.marketing_email", "EQ", value="not_allowed")]))
    assert set(found(reader, [one("consent.marketing_sms", "IN", values=["refused"])])) == {"fay", shop}
    assert found(reader, [one("consent.analytics", "HAS_PROPERTY")]) == [shop]
    assert found(reader, [one("events.count", "GTE", value=1, type="click", window={"last": {"days": 2}})]) == [shop]


def test_search__rule__finds_whom_the_same_filters_find(reader, people):
    rule = {"version": 1, "rule": {"not": {"on": "profile", "field": "country", "op": "is", "value": "DE"}}}

    answer = reader.post(SEARCH, {"rule": rule, "fields": ["external_id"]})

    assert [row["external_id"] for row in answer.json()["data"]] == ["cy", "di", "ed"]
    assert found(reader, [one("country", "NEQ", value="DE")]) == ["cy", "di", "ed"]


@pytest.mark.parametrize("direction", ["ASCENDING", "DESCENDING"])
@pytest.mark.parametrize("column", ["created_at", "updated_at", "id"])
def test_search__pages__hold_everybody_once_in_order(reader, people, column, direction):
    question = body([one("country", "HAS_PROPERTY")], sorts=[{"property": column, "direction": direction}], limit=2)
    names, cursor, pages = [], None, 0
    while cursor or not pages:
        answer = reader.post(SEARCH, question | ({"cursor": cursor} if cursor else {})).json()
        names += [row["external_id"] for row in answer["data"]]
        cursor, pages = answer["pagination"]["next_cursor"], pages + 1

    assert pages == 3 and sorted(names) == ["ana", "bo", "cy", "di", "ed"]
    order = reader.get("/api/v1/customers?sort=" + ("-" if direction == "DESCENDING" else "") + column).json()["data"]
    assert names == [row["external_id"] for row in order]


def test_search__cursor_of_other_filters__is_refused(reader, people):
    cursor = reader.post(SEARCH, body([one("country", "HAS_PROPERTY")], limit=2)).json()["pagination"]["next_cursor"]

    answer = reader.post(SEARCH, body([one("country", "EQ", value="DE")], limit=2, cursor=cursor))

    assert (answer.status_code, answer.json()["param"]) == (400, "cursor")


@pytest.mark.parametrize(
    "asked",
    [
        one("email", "EQ", value="ana@example.com"),
        one("external_id", "HAS_PROPERTY"),
        one("first_name", "EQ", value="Ana"),
        one("birth_date", "LT", value="2000-01-01"),
        one("attributes.nickname", "HAS_PROPERTY"),
        one("events.count", "GT", value=0),
        one("privacy.gpc", "EQ", value=True),
    ],
)
def test_search__what_answers_hide__cannot_be_asked_without_the_right(caller, people, asked):
    define_attribute(
        key="nickname", value_type="text", values={"purpose": "greeting", "pii_class": "personal"}, by=SYSTEM, now=NOON
    )

    answer = caller("customers:read").post(SEARCH, body([one("country", "EQ", value="DE")], [asked]))

    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope"), answer.content
    assert answer.json()["required_scope"] == "customers.pii:read"


def test_search__without_the_right__answers_what_the_list_answers(caller, people):
    plain = caller("customers:read")

    answer = plain.post(SEARCH, body([one("orders.count", "GT", value=0), one("country", "EQ", value="DE")])).json()

    listed = plain.get("/api/v1/customers?country=DE").json()
    assert answer["data"] == [row for row in listed["data"] if row["orders"]["count"]]
    assert answer["redacted"] == listed["redacted"]


@pytest.mark.parametrize(
    ("sent", "param"),
    [
        ({}, "filter_groups"),
        ({"filter_groups": []}, "/filter_groups"),
        ({"filter_groups": [{"filters": []}]}, "/filter_groups/0"),
        (body([one("country", "EQ")]), "/filter_groups/0/filters/0/value"),
        (body([one("shoe", "EQ", value=1)]), "/filter_groups/0/filters/0/property"),
        (body([one("tags", "EQ", value="never-used")]), "/filter_groups/0/filters/0/value"),
        (body([one("country", "EQ", value="DE")], limit=201), "limit"),
        (body([one("country", "EQ", value="DE")], limit="9"), "limit"),
        (body([one("country", "EQ", value="DE")], cursor="x"), "cursor"),
        (body([one("country", "EQ", value="DE")], fields="email"), "fields"),
        (body([one("country", "EQ", value="DE")], fields=["shoe"]), "fields"),
        (body([one("country", "EQ", value="DE")], expand=["shoe"]), "expand"),
        (body([one("country", "EQ", value="DE")], sorts=["created_at"]), "sorts[0]"),
        (body([one("country", "EQ", value="DE")], sorts=[{"property": "email"}]), "sorts[0]"),
        (body([one("country", "EQ", value="DE")], more=1), "more"),
        (body([one("country", "EQ", value="DE")], rule={}), "filter_groups"),
        ({"rule": {"version": 1, "rule": {"all": []}}}, "/rule/rule/all"),
    ],
)
def test_search__mistake__is_refused_and_says_where(reader, people, sent, param):
    answer = reader.post(SEARCH, sent)

    assert answer.status_code == 400, answer.content
    assert answer.json()["param"] == param


def test_search__any_number_of_people__costs_the_same_statements(reader, people, django_assert_max_num_queries):
    found(reader, [one("country", "EQ", value="US")])

    with django_assert_max_num_queries(12):
        assert len(found(reader, [one("country", "HAS_PROPERTY")])) == 5
