"""Months of the event log: made before they are needed, dropped when their retention ends; old event keys trimmed."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Final

from django.db import connection

from customers.selectors import direct
from engagement.rules.months import month_of, shifted
from engagement.services import held

AHEAD_MONTHS: Final = 3
_BATCH: Final = 20_000
_LOG: Final = "engagement_event"
# Null for a month that is detached already, true for one whose detaching was interrupted.
_EXPIRED: Final = """
SELECT c.relname, i.inhdetachpending FROM pg_class c
LEFT JOIN pg_inherits i ON i.inhrelid = c.oid AND i.inhparent = %(log)s::regclass
WHERE c.relkind = 'r' AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = %(log)s::regclass)
    AND c.relname ~ ('^' || %(log)s || '_[0-9]{4}_[0-9]{2}$') AND c.relname < %(oldest)s
ORDER BY 1
"""
_ENSURE: Final = "SELECT engagement_ensure_partition(%(month)s)"
_known: set[date] = set()


def ensure_for(*, times: Collection[datetime]) -> None:
    """The log has a place for events of all these times; no statement for months seen before by this process."""
    first, last = month_of(min(times)), month_of(max(times))
    months = {first, last} if last <= shifted(first, 1) else {month_of(at) for at in times}
    for month in months - _known:
        direct.run(statement=_ENSURE, parameters={"month": month})
        if not direct.in_transaction():
            _known.add(month)


def forget_months() -> None:
    """Look again, in this process, which months exist; for whoever has dropped some."""
    _known.clear()


def ensure_partitions(*, first: date, now: datetime) -> int:
    """A partition stands for every month from `first` to AHEAD_MONTHS after `now`; returns how many were made."""
    made, month, last = 0, first.replace(day=1), shifted(month_of(now), AHEAD_MONTHS)
    with connection.cursor() as cursor:
        while month <= last:
            cursor.execute("SELECT engagement_ensure_partition(%s)", [month])
            made += bool(cursor.fetchone()[0])
            month = shifted(month, 1)
    return made


def drop_expired_partitions(*, keep_months: int, now: datetime) -> list[str]:
    """Months that ended more than `keep_months` months ago are gone; returns the names of the tables dropped.

    Events of people on legal hold are kept apart (HeldEvent, decision 16).

    A month is detached concurrently: that waits for those who are writing or reading, and nobody waits for it. So it
    must be called outside a transaction. What an interrupted call left half done is finished by the next.
    """
    oldest = f"{_LOG}_{shifted(month_of(now), -keep_months):%Y_%m}"
    with connection.cursor() as cursor:
        cursor.execute(_EXPIRED, {"log": _LOG, "oldest": oldest})
        months = cursor.fetchall()
        for name, pending in months:
            if pending is not None:
                cursor.execute(
                    f"ALTER TABLE {_LOG} DETACH PARTITION {name} {'FINALIZE' if pending else 'CONCURRENTLY'}"
                )
            held.drop_month(table=name)
    return [name for name, _ in months]


def trim_event_keys(*, keep_days: int, now: datetime) -> int:
    """Event ids received more than `keep_days` days ago are forgotten, in batches; returns how many."""
    trimmed, before = 0, now - timedelta(days=keep_days)
    statement = (
        "DELETE FROM engagement_event_key WHERE ctid = ANY(ARRAY("
        "SELECT ctid FROM engagement_event_key WHERE received_at < %s LIMIT %s))"
    )
    with connection.cursor() as cursor:
        while True:
            cursor.execute(statement, [before, _BATCH])
            trimmed += int(cursor.rowcount)
            if cursor.rowcount < _BATCH:
                return trimmed
