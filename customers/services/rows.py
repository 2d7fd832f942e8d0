"""Customer rows on their way into the table: any number in one statement, as one JSON parameter."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from django.db import connection

from customers.models import Customer
from customers.services.drafts import BLANK

_INSERT: Final = """
INSERT INTO customers_customer (id, public_id, external_id, email, phone, first_name, last_name, country, region,
    language, time_zone, birth_date, status, attributes, is_known, created_at, updated_at, created_via, delete_reason,
    consent_mask, orders_count, orders_total, orders_currency, last_order_currency)
SELECT v.id, v.public_id, v.external_id, v.email, v.phone, v.first_name, v.last_name, v.country, v.region, v.language,
    v.time_zone, v.birth_date, v.status, v.attributes, v.is_known, v.created_at, v.updated_at, v.created_via, '',
    0, 0, 0, '', ''
FROM jsonb_to_recordset(%s::jsonb) AS v(id bigint, public_id text, external_id text, email text, phone text,
    first_name text, last_name text, country text, region text, language text, time_zone text, birth_date date,
    status text, attributes jsonb, is_known boolean, created_at timestamptz, updated_at timestamptz, created_via text)
ORDER BY v.id
"""
_UPDATE: Final = """
UPDATE customers_customer AS c SET external_id = v.external_id, email = v.email, phone = v.phone,
    first_name = v.first_name, last_name = v.last_name, country = v.country, region = v.region,
    language = v.language, time_zone = v.time_zone, birth_date = v.birth_date, status = v.status,
    attributes = v.attributes, is_known = v.is_known, updated_at = %s
FROM jsonb_to_recordset(%s::jsonb) AS v(id bigint, external_id text, email text, phone text, first_name text,
    last_name text, country text, region text, language text, time_zone text, birth_date date, status text,
    attributes jsonb, is_known boolean)
WHERE c.id = v.id
"""


def insert_rows(*, rows: Sequence[Customer]) -> None:
    """New customers, whose ids the caller has reserved, are in the table."""
    if rows:
        names = ("id", "public_id", "is_known", "created_at", "updated_at", "created_via", *BLANK)
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, [_as_json(rows, names)])


def update_rows(*, rows: Sequence[Customer], now: datetime) -> None:
    """The profile columns of these customers are what the rows say; the caller holds their locks."""
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_UPDATE, [now, _as_json(rows, ("id", "is_known", *BLANK))])


def _as_json(rows: Sequence[Customer], names: tuple[str, ...]) -> str:
    records: list[dict[str, Any]] = [{name: getattr(row, name) for name in names} for row in rows]
    return msgspec.json.encode(records).decode()
