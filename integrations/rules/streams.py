"""Server-sent events: a place in the log as an id, what a listener wants, and the bytes on the wire.

The format is that of the HTML Standard, section 9.2. Places of two logs are put in one order by the transaction that
wrote: in each, first what was published, then what people did.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from integrations.rules.envelopes import Happening, encoded
from integrations.rules.event_catalogue import MOST_FILTERS, passes

RETRY_MS: Final = 3_000
HEARTBEAT_S: Final = 15.0
BEGINNING: Final = f"retry: {RETRY_MS}\n".encode()
PING: Final = b":ping\n"
ENGAGEMENT: Final = "engagement."
_PLACE: Final = re.compile(r"(\d{1,18})\.(?:(\d{1,18})|e([0-9a-f]{32}))")
_FILTER: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]{0,59}):(.{1,500})")
_PUBLISHED, _DONE_BY_PEOPLE, _ALL_OF_IT = 0, 1, 2


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """Everything up to and including this place was told: transaction, which of the logs, row."""

    xid: int = 0
    log: int = _PUBLISHED
    row: int = 0

    @classmethod
    def published(cls, xid: int, row: int) -> "Mark":
        """Behind a message of the outbox."""
        return cls(xid, _PUBLISHED, row)

    @classmethod
    def engaged(cls, xid: int, event_id: UUID) -> "Mark":
        """Behind an event of the event log."""
        return cls(xid, _DONE_BY_PEOPLE, event_id.int)

    @classmethod
    def below(cls, horizon: int) -> "Mark":
        """Behind every transaction under this one."""
        return cls(max(0, horizon - 1), _ALL_OF_IT, 0)

    @classmethod
    def read(cls, text: str) -> "Mark | None":
        """The place that an `id:` named; None for any other text."""
        found = _PLACE.fullmatch(text)
        if text == "0" or found is None:
            return cls() if text == "0" else None
        xid, row, event = found.groups()
        return cls.published(int(xid), int(row)) if row else cls.engaged(int(xid), UUID(hex=event))

    @property
    def is_engaged(self) -> bool:
        """Whether it lies in the event log."""
        return self.log != _PUBLISHED

    @property
    def published_row(self) -> int:
        """Behind which row of this transaction to go on in the outbox."""
        return self.row if self.log == _PUBLISHED else 2**62

    @property
    def event_id(self) -> UUID:
        """Behind which event of this transaction to go on in the event log."""
        return UUID(int=(0, self.row, 2**128 - 1)[self.log])

    def __str__(self) -> str:
        return f"{self.xid}.{self.row}" if self.log == _PUBLISHED else f"{self.xid}.e{self.event_id.hex}"


@dataclass(frozen=True, slots=True)
class Wish:
    """What one listener wants: types, accepted values by member, and the purpose it may be told people's events for.

    `company` is its API client where a company of the register stands behind it: less may go there.
    """

    types: frozenset[str]
    purpose: str
    filters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    company: str = ""

    @property
    def gate(self) -> tuple[str, str]:
        """What decides about a person's events: many listeners share one."""
        return self.purpose, self.company

    @property
    def engagement(self) -> bool:
        """Whether it wants anything of the event log."""
        return any(name.startswith(ENGAGEMENT) for name in self.types)

    def wants(self, event: Happening) -> bool:
        """Whether the event is asked for; that it may be told is decided elsewhere."""
        return event.type in self.types and passes(self.filters, event.payload)


def filters_of(texts: Sequence[str]) -> dict[str, list[str]] | None:
    """`segment:vip,gold` as accepted values by member; None for anything of another form, or for too many."""
    found: dict[str, list[str]] = {}
    for text in texts:
        match = _FILTER.fullmatch(text)
        if match is None:
            return None
        found.setdefault(match[1], []).extend(value for value in match[2].split(",") if value)
    return found if len(found) <= MOST_FILTERS else None


def frame(mark: Mark, body: Mapping[str, Any]) -> bytes:
    """One event on the wire."""
    return b"id: %s\ndata: %s\n\n" % (str(mark).encode(), encoded(body))


def last_frame(code: str, message: str, mark: Mark | None = None, status: int = 0) -> bytes:
    """The event after which the connection ends; with `mark`, coming back with its id misses nothing.

    `status` is that of a refusal.
    """
    facts = {"code": code, "message": message} | ({"status": status} if status else {})
    where = f"id: {mark}\n".encode() if mark else b""
    return b"event: closed\n%sdata: %s\n\n" % (where, encoded(facts))
