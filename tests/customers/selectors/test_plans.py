"""Lists are served by indexes, and naughty text breaks neither writing nor reading."""

import json
from datetime import UTC, datetime

import pytest
from django.db import connection

from core.actors import SYSTEM
from core.errors import DomainError
from customers.models import Customer
from customers.selectors.customers import matching_ids
from customers.selectors.filters import CustomerFilter
from customers.services.customers import UpsertInput, create_customer, upsert_customers

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def many():
    for start in range(4):
        batch = [
            UpsertInput(f"{start}-c{n}", {"last_name": f"Doe{n}", "country": "DE" if n % 9 else "FR"})
            for n in range(500)
        ]
        upsert_customers(id_property="external_id", inputs=batch, by=SYSTEM, now=NOON)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE customers_customer, customers_identity")
        cursor.execute("SET LOCAL enable_seqscan = off")


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ({}, "customer_newest"),
        ({"status": "active"}, "customer_"),
        ({"country": "FR"}, "customer_by_country"),
        ({"created_after": "2026-01-01T00:00:00Z"}, "customer_newest"),
        ({"external_id": "1-c7"}, "identity_unique"),
        ({"tag": "vip"}, "customer"),
    ],
)
def test_list__filter__is_served_by_an_index(many, query, index):
    narrowed = CustomerFilter(query, queryset=Customer.objects.all()).qs

    plan = narrowed.order_by("-created_at", "-id")[:50].explain()

    assert index in plan
    assert "Seq Scan on customers_customer " not in plan


def test_search__any_text__uses_an_index_for_each_way_to_match(many):
    plan = matching_ids("doe12", by_prefix=True).explain()

    assert "Seq Scan" not in plan
    assert "customer_last_name_prefix" in plan
    assert "customer_email_prefix" in plan


def test_create_customer__naughty_strings__are_stored_whole_or_refused(shared_data):
    strings = json.loads((shared_data / "vectors/blns.json").read_text())
    stored = {}

    for number, text in enumerate(strings):
        try:
            properties = {"external_id": f"n{number}", "first_name": text, "last_name": text}
            stored[number] = create_customer(properties=properties, by=SYSTEM, now=NOON).pk
        except DomainError as refusal:
            assert refusal.status == 400, text
            continue

    kept = dict(Customer.objects.values_list("pk", "first_name"))
    assert len(stored) > 300
    assert all(kept[pk] == strings[number].strip() for number, pk in stored.items())
