"""Plans: facts are read once, by index where a few people are meant, and never row by row."""

from datetime import UTC, datetime

import pytest
from django.db import connection

from customers.models import Customer
from customers.selectors.segments import statement as statements
from customers.selectors.segments.explaining import explain_rule
from customers.selectors.segments.registry import grammar
from customers.selectors.segments.running import explain_plan, plan_nodes
from customers.selectors.segments.statement import compile_rule
from tests.support.crowd import insert_people

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
RECENT = {"last": {"days": 30}}


@pytest.fixture
def crowd(db):
    """6,000 customers, three events and one order each."""
    insert_people(people=6_000, now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT engagement_ensure_partition('2026-02-01'), engagement_ensure_partition('2026-03-01')")
        cursor.execute(
            "INSERT INTO engagement_event (event_id, occurred_at, received_at, xid, customer_id, consent_ref,"
            " source_id, type_id, schema_version, device, consent_kind)"
            " SELECT gen_random_uuid(), %s::timestamptz - n * interval '2 days', %s, 1, c.id, 1,"
            " 1, 1 + (c.id + n) %% 12, 1, 1, 1"
            " FROM generate_series(1, 3) n, customers_customer c",
            [NOW, NOW],
        )
        cursor.execute(
            "INSERT INTO customers_purchase (public_id, customer_id, order_id, amount, currency, lines, quantity,"
            " purchased_at, source, created_at)"
            " SELECT 'pur_' || c.id, c.id, 'o' || c.id, 10, 'EUR', 1, 1, %s, 'test', %s FROM customers_customer c",
            [NOW, NOW],
        )
        cursor.execute("ANALYZE customers_customer, customers_purchase, engagement_event")


def planned(node, **options):
    using = grammar()
    statement = compile_rule(node=using.read({"version": 1, "rule": node}), grammar=using, now=NOW, **options)
    sql = statement.select("count(*)")
    return sql, plan_nodes(explain_plan(sql, statement.parameters, in_order=statement.in_order))


def events(at_least, kind="click", **more):
    return {
        "on": "events",
        "type": kind,
        "field": "count",
        "window": RECENT,
        "op": "at_least",
        "value": at_least,
        **more,
    }


def reads(nodes, text):
    return [node for node in nodes if text in node]


def test_plan__several_sums_of_events__read_the_log_once(crowd):
    sql, nodes = planned({"any": [events(3), events(1, "view"), events(2, "page-view", op="less_than")]})

    assert sql.count("FROM engagement_event ") == 1
    assert sql.count("FILTER") == 3
    assert len(reads(nodes, "engagement_event_2026_03")) <= 2


def test_plan__selective_attribute_and_events__reads_only_those_peoples_facts(crowd):
    sql, nodes = planned({"all": [{"on": "profile", "field": "country", "op": "is", "value": "DE"}, events(1)]})

    assert "scope AS MATERIALIZED" in sql
    assert reads(nodes, "customer_by_country")
    assert not reads(nodes, "Seq Scan customers_customer")


def test_plan__attribute_that_nearly_all_have__does_not_narrow_the_facts(crowd):
    sql, _ = planned({"all": [{"on": "profile", "field": "country", "op": "is", "value": "US"}, events(1)]})

    assert "scope AS" not in sql


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("node", [events(3), events(1, op="equals", value=0)])
def test_plan__how_often_in_a_large_company__reads_the_index_in_the_order_of_customers(crowd, monkeypatch, node):
    monkeypatch.setattr(statements, "SPANNED_FROM", 1)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE engagement_event")

    sql, nodes = planned(node, in_order=True)

    assert sql.count(" UNION ALL SELECT count(*)") == statements.SPANS - 1
    assert reads(nodes, "Index Only Scan engagement_event_2026_03")
    assert not reads(nodes, "Seq Scan engagement_event_2026_03")


def test_plan__values_that_no_index_holds__are_read_from_the_log_once(crowd, monkeypatch):
    monkeypatch.setattr(statements, "SPANNED_FROM", 1)
    node = events(3, field="sum", property="value", kind="purchase")

    sql, _ = planned(node, in_order=True)

    assert "UNION ALL" not in sql


def test_plan__bought_twice__starts_from_the_orders(crowd):
    sql, nodes = planned({"on": "purchases", "field": "count", "window": RECENT, "op": "at_least", "value": 2})

    assert "coalesce(orders" not in sql
    assert not reads(nodes, "(Left)") and not reads(nodes, "(Right)")


@pytest.mark.parametrize(
    "node",
    [
        events(1, op="equals", value=0),
        {"not": {"on": "tags", "op": "is_set"}},
        {"not": {"any": [events(1), {"on": "identity", "field": "email", "op": "is_set"}]}},
        {"on": "sequence", "type": "click", "op": "not_followed_by", "value": {"type": "view", "within": {"days": 1}}},
    ],
)
def test_plan__negation__is_a_join_or_a_hashed_lookup_and_never_not_in(crowd, node):
    sql, nodes = planned(node)

    assert "NOT IN" not in sql
    assert not [n for n in reads(nodes, "Nested Loop (Anti)") if reads(nodes, "Seq Scan engagement_event")]


def test_plan__one_customer__reads_her_rows_by_index(crowd):
    customer = Customer.objects.order_by("pk").first()
    node = {
        "all": [
            events(1),
            {"on": "purchases", "field": "count", "op": "at_least", "value": 1},
            {"on": "tags", "op": "is_set"},
        ]
    }

    _, nodes = planned(node, customer_id=customer.pk)

    # Tables without a row are read whole, by nature.
    empty = {"Seq Scan engagement_event_2026_02", "Seq Scan customers_customertag"}
    assert set(reads(nodes, "Seq Scan")) <= empty
    assert reads(nodes, "customer_id_occurred_at_type_id_idx") or reads(nodes, "by_customer")
    using = grammar()
    found = explain_rule(
        node=using.read({"version": 1, "rule": node}), grammar=using, customer=customer, sees_pii=True, now=NOW
    )
    assert [finding.seen for finding in found.findings][1] == "1"


def test_statement__values_of_a_rule__travel_as_parameters_only(crowd):
    naughty = "x' OR '1'='1; DROP TABLE customers_customer; -- %(p0)s %s"
    rule = {
        "any": [
            {"on": "profile", "field": "first_name", "op": op, "value": naughty}
            for op in ("is", "contains", "starts_with")
        ]
    }
    sql, _ = planned(rule)

    assert "DROP" not in sql
    assert Customer.objects.exists()
