"""The hot path's own way to PostgreSQL: a connection a thread, statements prepared once, one commit a statement.

Django's connection would cost a third of the throughput (docs/decisions/0006-what-the-event-log-costs.md). Inside a
transaction of Django the statement joins that transaction instead, so that it stands or falls with it.
"""

import threading
from collections.abc import Mapping
from typing import Any, Final
from weakref import WeakSet

import psycopg
from django.db import connection as django_connection
from psycopg.rows import tuple_row

from core.errors import Unavailable

Rows = list[tuple[Any, ...]]
_PER_SESSION: Final = "SET statement_timeout = '15s'; SET plan_cache_mode = force_generic_plan; SET jit = off"
_NOT_OURS: Final = ("cursor_factory", "context", "server_side_binding")
_own = threading.local()
_open: "WeakSet[psycopg.Connection[tuple[Any, ...]]]" = WeakSet()


def run(*, statement: str, parameters: Mapping[str, Any]) -> Rows:
    """The rows of one statement, committed; or part of the surrounding transaction when there is one.

    A connection that the server has dropped is replaced once: the caller's statement must be safe to repeat.
    Unavailable when the server cannot be reached or does not answer in time.
    """
    if in_transaction():
        return _joined(statement, parameters)
    try:
        return _executed(_connection(), statement, parameters)
    except psycopg.errors.QueryCanceled as error:
        raise _unavailable() from error
    except psycopg.OperationalError:
        close()
    try:
        return _executed(_connection(), statement, parameters)
    except psycopg.OperationalError as error:
        close()
        raise _unavailable() from error


def in_transaction() -> bool:
    """Whether what is written now may still be taken back by the caller."""
    return django_connection.in_atomic_block


def close() -> None:
    """This thread has no connection of its own any more."""
    connection = getattr(_own, "connection", None)
    if connection is not None:
        connection.close()
        _own.connection = None


def close_all() -> None:
    """No thread has; for whoever ends the process or drops the database."""
    for connection in list(_open):
        connection.close()


def _connection() -> "psycopg.Connection[tuple[Any, ...]]":
    connection: psycopg.Connection[tuple[Any, ...]] | None = getattr(_own, "connection", None)
    if connection is None or connection.closed:
        parameters = {k: v for k, v in django_connection.get_connection_params().items() if k not in _NOT_OURS}
        parameters |= {"autocommit": True, "prepare_threshold": 0}
        connection = psycopg.connect(**parameters)
        connection.execute(_PER_SESSION, prepare=False)
        _own.connection = connection
        _open.add(connection)
    return connection


def _executed(connection: "psycopg.Connection[tuple[Any, ...]]", statement: str, parameters: Mapping[str, Any]) -> Rows:
    cursor = connection.execute(statement, parameters)
    return cursor.fetchall() if cursor.description else []


def _joined(statement: str, parameters: Mapping[str, Any]) -> Rows:
    django_connection.ensure_connection()
    with psycopg.Cursor(django_connection.connection, row_factory=tuple_row) as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def _unavailable() -> Unavailable:
    return Unavailable(
        "The event store does not answer at the moment; send the same again.", headers={"Retry-After": "1"}
    )
