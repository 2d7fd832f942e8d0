"""A straight way to PostgreSQL for what partners ask thousands of times a second: no Django between, prepared once.

Django's connection would cost a third of the throughput (docs/decisions/0006-what-the-event-log-costs.md). Inside a
transaction of Django a statement joins that transaction instead, so that it stands or falls with it. A process keeps
as many connections as it ever used at the same moment; the one used last is used next, so few are kept busy.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from weakref import WeakSet

import psycopg
from django.db import connection as django_connection
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from core.errors import Unavailable

Rows = list[tuple[Any, ...]]
Parameters = Mapping[str, Any] | Sequence[Any]
_Cursor = psycopg.Cursor[tuple[Any, ...]]
_PER_SESSION: Final = "SET statement_timeout = '15s'; SET plan_cache_mode = force_generic_plan; SET jit = off"
_NOT_OURS: Final = ("cursor_factory", "context", "server_side_binding")
_idle: list[_Cursor] = []
_open: "WeakSet[psycopg.Connection[tuple[Any, ...]]]" = WeakSet()


def run(*, statement: str, parameters: Parameters = ()) -> Rows:
    """The rows of one statement, committed; or part of the surrounding transaction when there is one.

    Connections that the server has dropped are replaced once: the caller's statement must be safe to repeat.
    Unavailable when the server cannot be reached or does not answer in time.
    """
    if in_transaction():
        return _joined(statement, parameters)
    try:
        return _executed(statement, parameters)
    except psycopg.errors.QueryCanceled as error:
        raise _unavailable() from error
    except psycopg.OperationalError:
        close_idle()
    try:
        return _executed(statement, parameters)
    except psycopg.OperationalError as error:
        raise _unavailable() from error


def in_transaction() -> bool:
    """Whether what is written now may still be taken back by the caller."""
    return django_connection.in_atomic_block


def close_idle() -> None:
    """The next statement opens a connection anew; those at work finish."""
    while _idle:
        _idle.pop().connection.close()


def close_all() -> None:
    """No connection is open; for whoever ends the process or drops the database."""
    _idle.clear()
    for session in list(_open):
        session.close()


def _executed(statement: str, parameters: Parameters) -> Rows:
    """The rows of a statement on a connection that nobody else uses meanwhile."""
    try:
        cursor = _idle.pop()
    except IndexError:
        cursor = _opened()
    try:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.rownumber is not None else []
    finally:
        if cursor.connection.pgconn.transaction_status == TransactionStatus.IDLE:
            _idle.append(cursor)
        else:
            cursor.connection.close()


def _opened() -> _Cursor:
    parameters = {k: v for k, v in django_connection.get_connection_params().items() if k not in _NOT_OURS}
    session = psycopg.connect(**parameters | {"autocommit": True, "prepare_threshold": 0})
    session.execute(_PER_SESSION, prepare=False)
    _open.add(session)
    return session.cursor()


def _joined(statement: str, parameters: Parameters) -> Rows:
    django_connection.ensure_connection()
    with psycopg.Cursor(django_connection.connection, row_factory=tuple_row) as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def _unavailable() -> Unavailable:
    return Unavailable("The database does not answer at the moment; send the same again.", headers={"Retry-After": "1"})
