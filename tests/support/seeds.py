"""Rows that migrations bring (purposes, notices, rules of places, event types), for tests that really commit.

Such a test ends by emptying every table. A copy taken before the first test puts the seeds back before the next.
"""

from django.apps import apps
from django.db import connection, transaction

from tests.architecture.sources import APPS

_SCHEMA = "seeds"


def keep_seeds() -> None:
    """Copy every table that has rows after the migrations."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {_SCHEMA}")
        for table in _tables():
            cursor.execute(f'SELECT EXISTS (SELECT FROM "{table}")')
            if cursor.fetchone()[0]:
                cursor.execute(f'CREATE TABLE IF NOT EXISTS {_SCHEMA}."{table}" AS TABLE "{table}"')


def restore_seeds() -> None:
    """Put back what is missing; foreign keys are checked at the end of the transaction, so any order will do."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [_SCHEMA])
        for (table,) in cursor.fetchall():
            cursor.execute(f'INSERT INTO "{table}" SELECT * FROM {_SCHEMA}."{table}" ON CONFLICT DO NOTHING')


def _tables() -> list[str]:
    models = apps.get_models()
    return [m._meta.db_table for m in models if m._meta.managed and m._meta.app_label in APPS]
