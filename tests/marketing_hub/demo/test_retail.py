import io
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from customers.rules.csvfile import read_rows
from customers.rules.csvsniff import sniff
from customers.rules.drafts import PurchaseDraft, parse_row
from customers.rules.mapping import PURCHASES, auto_map, read_mapping
from marketing_hub.demo import retail
from marketing_hub.demo.retail import COLUMNS, LAST_PURCHASE, PURCHASE_MAPPING, read_lines, shift_to, write_purchases


def test_read_lines__whole_bundle__gives_the_known_answers():
    count = unknown = cancelled = negative = free = refunds = 0
    total, countries, last = Decimal(0), defaultdict(set), datetime.min.replace(tzinfo=UTC)
    for line in read_lines():
        count += 1
        unknown += not line.customer_id
        cancelled += line.invoice.startswith("C")
        negative += line.quantity < 0 and not line.invoice.startswith("C")
        refunds += line.price < 0
        free += line.price == 0
        total += line.quantity * line.price
        countries[line.customer_id].add(line.country)
        assert line.at >= last
        last = line.at

    assert (count, unknown, cancelled, negative, refunds, free) == (541_909, 135_080, 9_288, 1_336, 2, 2_515)
    assert round(total, 2) == Decimal("9747747.93")
    assert last == LAST_PURCHASE
    assert len(set().union(*countries.values())) == 38
    assert len(countries) - 1 == 4_372
    assert sum(len(names) == 2 for customer, names in countries.items() if customer) == 8


def test_read_buyers__whole_bundle__is_everybody_with_an_id(buyers):
    assert len(buyers) == 4_372
    assert sum(not buyer.orders for buyer in buyers) == 33
    assert all(buyer.orders == tuple(sorted(set(buyer.orders))) for buyer in buyers)
    assert max(buyer.orders[-1] for buyer in buyers if buyer.orders) == LAST_PURCHASE


@pytest.mark.parametrize("hour", [0, 23])
def test_shift_to__any_hour__puts_the_last_purchase_on_yesterday(hour):
    now = datetime(2026, 11, 21, hour, 59, tzinfo=UTC)

    shift = shift_to(now)

    assert (LAST_PURCHASE + shift).date() == now.date() - timedelta(days=1)
    assert shift % timedelta(days=1) == timedelta(0)


def test_write_purchases__first_rows__pass_the_products_own_import(monkeypatch):
    first = [line for line, _ in zip(read_lines(), range(2_000), strict=False)]
    monkeypatch.setattr(retail, "read_lines", lambda: iter(first))
    now = datetime(2026, 11, 21, 8, tzinfo=UTC)
    out = io.StringIO(newline="")

    written = write_purchases(out, now=now)

    raw = out.getvalue().encode()
    dialect = sniff(raw)
    mapping = read_mapping(PURCHASE_MAPPING, PURCHASES, dialect.headers)
    drafts = [parse_row(row, mapping, PURCHASES) for row in read_rows(io.BytesIO(raw), dialect)]
    taken = [draft for draft in drafts if isinstance(draft, PurchaseDraft)]
    assert (written.lines, dialect.headers) == (2_000, COLUMNS)
    assert written.net == sum(line.quantity * line.price for line in first)
    assert auto_map(dialect.headers, PURCHASES).columns == mapping.columns
    assert len(taken) == sum(bool(line.customer_id) for line in first)
    assert sum(draft.amount for draft in taken) == sum(line.quantity * line.price for line in first if line.customer_id)
    assert taken[0].purchased_at == first[0].at + shift_to(now)
