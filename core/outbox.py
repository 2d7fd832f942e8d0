"""The transactional outbox: publish inside the transaction, follow in commit order, lose nothing."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from structlog.contextvars import get_contextvars

from core.models import Cursor, OutboxMessage

_INSERT = """
INSERT INTO core_outboxmessage (message_id, topic, subject, payload, request_id)
SELECT f.row ->> 0, f.row ->> 1, f.row ->> 2, f.row -> 3, %s
FROM jsonb_array_elements(%s::jsonb) WITH ORDINALITY AS f(row, place) ORDER BY f.place
"""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing to tell: topic such as `customer.updated`, subject (public id), payload without personal data."""

    topic: str
    subject: str
    payload: dict[str, Any]


def publish(*, topic: str, subject: str, payload: dict[str, Any] | None = None) -> None:
    """Append one message; followers see it if and only if the caller's transaction commits."""
    publish_many([Fact(topic=topic, subject=subject, payload=payload or {})])


def publish_many(facts: Sequence[Fact]) -> None:
    """Append many messages in one statement."""
    rows = json.dumps([[OutboxMessage.new_message_id(), fact.topic, fact.subject, fact.payload] for fact in facts])
    if facts:
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, [str(get_contextvars().get("request_id", "")), rows])


def horizon() -> int:
    """The oldest transaction of this database still running: every row with a lower xid is final and visible."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT core_log_horizon()")
        return int(cursor.fetchone()[0])


def read_after(*, cursor: Cursor, limit: int) -> list[OutboxMessage]:
    """The next messages in commit order behind `cursor`, at most `limit`; [] when there is nothing final."""
    return list(
        OutboxMessage.objects.extra(
            where=["(xid, id) > (%s, %s)", "xid < %s"],
            params=[cursor.xid, cursor.row, horizon()],
        ).order_by("xid", "id")[:limit]
    )


def locked_cursor(name: str) -> Cursor | None:
    """The cursor of a follower, locked until the transaction ends; None while another worker holds it."""
    Cursor.objects.get_or_create(name=name)
    return Cursor.objects.select_for_update(skip_locked=True).filter(name=name).first()


def move_cursor(*, cursor: Cursor, xid: int, row: int, at: datetime | None, now: datetime) -> None:
    """Everything up to (xid, row) is done; `at` is when the last row done was written."""
    cursor.xid, cursor.row, cursor.at, cursor.updated_at = xid, row, at, now
    cursor.save(update_fields=["xid", "row", "at", "updated_at"])
