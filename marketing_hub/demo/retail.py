"""The bundled purchases of a real shop (Online Retail, CC0): rows, buyers, and the same moved up to yesterday."""

import csv
import lzma
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, TextIO

BUNDLE = Path(__file__).with_name("online_retail.csv.xz")
COLUMNS = ("InvoiceNo", "InvoiceDate", "CustomerID", "Country", "Quantity", "UnitPrice")
LAST_PURCHASE = datetime(2011, 12, 9, 12, 50, tzinfo=UTC)
"""The latest instant in the set; its clock times, which name no zone, are read as UTC."""

KNOWN_LINES, KNOWN_UNKNOWN, KNOWN_NET = 541_909, 135_080, Decimal("9747747.93")
"""Lines in the set, those that name no customer, and the net value of all in pounds, rounded to the penny."""

_NOBODY_EVERY = 100

PURCHASE_MAPPING: dict[str, Any] = {
    "columns": {
        "InvoiceNo": "order_id",
        "InvoiceDate": "purchased_at",
        "CustomerID": "external_id",
        "Quantity": "quantity",
        "UnitPrice": "unit_price",
    },
    "rows": "lines",
    "currency": "GBP",
}
"""How the product's own import reads what `write_purchases` writes."""


class Line(NamedTuple):
    """One line of an invoice. `customer_id` is "" when the shop did not know the buyer; C begins a cancellation."""

    invoice: str
    at: datetime
    customer_id: str
    country: str
    quantity: int
    price: Decimal


@dataclass(frozen=True, slots=True)
class Buyer:
    """What the lines say about one customer.

    `orders` are the distinct instants of purchase in time order, cancellations left out; `country` is the name given
    with the latest line (8 customers have two).
    """

    customer_id: str
    country: str
    first_at: datetime
    orders: tuple[datetime, ...]


def read_lines() -> Iterator[Line]:
    """All 541,909 lines in order of time, one in memory."""
    with lzma.open(BUNDLE, "rt", encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        for invoice, at, customer_id, country, quantity, price in rows:
            moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
            yield Line(invoice, moment, customer_id, country, int(quantity), Decimal(price))


def read_buyers(lines: Iterable[Line] | None = None) -> list[Buyer]:
    """Everybody with a customer id, by id: 4,372 people."""
    countries: dict[str, str] = {}
    first: dict[str, datetime] = {}
    orders: dict[str, dict[datetime, None]] = {}
    for line in read_lines() if lines is None else lines:
        if not line.customer_id:
            continue
        countries[line.customer_id] = line.country
        first.setdefault(line.customer_id, line.at)
        instants = orders.setdefault(line.customer_id, {})
        if not line.invoice.startswith("C"):
            instants[line.at] = None
    return [
        Buyer(customer_id, countries[customer_id], first[customer_id], tuple(orders[customer_id]))
        for customer_id in sorted(first)
    ]


def shift_to(now: datetime) -> timedelta:
    """Whole days by which every date moves so that the last purchase is yesterday (UTC)."""
    yesterday = now.astimezone(UTC).date() - timedelta(days=1)
    return yesterday - LAST_PURCHASE.date()


@dataclass(slots=True)
class Written:
    """What a file of purchases holds: its lines, those that name no customer, and the exact net value of all."""

    lines: int = 0
    unknown: int = 0
    net: Decimal = Decimal(0)


def write_purchases(out: TextIO, *, now: datetime, buyers: Container[str] | None = None) -> Written:
    """The lines as CSV with the shop's own column names, dates moved by `shift_to(now)`; answers what was written.

    Amounts are left as they were, in pounds sterling. With `buyers` (customer ids) only their lines, and of the lines
    that name nobody each hundredth.
    """
    shift = shift_to(now)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    written, moment, at = Written(), LAST_PURCHASE, ""
    for line in read_lines() if buyers is None else _of(buyers):
        if line.at != moment or not at:
            moment, at = line.at, (line.at + shift).strftime("%Y-%m-%d %H:%M:%S")
        writer.writerow((line.invoice, at, line.customer_id, line.country, line.quantity, line.price))
        written.lines += 1
        written.unknown += not line.customer_id
        written.net += line.quantity * line.price
    return written


def _of(buyers: Container[str]) -> Iterator[Line]:
    nobody = count()
    for line in read_lines():
        if line.customer_id in buyers or (not line.customer_id and next(nobody) % _NOBODY_EVERY == 0):
            yield line
