"""Who owns an identifier: looking it up, claiming it for a customer, giving it back.

Uniqueness lives in the table of identities alone. Everybody claims in the order (kind, value) before locking any
customer row, and locks rows in the order of their ids, so that two writers wait for each other and never in a circle.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import connection

from customers.services.guards import Identifier


class Raced(Exception):
    """Somebody else changed an identifier or a row between looking and locking; look again."""


def owners_of(*, identifiers: Collection[Identifier]) -> dict[Identifier, int]:
    """Database id of the customer behind each identifier that has one; one query."""
    if not identifiers:
        return {}
    kinds, values = _columns(identifiers)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.kind, i.value, i.customer_id FROM unnest(%s::text[], %s::text[]) AS asked(kind, value)"
            " JOIN customers_identity AS i ON i.kind = asked.kind AND i.value = asked.value",
            [kinds, values],
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
    kinds, values = _columns([identifier for identifier, _ in claims])
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO customers_identity (customer_id, kind, value, source, created_at)"
            " SELECT customer_id, kind, value, %s, %s"
            " FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS asked(customer_id, kind, value)"
            " ORDER BY kind, value ON CONFLICT (kind, value) DO NOTHING",
            [source, now, [customer_id for _, customer_id in claims], kinds, values],
        )
        if cursor.rowcount != len(claims):
            raise Raced


def release(*, claims: Sequence[tuple[Identifier, int]]) -> None:
    """These identifiers belong to nobody; the caller holds the rows of their customers."""
    if not claims:
        return
    kinds, values = _columns([identifier for identifier, _ in claims])
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM customers_identity AS i"
            " USING unnest(%s::bigint[], %s::text[], %s::text[]) AS gone(customer_id, kind, value)"
            " WHERE i.kind = gone.kind AND i.value = gone.value AND i.customer_id = gone.customer_id",
            [[customer_id for _, customer_id in claims], kinds, values],
        )


def _columns(identifiers: Collection[Identifier]) -> tuple[list[str], list[str]]:
    return [kind for kind, _ in identifiers], [value for _, value in identifiers]
