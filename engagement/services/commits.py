"""Group commit: what small requests hand in while a commit is under way is written by one statement in the next.

No thread of its own: of the callers that wait, the first writes for all that have queued behind it by then
(docs/decisions/0010-small-requests-share-a-commit.md). So the queue is never longer than the web server has threads,
and whoever ends the server waits for no one but its requests.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import psycopg

from core.errors import Unavailable
from customers.selectors.direct import Rows
from engagement.services.statement import Needs

ROWS_AT_MOST: Final = 100
"""Followers of the log count on it that a transaction holds no more events than the largest request."""
PATIENCE_S: Final = 30.0


@dataclass(slots=True)
class Parcel:
    """Rows to write: JSON objects, comma between, with the keys under which they will be known; what they need."""

    items: bytes
    keys: Sequence[tuple[int, str]]
    needs: Needs
    now: datetime


@dataclass(slots=True, eq=False)
class _Caller:
    """Somebody who waits: for an answer, or for its turn to write."""

    parcel: Parcel
    leads: bool = False
    answer: Rows | None = None
    refusal: Unavailable | None = None
    woken: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.woken.acquire()


class Committer:
    """Brings parcels of callers that come at the same time together into single calls of `write`."""

    def __init__(self, write: Callable[[Sequence[Parcel]], Rows]) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._queue: deque[_Caller] = deque()
        self.is_busy = False

    def waiting(self) -> Sequence[Parcel]:
        """What waits for the next commit."""
        with self._lock:
            return [caller.parcel for caller in self._queue]

    def commit(self, parcel: Parcel) -> Rows:
        """What `write` says of this parcel's rows, each beginning with its number in this parcel, once it is durable.

        When writing a group fails for any other reason than that the database is away, each of its parcels is written
        alone and has its own outcome. Unavailable after PATIENCE_S of waiting for a turn.
        """
        caller = _Caller(parcel)
        with self._lock:
            self._queue.append(caller)
            caller.leads, self.is_busy = not self.is_busy, True
        if not caller.leads and not caller.woken.acquire(timeout=PATIENCE_S):
            self._leave(caller)
        if caller.leads:
            self._lead()
        if caller.refusal is not None:
            raise Unavailable(caller.refusal.message, headers=caller.refusal.headers) from caller.refusal
        return self._write([parcel]) if caller.answer is None else caller.answer

    def _lead(self) -> None:
        """Write what the first in the queue and those behind it handed in; give the lead to whoever is first then."""
        group = self._taken()
        try:
            self._answer(group)
        finally:
            with self._lock:
                following = self._queue[0] if self._queue else None
                self.is_busy = following is not None
                if following is not None:
                    following.leads = True
            if following is not None:
                following.woken.release()
            for caller in group[1:]:
                caller.woken.release()

    def _taken(self) -> list[_Caller]:
        with self._lock:
            group, size = [self._queue.popleft()], len(self._queue)
            rows = len(group[0].parcel.keys)
            for _ in range(size):
                rows += len(self._queue[0].parcel.keys)
                if rows > ROWS_AT_MOST:
                    break
                group.append(self._queue.popleft())
            return group

    def _answer(self, group: Sequence[_Caller]) -> None:
        """Each caller of the group has its answer or a refusal; neither when the group has to be taken apart."""
        try:
            found = self._write([caller.parcel for caller in group])
        except Unavailable as refusal:
            for caller in group:
                caller.refusal = refusal
            return
        except psycopg.Error:
            return
        first = 0
        for caller in group:
            last = first + len(caller.parcel.keys)
            caller.answer = [(row[0] - first, *row[1:]) for row in found if first < row[0] <= last]
            first = last

    def _leave(self, caller: _Caller) -> None:
        """The caller waits no longer, unless it was given the lead at this very moment."""
        with self._lock:
            if caller.leads:
                return
            if caller in self._queue:
                self._queue.remove(caller)
        raise Unavailable(
            "Too much waits to be stored at the moment; send the same again.", headers={"Retry-After": "1"}
        )
