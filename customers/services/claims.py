"""Who owns an identifier: looking it up, claiming it for a customer, giving it back.

Uniqueness lives in the table of identities alone. Everybody claims in the order (kind, value) before locking any
customer row, and locks rows in the order of their ids, so that two writers wait for each other and never in a circle.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
from django.db import connection

from customers.services.guards import Identifier


class Raced(Exception):
    """Somebody else changed an identifier or a row between looking and locking; look again."""


def owners_of(*, identifiers: Collection[Identifier]) -> dict[Identifier, int]:
    """Database id of the customer behind each identifier that has one; one query."""
    if not identifiers:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.kind, i.value, i.customer_id FROM jsonb_array_elements(%s::jsonb) AS asked(pair)"
            " JOIN customers_identity AS i ON i.kind = asked.pair ->> 0 AND i.value = asked.pair ->> 1",
            [_json(list(identifiers))],
        )
        return {(kind, value): customer_id for kind, value, customer_id in cursor.fetchall()}


def new_customer_ids(*, count: int) -> list[int]:
    """Fresh database ids, so that identities can be claimed before the rows exist."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('customers_customer', 'id')) FROM generate_series(1, %s)", [count]
        )
        return [row[0] for row in cursor.fetchall()]


def claim(*, claims: Sequence[tuple[Identifier, int]], source: str, now: datetime) -> None:
    """Each identifier belongs to its customer, or Raced when somebody else took one meanwhile."""
    if not claims:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO customers_identity (customer_id, kind, value, source, created_at)"
            " SELECT (asked.claim ->> 1)::bigint, asked.claim -> 0 ->> 0, asked.claim -> 0 ->> 1, %s, %s"
            " FROM jsonb_array_elements(%s::jsonb) AS asked(claim) ORDER BY 2, 3"
            " ON CONFLICT (kind, value) DO NOTHING",
            [source, now, _json(claims)],
        )
        if cursor.rowcount != len(claims):
            raise Raced


def release(*, claims: Sequence[tuple[Identifier, int]]) -> None:
    """These identifiers belong to nobody; the caller holds the rows of their customers."""
    if not claims:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM customers_identity AS i USING jsonb_array_elements(%s::jsonb) AS gone(claim)"
            " WHERE i.kind = gone.claim -> 0 ->> 0 AND i.value = gone.claim -> 0 ->> 1"
            " AND i.customer_id = (gone.claim ->> 1)::bigint",
            [_json(claims)],
        )


def _json(rows: Sequence[object]) -> str:
    """One JSON parameter: binding arrays element by element costs more than the statement."""
    return msgspec.json.encode(rows).decode()
