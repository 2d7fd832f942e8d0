"""Recording orders and refunds, and keeping the order figures on the customer row."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db import connection, transaction

from core import outbox
from core.actors import Actor
from core.errors import Conflict, DomainError, InvalidInput
from core.ids import new_id
from customers.models import Customer, Purchase
from customers.services.profiles import refusal_of, sensitive_problems

MAX_BATCH: Final = 500
LARGEST: Final = Decimal("99999999999999")

# The currency of the latest purchase counts; orders_total adds what was bought and given back in that currency.
_REFRESH: Final = """
UPDATE customers_customer AS c SET
    orders_count = coalesce(f.orders, 0), orders_total = coalesce(f.total, 0),
    orders_currency = coalesce(f.currency, ''),
    last_order_id = l.order_id, last_order_amount = l.amount, last_order_currency = coalesce(l.currency, ''),
    last_order_at = l.purchased_at, updated_at = %(now)s
FROM unnest(%(ids)s::bigint[]) AS asked(id)
LEFT JOIN LATERAL (
    SELECT p.order_id, p.amount, p.currency, p.purchased_at FROM customers_purchase AS p
    WHERE p.customer_id = asked.id AND p.amount >= 0 ORDER BY p.purchased_at DESC, p.id DESC LIMIT 1
) AS l ON true
LEFT JOIN LATERAL (
    SELECT recent.currency, count(*) FILTER (WHERE p.amount >= 0) AS orders,
        sum(p.amount) FILTER (WHERE p.currency = recent.currency) AS total
    FROM customers_purchase AS p, (
        SELECT r.currency FROM customers_purchase AS r WHERE r.customer_id = asked.id
        ORDER BY r.purchased_at DESC, r.id DESC LIMIT 1
    ) AS recent
    WHERE p.customer_id = asked.id GROUP BY recent.currency
) AS f ON true
WHERE c.id = asked.id
"""


@dataclass(frozen=True, slots=True)
class NewPurchase:
    """An order, or a refund with a negative amount, exactly as the shop counts it; `currency` is ISO 4217."""

    customer_id: int
    order_id: str
    amount: Decimal
    currency: str
    purchased_at: datetime
    lines: int = 1
    quantity: int = 1


def record_purchase(*, purchase: NewPurchase, source: str, by: Actor, now: datetime) -> Purchase:
    """The purchase is stored and its customer's order figures count it.

    Refuses a wrong value (400) and an order id that is already recorded (409 `duplicate_order_id`).
    """
    refusal = record_purchases(purchases=[purchase], source=source, by=by, now=now)[0]
    if refusal:
        raise refusal
    return Purchase.objects.get(order_id=purchase.order_id)


@transaction.atomic
def record_purchases(
    *, purchases: Sequence[NewPurchase], source: str, by: Actor, now: datetime
) -> list[DomainError | None]:
    """Store many purchases in a fixed number of statements; for each, in input order, its refusal or None."""
    if len(purchases) > MAX_BATCH:
        raise InvalidInput(f"A batch holds at most {MAX_BATCH} purchases.", code="batch_too_large")
    refusals = [_refusal(purchase) for purchase in purchases]
    fresh = [p for p, refusal in zip(purchases, refusals, strict=True) if refusal is None]
    _lock_customers({purchase.customer_id for purchase in fresh})
    stored = _insert(fresh, source, now)
    refresh_order_figures(customer_ids={p.customer_id for p in fresh if p.order_id in stored}, now=now)
    _tell(stored, by)
    taken: set[str] = set()
    for index, purchase in enumerate(purchases):
        if refusals[index] is None and (purchase.order_id not in stored or purchase.order_id in taken):
            refusals[index] = Conflict("This order is already recorded.", code="duplicate_order_id", param="order_id")
        taken.add(purchase.order_id)
    return refusals


def _refusal(purchase: NewPurchase) -> DomainError | None:
    if abs(purchase.amount) > LARGEST:
        return InvalidInput("Invalid 'amount'", param="amount")
    if not purchase.order_id.strip() or len(purchase.order_id) > 100 or not purchase.order_id.isprintable():
        return InvalidInput("Invalid 'order_id'", param="order_id")
    problems = sensitive_problems(value={"order_id": purchase.order_id})
    return refusal_of(problems=problems) if problems else None


def _lock_customers(ids: Collection[int]) -> None:
    list(Customer.objects.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk"))


def _insert(fresh: Sequence[NewPurchase], source: str, now: datetime) -> dict[str, str]:
    """(order id: public id) of what was not there before."""
    if not fresh:
        return {}
    columns = [[getattr(purchase, name) for purchase in fresh] for name in NewPurchase.__slots__]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO customers_purchase (public_id, source, created_at, customer_id, order_id, amount, currency,"
            " purchased_at, lines, quantity) SELECT p.public_id, %s, %s, p.customer_id, p.order_id, p.amount,"
            " p.currency, p.purchased_at, p.lines, p.quantity FROM unnest(%s::text[], %s::bigint[], %s::text[],"
            " %s::numeric[], %s::text[], %s::timestamptz[], %s::int[], %s::bigint[]) AS p(public_id, customer_id,"
            " order_id, amount, currency, purchased_at, lines, quantity)"
            " ORDER BY p.order_id ON CONFLICT (order_id) DO NOTHING RETURNING order_id, public_id",
            [source, now, [new_id("ord") for _ in fresh], *columns],
        )
        return dict(cursor.fetchall())


def refresh_order_figures(*, customer_ids: Collection[int], now: datetime) -> None:
    """Count, total and last order of these customers agree with their purchases; one statement.

    The caller holds the customer rows, or nobody else can be writing purchases of these customers.
    """
    if customer_ids:
        with connection.cursor() as cursor:
            cursor.execute(_REFRESH, {"ids": sorted(customer_ids), "now": now})


def _tell(stored: dict[str, str], by: Actor) -> None:
    outbox.publish_many(
        [
            outbox.Fact(topic="purchase.recorded", subject=public_id, payload={"by": str(by)})
            for public_id in stored.values()
        ]
    )
