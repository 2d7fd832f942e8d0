"""Segments over customers and events of any size: fills the stage, measures in a process inside the product."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import psycopg

from bench.stage import ROOT, Stage

DAYS = 90


def run(stage: Stage, rounds: int) -> str:
    """The lines of segments in the goals table: `stage.events` events of the last 90 days."""
    with psycopg.connect(stage.hub_url, autocommit=True) as connection:
        fill(connection, stage)
    environment = stage.environment() | {"DJANGO_SETTINGS_MODULE": "marketing_hub.settings"}
    environment |= {"SEGMENT_PREVIEW_SECONDS": "600", "SEGMENT_BUILD_SECONDS": "3600"}
    command = [sys.executable, "-m", "bench.inside.segments", str(rounds)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"segments: {done.stderr[-3000:]}")
    return f"{stage.customers:,} customers, {stage.events:,} events\n\n{done.stdout}"


def fill(connection: psycopg.Connection, stage: Stage) -> None:
    """Attributes on every customer; events evenly over customers and days, seven views to two clicks to one order."""
    connection.execute(ATTRIBUTES)
    now = datetime.now(UTC)
    for back in range(0, DAYS + 31, 28):
        connection.execute("SELECT engagement_ensure_partition(%s)", [(now - timedelta(days=back)).date()])
    first = connection.execute("SELECT min(id) FROM customers_customer").fetchone()
    numbers = {"first": first[0] if first else 1, "people": stage.customers, "events": stage.events, "days": DAYS}
    connection.execute(EVENTS, numbers)
    connection.execute("VACUUM (FULL) customers_customer")
    connection.execute("VACUUM ANALYZE")


ATTRIBUTES = """
UPDATE customers_customer SET
    attributes = jsonb_build_object('plan', (ARRAY['free','free','free','pro','team'])[1 + id % 5],
        'stage', (ARRAY['lead','trial','customer','customer'])[1 + id % 4]),
    orders_count = id % 7, orders_total = (id % 7) * (id % 97), orders_currency = 'EUR'
"""
EVENTS = """
INSERT INTO engagement_event (event_id, occurred_at, received_at, xid, customer_id, consent_ref, source_id, campaign_id,
    type_id, schema_version, device, consent_kind, properties)
SELECT gen_random_uuid(), e.at, e.at, 1, e.who, 1, 1, NULL, e.kind, 1, 1, 1,
    CASE e.kind WHEN 9 THEN jsonb_build_object('value', n %% 200)
        ELSE jsonb_build_object('elementId', 'page-' || n %% 40) END
FROM (
    SELECT n, %(first)s + floor(random() * %(people)s)::bigint AS who,
        now() - random() * %(days)s * interval '1 day' AS at,
        (ARRAY[2,2,2,2,2,2,2,1,1,9])[1 + floor(random() * 10)::int] AS kind
    FROM generate_series(1, %(events)s) AS n
) e
"""
