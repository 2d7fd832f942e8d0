"""Trying an import without storing anything: the same code writes into temporary copies of the tables.

PostgreSQL looks for a table in the session's temporary schema first, so statements that name `customers_customer`
reach the copy. Only the rows that a chunk concerns are copied, without locks that anybody else could feel, and what
earlier chunks of the file did stays visible to later ones: a rehearsal answers the figures of the real run.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Final

from django.db import connection, transaction

from customers.services.guards import Identifier

_TABLES: Final = (
    "customers_customer",
    "customers_identity",
    "customers_purchase",
    "customers_tag",
    "customers_customertag",
    "core_outboxmessage",
    "core_auditentry",
)
_FIRST_INVENTED_ID: Final = 2**52
_SEQUENCES: Final = ("customers_customer", "customers_identity", "customers_purchase", "customers_tag")


@contextmanager
def rehearsal() -> Iterator[None]:
    """Inside, this connection writes customers, purchases, tags, outbox and audit into copies; then they are gone."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in _TABLES:
            cursor.execute(f"CREATE TEMPORARY TABLE {table} (LIKE public.{table} INCLUDING ALL)")
        for table in _SEQUENCES:
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, _FIRST_INVENTED_ID])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE " + ", ".join(f"pg_temp.{table}" for table in _TABLES))


def bring_customers(*, identifiers: Collection[Identifier]) -> None:
    """Copy the customers behind these identifiers, with all their identifiers and tags, unless they are here."""
    if not identifiers:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT i.customer_id FROM unnest(%s::text[], %s::text[]) AS asked(kind, value)"
            " JOIN public.customers_identity AS i ON i.kind = asked.kind AND i.value = asked.value"
            " WHERE NOT EXISTS (SELECT FROM pg_temp.customers_customer AS c WHERE c.id = i.customer_id)",
            [[kind for kind, _ in identifiers], [value for _, value in identifiers]],
        )
        ids = [row[0] for row in cursor.fetchall()]
        for table, column in (
            ("customers_customer", "id"),
            ("customers_identity", "customer_id"),
            ("customers_customertag", "customer_id"),
        ):
            cursor.execute(
                f"INSERT INTO pg_temp.{table} OVERRIDING SYSTEM VALUE"  # noqa: S608
                f" SELECT * FROM public.{table} WHERE {column} = ANY(%s) ON CONFLICT DO NOTHING",
                [ids],
            )
        cursor.execute(
            "INSERT INTO pg_temp.customers_tag OVERRIDING SYSTEM VALUE SELECT t.* FROM public.customers_tag AS t WHERE"
            " t.id IN (SELECT tag_id FROM pg_temp.customers_customertag WHERE customer_id = ANY(%s))"
            " ON CONFLICT DO NOTHING",
            [ids],
        )


def bring_purchases(*, order_ids: Collection[str]) -> None:
    """Copy the purchases with these order ids, unless they are here."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO pg_temp.customers_purchase OVERRIDING SYSTEM VALUE"
            " SELECT * FROM public.customers_purchase WHERE order_id = ANY(%s) ON CONFLICT DO NOTHING",
            [list(order_ids)],
        )
