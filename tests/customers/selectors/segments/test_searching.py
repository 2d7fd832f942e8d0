"""Plans of searches: a page is read from an index in its order, or found by one pass; never everybody sorted."""

from datetime import UTC, datetime

import pytest
from django.db import connection

from customers.selectors.answers import columns_for
from customers.selectors.segments.registry import grammar
from customers.selectors.segments.running import explain_plan, plan_nodes
from customers.selectors.segments.searching import FoundPages
from tests.support.crowd import insert_people

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
NEWEST = ("-created_at", "-id")


@pytest.fixture
def crowd(db):
    """20,000 customers, each with an external id and one order; one in fifty German; none alike in age."""
    insert_people(people=20_000, now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE customers_customer SET created_at = %s::timestamptz - id * interval '1 minute'", [NOW])
        cursor.execute(
            "INSERT INTO customers_identity (customer_id, kind, value, source, created_at)"
            " SELECT id, 'external_id', public_id, 'test', %s FROM customers_customer",
            [NOW],
        )
        cursor.execute(
            "INSERT INTO customers_purchase (public_id, customer_id, order_id, amount, currency, lines, quantity,"
            " purchased_at, source, created_at)"
            " SELECT 'pur_' || c.id, c.id, 'o' || c.id, 10, 'EUR', 1, 1, %s, 'test', %s FROM customers_customer c",
            [NOW, NOW],
        )
        cursor.execute("ANALYZE customers_customer, customers_identity, customers_purchase")


def pages(rule):
    using = grammar()
    node = using.read({"version": 1, "rule": rule})
    return FoundPages(node=node, grammar=using, columns=columns_for(("id",)), now=NOW)


def planned(rule, order=NEWEST, position=None):
    found = pages(rule)
    sql, more = found.question(order, position, 0, 51)
    return plan_nodes(explain_plan(sql, found.statement.parameters | more))


def country(op, value):
    return {"on": "profile", "field": "country", "op": op, "value": value}


@pytest.mark.parametrize("position", [None, ("2026-03-01T00:00:00+00:00", 9_000)])
@pytest.mark.parametrize(
    ("rule", "order", "index"),
    [
        (country("is", "US"), NEWEST, "customer_"),
        (country("is", "DE"), NEWEST, "customer_by_country"),
        (country("is_not", "DE"), NEWEST, "customer_newest"),
        ({"any": [country("is", "US"), country("is", "DE")]}, NEWEST, "customer_newest"),
        (country("is_not", "DE"), ("updated_at", "id"), "customer_by_update"),
    ],
)
def test_plan__order_of_an_index__is_read_from_it_without_a_sort(crowd, rule, order, index, position):
    nodes = planned(rule, order, position)

    assert any(index in node for node in nodes), nodes
    assert not [node for node in nodes if node.startswith(("Sort", "Incremental Sort", "Seq Scan"))], nodes


def test_plan__identifier__is_found_by_its_index(crowd):
    nodes = planned({"on": "identity", "field": "external_id", "op": "is", "value": "cus_" + "7".rjust(22, "0")})

    assert any("identity_" in node for node in nodes), nodes
    assert not [node for node in nodes if node.startswith("Seq Scan")], nodes


def test_plan__orders_in_a_window__reads_them_once(crowd):
    rule = {"on": "purchases", "field": "count", "window": {"last": {"days": 30}}, "op": "at_least", "value": 1}

    nodes = planned(rule)

    assert len([node for node in nodes if "customers_purchase" in node or "purchase_" in node]) == 1, nodes


def test_read_page__walk_by_position__finds_everybody_once_in_order(crowd):
    found = pages(country("is", "DE"))
    ids, position = [], None
    while rows := found.read_page(NEWEST, position, 0, 150):
        ids += [row.id for row in rows]
        position = [rows[-1].created_at.isoformat(), rows[-1].id]

    assert len(ids) == 400 == len(set(ids))
    assert ids == sorted(ids)
