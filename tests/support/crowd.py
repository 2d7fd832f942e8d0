"""Many customers at once, by one statement."""

from datetime import datetime

from django.db import connection

_INSERT = """
INSERT INTO customers_customer (public_id, country, status, attributes, is_known, consent_mask, created_at, updated_at,
    first_name, last_name, region, language, time_zone, delete_reason, orders_count, orders_total, orders_currency,
    last_order_currency, created_via)
SELECT 'cus_' || lpad(n::text, 22, '0'), CASE WHEN n %% %(one_in)s = 0 THEN 'DE' ELSE 'US' END, 'active', '{}', true, 9,
    %(now)s, %(now)s, '', '', '', '', '', '', 0, 0, '', '', '' FROM generate_series(1, %(people)s) n
"""


def insert_people(*, people: int, now: datetime, one_in: int = 50) -> None:
    """Active known customers, `one_in` so many from Germany, all others from the United States."""
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, {"people": people, "now": now, "one_in": one_in})
