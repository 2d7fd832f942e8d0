"""Pages read by kept statements hold what the same question answers by the ORM, in the same order."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from core.actors import SYSTEM
from customers.models import Customer
from customers.selectors import pages
from customers.selectors.answers import columns_for
from customers.selectors.customers import list_customers
from customers.selectors.pages import CustomerPages, behind
from customers.services.customers import UpsertInput, upsert_customers

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
COLUMNS = columns_for(("id", "email"))
ORDERS = [
    ("-created_at", "-id"),
    ("created_at", "id"),
    ("-created_at", "id"),
    ("updated_at", "-created_at", "id"),
    ("-id",),
]


@pytest.fixture
def people():
    for day in range(3):
        batch = [UpsertInput(f"p{day}-{n}", {"country": "DE" if n % 2 else "FR"}) for n in range(4)]
        upsert_customers(id_property="external_id", inputs=batch, by=SYSTEM, now=NOON + timedelta(days=day))
    again = [UpsertInput(f"p0-{n}", {"last_name": "Doe"}) for n in range(3)]
    upsert_customers(id_property="external_id", inputs=again, by=SYSTEM, now=NOON + timedelta(days=5))


def asking(narrow=list_customers, fixed=True, **asked):
    return CustomerPages(asked=asked, fixed=fixed, columns=COLUMNS, narrow=narrow)


@pytest.mark.parametrize("order", ORDERS)
def test_read_page__walked_to_the_end__is_the_whole_list_in_order(people, order):
    seen, position = [], None

    while rows := asking().read_page(order, position, 0, 5):
        seen += [row.id for row in rows]
        position = [getattr(rows[-1], term.lstrip("-")) for term in order]

    assert seen == list(Customer.objects.known().order_by(*order).values_list("pk", flat=True))
    assert len(seen) == 12


def test_read_page__same_question_again__does_not_ask_for_the_filters_again(people):
    calls = []

    def narrow():
        calls.append(1)
        return list_customers().filter(country="DE")

    first = asking(narrow, country="DE", limit="2").read_page(("id",), None, 0, 3)
    again = asking(narrow, country="DE", limit="2").read_page(("id",), None, 0, 3)

    assert first == again
    assert len(calls) == 1


def test_read_page__filter_of_an_upper_floor__is_composed_each_time(people):
    found = [
        asking(lambda code=code: list_customers().filter(country=code), fixed=False, segment="moving").read_page(
            ("id",), None, 0, 10
        )
        for code in ("DE", "ZZ")
    ]

    assert [len(rows) for rows in found] == [6, 0]


def test_read_page__question_for_one_person__is_not_kept_in_memory(people):
    pages._kept.clear()

    asking(email="somebody@example.com").read_page(("id",), None, 0, 3)

    assert not pages._kept


def test_read_page__nothing_can_match__is_empty(people):
    assert asking(lambda: list_customers().none(), status="active").read_page(("id",), None, 0, 3) == []


def test_kept_questions__more_than_the_bound__lose_the_oldest(people, monkeypatch):
    monkeypatch.setattr(pages, "_KEPT_AT_MOST", 2)
    pages._kept.clear()

    for end in range(1, 5):
        asking().read_page(("id",), None, 0, end)

    assert [key[-1] for key in pages._kept] == [3, 4]


def test_behind__same_direction__enters_the_index_at_the_position(people):
    condition, places = behind(("-created_at", "-id"))

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute(
            f"EXPLAIN SELECT id FROM customers_customer WHERE {condition} ORDER BY created_at DESC, id DESC LIMIT 5",
            [NOON, 5],
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert places == (0, 1)
    assert "Index Cond: (ROW(created_at, id) < ROW(" in plan
    assert "Sort" not in plan
