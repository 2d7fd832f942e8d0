"""Rows of the event log, written as the ingestion statement writes them."""

from datetime import datetime

from django.db import connection

from core.ids import time_ordered_uuid

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
