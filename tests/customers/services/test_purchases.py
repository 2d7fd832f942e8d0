"""Purchases and the order figures on the customer row."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from core.actors import SYSTEM
from core.errors import Conflict, InvalidInput
from customers.models import Customer, Purchase
from customers.services.customers import create_customer
from customers.services.purchases import NewPurchase, record_purchase, record_purchases

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def customer():
    return create_customer(properties={"external_id": "12345"}, by=SYSTEM, now=NOON)


def order(customer, number, amount, *, day=0, currency="USD"):
    return NewPurchase(customer.pk, f"o{number}", Decimal(amount), currency, NOON + timedelta(days=day))


def test_record_purchase__order__is_stored_and_counted(customer):
    stored = record_purchase(purchase=order(customer, 1, "49.99"), source="shop", by=SYSTEM, now=NOON)

    customer.refresh_from_db()
    assert stored.public_id.startswith("ord_")
    assert (customer.orders_count, customer.orders_total, customer.orders_currency) == (1, Decimal("49.99"), "USD")
    assert (customer.last_order_id, customer.last_order_amount) == ("o1", Decimal("49.99"))


def test_record_purchases__refund_and_other_currency__figures_follow_the_latest_currency(customer):
    batch = [
        order(customer, 1, "100"),
        order(customer, 2, "30", day=3),
        order(customer, 3, "-10", day=4),
        order(customer, 4, "7", day=1, currency="EUR"),
    ]

    record_purchases(purchases=batch, source="shop", by=SYSTEM, now=NOON)

    customer.refresh_from_db()
    assert (customer.orders_count, customer.orders_total, customer.orders_currency) == (3, Decimal(120), "USD")
    assert (customer.last_order_id, customer.last_order_at) == ("o2", NOON + timedelta(days=3))


def test_record_purchase__same_order_again__is_a_conflict_and_counts_once(customer):
    record_purchase(purchase=order(customer, 1, "5"), source="shop", by=SYSTEM, now=NOON)

    with pytest.raises(Conflict) as refusal:
        record_purchase(purchase=order(customer, 1, "5"), source="shop", by=SYSTEM, now=NOON)

    customer.refresh_from_db()
    assert refusal.value.code == "duplicate_order_id"
    assert customer.orders_count == Purchase.objects.count() == 1


def test_record_purchase__card_number_as_order_id__is_refused_and_nothing_is_stored(customer):
    with pytest.raises(InvalidInput) as refusal:
        record_purchase(
            purchase=NewPurchase(customer.pk, "card 4242 4242 4242 4242", Decimal(1), "USD", NOON),
            source="shop",
            by=SYSTEM,
            now=NOON,
        )

    assert refusal.value.code == "sensitive_number"
    assert not Purchase.objects.exists()
    assert Customer.objects.get().orders_count == 0
