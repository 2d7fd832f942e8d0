"""Rows of the event log, written as the ingestion statement writes them."""

import select
import time
from datetime import UTC, datetime

from django.db import connection

from core import outbox
from core.ids import time_ordered_uuid
from engagement.services import followers

_INSERT = """
INSERT INTO engagement_event (event_id, occurred_at, received_at, xid, customer_id, consent_ref, source_id, campaign_id,
    type_id, schema_version, device, consent_kind, properties)
VALUES (%s, %s, %s, (pg_current_xact_id()::text)::bigint, %s, 1, 1, %s, %s, 1, 1, 1, NULL)
"""


def store_event(*, customer_id: int, at: datetime, type_id: int = 1, campaign_id: int | None = None) -> None:
    """One event in the current transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT engagement_ensure_partition(%s)", [at.date()])
        cursor.execute(_INSERT, [time_ordered_uuid(), at, at, customer_id, campaign_id, type_id])


def committed() -> None:
    """Wait until everything committed so far is final for readers of the log."""
    written = _current_transaction()
    deadline = time.monotonic() + 60
    while outbox.horizon() <= written:
        assert time.monotonic() < deadline, "another transaction holds the log for too long"
        select.select([], [], [], 0.02)


def follow_to_the_end(name: str) -> None:
    """Let a follower do everything committed so far."""
    committed()
    followers.follow(name=name, now=datetime.now(UTC))


def _current_transaction() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        return int(cursor.fetchone()[0])
