"""Real data with known answers: rules count what the published figures and the files themselves say."""

import csv
import gzip
import io
import json
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from core.actors import SYSTEM
from customers.selectors.segments.preview import count_rule
from customers.selectors.segments.registry import grammar
from customers.services.attributes import define_attribute

pytestmark = pytest.mark.django_db
NOW = datetime(2011, 12, 10, tzinfo=UTC)
_PERSON = (
    "INSERT INTO customers_customer (public_id, external_id, country, attributes, status, is_known, created_at,"
    " updated_at, first_name, last_name, region, language, time_zone, consent_mask, delete_reason, orders_count,"
    " orders_total, orders_currency, last_order_currency, created_via)"
    " SELECT 'cus_' || lpad(r ->> 0, 22, '0'), r ->> 0, r ->> 1, r -> 2, 'active', true, %s, %s, '', '', '', '', '', 1,"
    " '', 0, 0, '', '', '' FROM jsonb_array_elements(%s::jsonb) r"
)


def count(node):
    using = grammar()
    return count_rule(node=using.read({"version": 1, "rule": node}), grammar=using, now=NOW)[0]


def store(people):
    with connection.cursor() as cursor:
        cursor.execute(_PERSON, [NOW - timedelta(days=900), NOW, json.dumps(people)])
        cursor.execute("ANALYZE customers_customer")


def attribute(key, op, value=None):
    return {"on": "attribute", "field": key, "op": op} | ({} if value is None else {"value": value})


@pytest.fixture
def hillstrom(shared_data, define):
    with gzip.open(shared_data / "campaigns/hillstrom.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for key, kind in (
        ("arm", "text"),
        ("visit", "boolean"),
        ("conversion", "boolean"),
        ("spend", "number"),
        ("zip", "text"),
    ):
        define(key, kind)
    people = [
        [
            str(number),
            "US",
            {
                "arm": row["segment"],
                "visit": row["visit"] == "1",
                "conversion": row["conversion"] == "1",
                "spend": float(row["spend"]),
                "zip": row["zip_code"],
            },
        ]
        for number, row in enumerate(rows)
    ]
    store(people)
    return rows


@pytest.fixture
def define():
    def make(key, kind):
        define_attribute(key=key, value_type=kind, values={"purpose": "test"}, by=SYSTEM, now=NOW)

    return make


def test_hillstrom__arms_visits_conversions_and_spenders__are_the_published_ones(hillstrom):
    sizes = {"Mens E-Mail": 21_307, "Womens E-Mail": 21_387, "No E-Mail": 21_306}
    visits = {"Mens E-Mail": 18.28, "Womens E-Mail": 15.14, "No E-Mail": 10.62}
    conversions = {"Mens E-Mail": 1.2531, "Womens E-Mail": 0.8837, "No E-Mail": 0.5726}

    for arm, size in sizes.items():
        mine = attribute("arm", "is", arm)
        assert count(mine) == size
        assert round(100 * count({"all": [mine, attribute("visit", "is_true")]}) / size, 2) == visits[arm]
        assert round(100 * count({"all": [mine, attribute("conversion", "is_true")]}) / size, 4) == conversions[arm]
    assert count({"not": attribute("arm", "is", "No E-Mail")}) == 21_307 + 21_387
    assert count({"any": [attribute("arm", "starts_with", "mens"), attribute("arm", "contains", "womens")]}) == 42_694

    assert count(attribute("spend", "more_than", 0)) == count(attribute("conversion", "is_true")) == 578
    assert count(attribute("zip", "is", "Surburban")) == Counter(row["zip_code"] for row in hillstrom)["Surburban"]
    top = sorted((float(row["spend"]) for row in hillstrom), reverse=True)
    limit = top[63]
    assert count(attribute("spend", "top_percent", 0.1)) == sum(1 for value in top if value >= limit)


@pytest.fixture
def retail(shared_data):
    """One order per invoice with a customer, dated by its first line; cancellations are refunds."""
    with gzip.open(shared_data / "purchases/online_retail.csv.gz", "rt", encoding="utf-8") as file:
        lines = [line for line in csv.DictReader(file) if line["CustomerID"]]
    invoices: dict[tuple[str, str], list] = {}
    for line in lines:
        at = datetime.fromisoformat(line["InvoiceDate"]).replace(tzinfo=UTC)
        key = line["CustomerID"], line["InvoiceNo"]
        amount, first = invoices.get(key, [Decimal(0), at])
        invoices[key] = [amount + Decimal(line["UnitPrice"]) * int(line["Quantity"]), min(at, first)]
    store([[customer, "GB", {}] for customer in sorted({customer for customer, _ in invoices})])
    text = io.StringIO()
    for (customer, invoice), (amount, at) in invoices.items():
        text.write(f"pur_{invoice}x{customer}\t{customer}\t{invoice}x{customer}\t{amount}\t{at.isoformat()}\n")
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE raw_orders (p text, c text, o text, a numeric, at timestamptz) ON COMMIT DROP"
        )
        with cursor.copy("COPY raw_orders FROM STDIN") as copy:
            copy.write(text.getvalue())
        cursor.execute(
            "INSERT INTO customers_purchase (public_id, customer_id, order_id, amount, currency, lines, quantity,"
            " purchased_at, source, created_at) SELECT r.p, c.id, r.o, r.a, 'GBP', 1, 1, r.at, 'test', r.at"
            " FROM raw_orders r JOIN customers_customer c ON c.external_id = r.c"
        )
        cursor.execute("ANALYZE customers_purchase")
    by_customer = defaultdict(list)
    for (customer, _), (amount, at) in invoices.items():
        by_customer[customer].append((amount, at))
    return len(lines), by_customer


def orders(field, op, value, **more):
    return {"on": "purchases", "field": field, "op": op, "value": value, **more}


def test_online_retail__orders_of_customers__count_as_the_file_says(retail):
    lines, customers = retail
    month = NOW - timedelta(days=30)

    assert lines == 541_909 - 135_080
    assert count(orders("count", "at_least", 0)) == len(customers) == 4_372
    assert count(orders("count", "at_least", 2)) == sum(
        1 for rows in customers.values() if sum(a >= 0 for a, _ in rows) >= 2
    )
    assert count(orders("count", "at_least", 1, window={"last": {"days": 30}})) == sum(
        1 for rows in customers.values() if any(a >= 0 and at >= month for a, at in rows)
    )
    assert count(orders("sum", "at_least", 5_000, currency="GBP")) == sum(
        1 for rows in customers.values() if sum(a for a, _ in rows) >= 5_000
    )
    assert count(orders("refunds", "more_than", 0)) == sum(
        1 for rows in customers.values() if any(a < 0 for a, _ in rows)
    )
    assert count(orders("count", "equals", 0, window={"last": {"days": 90}})) == sum(
        1 for rows in customers.values() if not any(a >= 0 and at >= NOW - timedelta(days=90) for a, at in rows)
    )
    assert count(orders("last", "longer_ago_than", {"days": 180})) == sum(
        1
        for rows in customers.values()
        if any(a >= 0 for a, _ in rows) and max(at for a, at in rows if a >= 0) < NOW - timedelta(days=180)
    )
