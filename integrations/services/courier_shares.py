"""Which endpoints this process may send to, while others send to theirs.

Each courier holds a shared lock that says it is there, and a lock for each part of the endpoints that it sends to
(`rules.shards`). All of them go with its connection, so the parts of one that dies are dealt anew within a second or
two. A part changes hands only when nothing of it is under way: an endpoint never has two senders.
"""

from collections.abc import Collection
from typing import Any, Final

from django.db import connection

from integrations.rules.shards import dealt

PRESENT: Final = 0x77656268  # "webh"
_I_AM_HERE: Final = "SELECT pg_try_advisory_lock_shared(%s), pg_backend_pid()"
# A key of eight bytes stands in two columns, the upper half in `classid`.
_WHO_IS_HERE: Final = """
SELECT DISTINCT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = 0 AND objid = %s AND objsubid = 1
    AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY pid
"""
_TAKE: Final = "SELECT part FROM unnest(%s::int[]) AS part WHERE pg_try_advisory_lock(%s, part)"
_GIVE: Final = "SELECT pg_advisory_unlock(%s, part) FROM unnest(%s::int[]) AS part"


class Shares:
    """The parts that this process holds, by the locks of the connection of its thread."""

    def __init__(self) -> None:
        self._connection: Any = None
        self._pid = 0
        self._held: set[int] = set()

    def still_held(self) -> bool:
        """Whether the connection is the one that took the locks."""
        return self._connection is not None and connection.connection is self._connection

    def settle(self, *, busy: Collection[int]) -> frozenset[int]:
        """The parts to send to now; what is dealt to others is given up, but what is `busy` not before it is quiet."""
        with connection.cursor() as cursor:
            if not self.still_held() and not self._arrive(cursor):
                return frozenset()
            cursor.execute(_WHO_IS_HERE, [PRESENT])
            pids = [pid for (pid,) in cursor.fetchall()]
            mine = dealt(pids.index(self._pid), len(pids))
            if given := self._held - mine - set(busy):
                cursor.execute(_GIVE, [PRESENT, sorted(given)])
                self._held -= given
            if wanted := mine - self._held:
                cursor.execute(_TAKE, [sorted(wanted), PRESENT])
                self._held |= {part for (part,) in cursor.fetchall()}
        return mine & self._held

    def _arrive(self, cursor: Any) -> bool:
        """Whether the process is among the couriers now; not while one of a release before this one sends alone."""
        self._connection, self._held = None, set()
        cursor.execute(_I_AM_HERE, [PRESENT])
        here, self._pid = cursor.fetchone()
        if here:
            self._connection = connection.connection
        return bool(here)

    def leave(self) -> None:
        """Give everything back."""
        if self.still_held():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock_all()")
        self._connection, self._held = None, set()
