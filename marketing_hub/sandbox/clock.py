"""The clock of the sandbox: ahead of the real one by what stands in its database, in Python and SQL (decision 33).

Names of functions are looked up in `public`, then in the schema `clock`, then in PostgreSQL's own: whatever asks for
`now()` or `statement_timestamp()`, column defaults too, is answered by the functions here.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import close_old_connections, connection
from django.utils import timezone

from core.errors import InvalidInput

LONGEST: Final = timedelta(days=5 * 366)
_BUILD: Final = """
CREATE SCHEMA IF NOT EXISTS clock;
CREATE TABLE IF NOT EXISTS clock.ahead (one boolean PRIMARY KEY DEFAULT true CHECK (one), by interval NOT NULL);
INSERT INTO clock.ahead (by) VALUES (interval '0') ON CONFLICT DO NOTHING;
"""
_FUNCTION: Final = """
CREATE OR REPLACE FUNCTION clock.{name}() RETURNS timestamptz LANGUAGE sql {kind} AS
$$ SELECT pg_catalog.{name}() + (SELECT by FROM clock.ahead) $$;
"""
_FUNCTIONS: Final = {
    "now": "STABLE",
    "statement_timestamp": "STABLE",
    "transaction_timestamp": "STABLE",
    "clock_timestamp": "VOLATILE",
}
_real_now = timezone.now


class _Ahead:
    """What this process adds to the real time."""

    by = timedelta()


def sandbox_now() -> datetime:
    """The time of the sandbox."""
    return _real_now() + _Ahead.by


def real_now() -> datetime:
    """The time everywhere else."""
    return _real_now()


def install() -> None:
    """From now on this process lives in the time of the sandbox; only ever called where settings.SANDBOX is on."""
    timezone.now = sandbox_now


def build(cursor: Any) -> None:
    """The database has the clock, which goes right until it is put forward."""
    cursor.execute(_BUILD + "".join(_FUNCTION.format(name=name, kind=kind) for name, kind in _FUNCTIONS.items()))


def read() -> timedelta:
    """How far the sandbox is ahead; this process is from now on too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT by FROM clock.ahead")
        _Ahead.by = cursor.fetchone()[0]
    return _Ahead.by


def keep_time() -> None:
    """This process has the time of the sandbox; at the beginning of each call."""
    close_old_connections()
    read()


def put_forward(*, to: datetime) -> timedelta:
    """It is `to` in the sandbox, or moments later; how far it is ahead.

    Refuses the past of the sandbox and more than LONGEST ahead: only a reset brings it back.
    """
    ahead = to - _real_now()
    if ahead < read():
        raise InvalidInput(
            "Invalid 'now': the clock of the sandbox only goes forward; a reset sets it right.", param="now"
        )
    if ahead > LONGEST:
        raise InvalidInput("Invalid 'now': at most five years ahead.", param="now")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE clock.ahead SET by = make_interval(secs => %s)", [ahead.total_seconds()])
    return read()
