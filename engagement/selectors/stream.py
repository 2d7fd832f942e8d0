"""Reading the event log as a stream: in commit order, so that a reader who comes back misses nothing."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection

from core import outbox
from core.crypto import open_text, sign_text
from core.errors import InvalidInput
from engagement.models import Event
from engagement.selectors.answers import COLUMNS

SCANNED_AT_MOST: Final = 20_000
_SKEW: Final = timedelta(minutes=1)
_LOWEST: Final = UUID(int=0)
_BEHIND: Final = "(xid, event_id) > (%(xid)s, %(row)s) AND xid < %(horizon)s"
_LOG: Final = "WHERE {behind} ORDER BY xid, event_id LIMIT %(scanned)s"
_OF_PEOPLE: Final = "WHERE customer_id = ANY(%(people)s) AND {behind}"
# One statement, so one view of the log: what was looked at and where that ends belong together.
_READ: Final = """
WITH stretch AS MATERIALIZED (SELECT {columns} FROM engagement_event {which})
SELECT ending.xid, ending.event_id, ending.looked_at, wanted.*
FROM (
    SELECT xid, event_id, (SELECT count(*) FROM stretch) AS looked_at
    FROM stretch ORDER BY xid DESC, event_id DESC LIMIT 1
) AS ending LEFT JOIN LATERAL (
    SELECT * FROM stretch
    WHERE (%(type)s::smallint IS NULL OR type_id = %(type)s)
        AND (%(since)s::timestamptz IS NULL OR received_at >= %(since)s)
        AND (%(until)s::timestamptz IS NULL OR received_at < %(until)s)
    ORDER BY xid, event_id LIMIT %(limit)s
) AS wanted ON true
ORDER BY wanted.xid, wanted.event_id
"""
# Transactions get their ids in the order in which they begin to write, so the time of receipt grows with them but for
# the seconds that a request may wait: halving the interval finds the place with some forty probes of the index.
_PLACE: Final = """
WITH RECURSIVE search (low, high) AS (
    SELECT min(xid), max(xid) + 1 FROM engagement_event
    UNION ALL
    SELECT CASE WHEN early THEN middle + 1 ELSE low END, CASE WHEN early THEN high ELSE middle END
    FROM search, LATERAL (SELECT (low + high) / 2 AS middle) m, LATERAL (
        SELECT coalesce((SELECT received_at FROM engagement_event WHERE xid >= middle ORDER BY xid LIMIT 1) < %(at)s,
            false) AS early
    ) p
    WHERE low < high
)
SELECT low FROM search WHERE low = high
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Behind which row of the log to go on."""

    xid: int = 0
    row: UUID = _LOWEST

    def seal(self) -> str:
        """The place as a cursor; it does not expire as long as the events are kept."""
        return sign_text("event-stream", f"{self.xid}.{self.row.hex}")


@dataclass(frozen=True, slots=True)
class Page:
    """Some events in commit order, where to go on, and whether more is there already."""

    events: list[Event]
    next: Place
    has_more: bool


def open_place(cursor: str) -> Place:
    """The place in a cursor of ours; InvalidInput for anything else."""
    text = open_text("event-stream", cursor)
    if text is None:
        raise InvalidInput("Invalid 'cursor'", param="cursor")
    xid, _, row = text.partition(".")
    return Place(int(xid), UUID(hex=row))


def place_of(at: datetime) -> Place:
    """A place before everything received at or after this instant."""
    rows = _query(_PLACE, {"at": at - _SKEW})
    return Place(int(rows[0][0]) - 1) if rows else Place()


def read_stream(
    *,
    after: Place,
    limit: int,
    type_id: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    customer_ids: Sequence[int] | None = None,
) -> Page:
    """At most `limit` events behind `after`; `since` and `until` bound the time of receipt.

    Only what no running transaction can still add to is shown. A page may hold fewer than `limit` though `has_more`
    is true: at most SCANNED_AT_MOST rows of the log are looked at for one answer.
    """
    filtered = type_id is not None or since is not None or until is not None
    which = _LOG if customer_ids is None else _OF_PEOPLE
    scanned = SCANNED_AT_MOST if filtered else limit + 1
    rows = _query(
        _READ.format(columns=", ".join(COLUMNS), which=which.format(behind=_BEHIND)),
        {
            "xid": after.xid,
            "row": after.row,
            "type": type_id,
            "since": since,
            "until": until,
            "limit": limit + 1,
            "scanned": scanned,
            "people": list(customer_ids or ()),
            "horizon": outbox.horizon(),
        },
    )
    events = [_event(row[3:]) for row in rows if row[3] is not None]
    if len(events) > limit:
        return Page(events[:limit], Place(events[limit - 1].xid, events[limit - 1].event_id), True)
    if not rows:
        return Page([], after, False)
    xid, row, looked_at = rows[0][:3]
    return Page(events, Place(xid, row), customer_ids is None and looked_at == scanned)


def _event(row: Sequence[Any]) -> Event:
    values = dict(zip(COLUMNS, row, strict=True))
    values["properties"] = json.loads(values["properties"]) if values["properties"] else None
    return Event(**values)


def _query(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
