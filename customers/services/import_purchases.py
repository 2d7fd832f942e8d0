"""Storing the rows of a purchase file, chunk by chunk: lines of one order add up, nothing counts twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec
from django.db import connection

from core import outbox
from core.ids import new_id
from customers.models import Customer
from customers.rules.drafts import PurchaseDraft
from customers.rules.mapping import Mapping
from customers.services import claims, rehearsal
from customers.services.claims import Raced
from customers.services.import_figures import Figures, Refusal
from customers.services.purchases import refresh_order_figures

LARGEST_AMOUNT: Final = Decimal(1_000_000_000)
LARGEST_QUANTITY: Final = 1_000_000_000
_UPSERT: Final = """
INSERT INTO customers_purchase AS p (public_id, source, created_at, customer_id, order_id, amount, currency,
    purchased_at, lines, quantity)
SELECT n.public_id, %(source)s, %(now)s, n.customer_id, n.order_id, n.amount, n.currency, n.purchased_at, n.lines,
    n.quantity
FROM jsonb_to_recordset(%(orders)s::jsonb) AS n(public_id text, customer_id bigint, order_id text, amount numeric,
    currency text, purchased_at timestamptz, lines int, quantity bigint)
ORDER BY n.order_id
ON CONFLICT (order_id) DO UPDATE SET amount = p.amount + excluded.amount, lines = p.lines + excluded.lines,
    quantity = p.quantity + excluded.quantity, purchased_at = least(p.purchased_at, excluded.purchased_at)
    WHERE p.source = excluded.source AND p.customer_id = excluded.customer_id AND %(lines_mode)s
"""


@dataclass(slots=True)
class _Order:
    """What a chunk adds to one order."""

    public_id: str
    order_id: str
    customer_id: int
    currency: str
    purchased_at: datetime
    amount: Decimal = Decimal(0)
    lines: int = 0
    quantity: int = 0


@dataclass(frozen=True, slots=True)
class _Known:
    """An order that is stored already."""

    source: str
    customer_id: int
    currency: str


class PurchaseChunks:
    """Writes parsed rows as purchases; what it could not store goes to the figures as refusals."""

    def __init__(self, *, mapping: Mapping, imported: str, rehearsed: bool) -> None:
        self._lines, self._imported, self._rehearsed = mapping.rows == "lines", imported, rehearsed
        self.remarks: list[Refusal] = []

    def write(self, parsed: Sequence[PurchaseDraft], figures: Figures, now: datetime) -> list[Refusal]:
        """The rows are stored in a fixed number of statements; the refusals among them."""
        buyers = {row.customer for row in parsed}
        if self._rehearsed:
            rehearsal.bring_customers(identifiers=buyers)
            rehearsal.bring_purchases(order_ids={row.order_id for row in parsed})
        customers = claims.owners_of(identifiers=buyers)
        known = self._known({row.order_id for row in parsed})
        orders: dict[str, _Order] = {}
        refusals = []
        for row in parsed:
            refusal = self._refusal(row, customers, known)
            if refusal:
                refusals.append(refusal)
                figures.add_refused(refusal.code, row.currency, row.amount)
                continue
            customer_id = customers[row.customer]
            if row.order_id not in known:
                known[row.order_id] = _Known(self._imported, customer_id, row.currency)
                figures.created += 1
                figures.orders += 1
            else:
                figures.updated += 1
            _add(orders, row, customer_id)
            figures.add_accepted(row.currency, row.amount)
        self._store(orders, now)
        return refusals

    def _known(self, order_ids: set[str]) -> dict[str, _Known]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT order_id, source, customer_id, currency FROM customers_purchase WHERE order_id = ANY(%s)",
                [list(order_ids)],
            )
            return {order_id: _Known(*rest) for order_id, *rest in cursor.fetchall()}

    def _refusal(
        self, row: PurchaseDraft, customers: dict[tuple[str, str], int], known: dict[str, _Known]
    ) -> Refusal | None:
        customer_id, order = customers.get(row.customer), known.get(row.order_id)
        if customer_id is None:
            return Refusal(
                row.number, "unknown_customer", "No customer has this id or e-mail address; import them first."
            )
        if abs(row.amount) >= LARGEST_AMOUNT or abs(row.quantity) >= LARGEST_QUANTITY:
            return Refusal(row.number, "out_of_range", "The amount or quantity is too large to be true.")
        if order is None:
            return None
        if order.source != self._imported or not self._lines:
            return Refusal(row.number, "duplicate_order_id", "This order is already recorded.")
        if order.customer_id != customer_id:
            return Refusal(row.number, "order_of_another_customer", "Another line gives it to another customer.")
        if order.currency != row.currency:
            return Refusal(row.number, "mixed_currency", "Another line has another currency.")
        return None

    def _store(self, orders: dict[str, _Order], now: datetime) -> None:
        if not orders:
            return
        ids = sorted({order.customer_id for order in orders.values()})
        rows = Customer.objects.select_for_update().filter(pk__in=ids).order_by("pk")
        names = dict(rows.values_list("pk", "public_id"))
        with connection.cursor() as cursor:
            cursor.execute(
                _UPSERT,
                {
                    "source": self._imported,
                    "now": now,
                    "orders": msgspec.json.encode(list(orders.values())).decode(),
                    "lines_mode": self._lines,
                },
            )
            if cursor.rowcount != len(orders):
                raise Raced
        if not self._rehearsed:
            refresh_order_figures(customer_ids=ids, now=now)
            outbox.publish_many(
                [
                    outbox.Fact(topic="customer.updated", subject=name, payload={"changed": ["orders"]})
                    for name in names.values()
                ]
            )


def _add(orders: dict[str, _Order], row: PurchaseDraft, customer_id: int) -> None:
    order = orders.get(row.order_id)
    if order is None:
        order = orders[row.order_id] = _Order(new_id("ord"), row.order_id, customer_id, row.currency, row.purchased_at)
    order.amount += row.amount
    order.lines += 1
    order.quantity += row.quantity
    order.purchased_at = min(order.purchased_at, row.purchased_at)
