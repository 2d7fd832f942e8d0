"""A straight way to PostgreSQL for what partners ask thousands of times a second: no Django between, prepared once.

Django's connection would cost a third of the throughput (docs/decisions/0006-what-the-event-log-costs.md). Inside a
transaction of Django a statement joins that transaction instead, so that it stands or falls with it. A process keeps
as many connections as it ever used at the same moment; the one used last is used next, so few are kept busy.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from weakref import WeakSet

import psycopg
from django.db import connection as django_connection
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row
from psycopg.types.string import TextLoader

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
    return _repeated(_executed, statement, parameters)


def read(*, statement: str, parameters: Parameters = ()) -> Rows:
    """As `run`, planned anew for these values: for questions that come in many forms and need partial indexes.

    JSON comes as text.
    """
    if in_transaction():
        with django_connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return list(cursor.fetchall())
    return _repeated(_executed_as_text, statement, parameters)


def _repeated(execute: Callable[[str, Parameters], Rows], statement: str, parameters: Parameters) -> Rows:
    try:
        return execute(statement, parameters)
    except psycopg.errors.QueryCanceled as error:
        raise _unavailable() from error
    except psycopg.OperationalError:
        close_idle()
    try:
        return execute(statement, parameters)
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
    with _Borrowed() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.rownumber is not None else []


def _executed_as_text(statement: str, parameters: Parameters) -> Rows:
    with _Borrowed() as cursor:
        client = psycopg.ClientCursor(cursor.connection, row_factory=tuple_row)
        return client.execute(statement, parameters, prepare=False).fetchall()


class _Borrowed:
    """A cursor on a connection that nobody else uses meanwhile."""

    __slots__ = ("cursor",)

    def __enter__(self) -> _Cursor:
        try:
            self.cursor = _idle.pop()
        except IndexError:
            self.cursor = _opened()
        return self.cursor

    def __exit__(self, *_: object) -> None:
        if self.cursor.connection.pgconn.transaction_status == TransactionStatus.IDLE:
            _idle.append(self.cursor)
        else:
            self.cursor.connection.close()


def _opened() -> _Cursor:
    parameters = {k: v for k, v in django_connection.get_connection_params().items() if k not in _NOT_OURS}
    session = psycopg.connect(**parameters | {"autocommit": True, "prepare_threshold": 0})
    session.adapters.register_loader("jsonb", TextLoader)
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
