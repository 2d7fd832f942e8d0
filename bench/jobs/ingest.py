"""Ingestion: 100 events a call and one event a call, against REST framework and against bare writers."""

import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

import psycopg

from bench.client import Load, burst, http_request, writers
from bench.report import Contender, Line, rounds_of, table
from bench.stage import Server, Stage
from core.ids import time_ordered_uuid

CONNECTIONS, CALLS, SINGLES = 8, 40, 200
TYPES = ("click", "view", "open", "share")


def run(stage: Stage, rounds: int) -> str:
    """The two ingestion lines of the goals table."""
    hub, peer = stage.start_hub(), stage.start_peer()
    try:
        batches = rounds_of(
            [
                Contender("ours, batch", partial(_post, hub, "/api/v1/engagement/events", _ours, 100, CALLS)),
                Contender("DRF tuned, batch", partial(_post, peer, "/tuned/events", _peers, 100, CALLS)),
                Contender("DRF tutorial, batch", partial(_post, peer, "/tutorial/events", _peers, 100, CALLS // 10)),
                Contender("limit: 4 bare writers", partial(_bare, stage, 100, CALLS * 2)),
            ],
            "events/s",
            rounds,
        )
        singles = rounds_of(
            [
                Contender("ours, single", partial(_post, hub, "/api/v1/engagement/click", _one, 1, SINGLES, 32)),
                Contender("DRF tuned, single", partial(_post, peer, "/tuned/events", _peers, 1, SINGLES // 4, 32)),
                Contender("limit: 4 bare writers, one commit an event", partial(_bare, stage, 1, SINGLES * 8)),
            ],
            "events/s",
            rounds,
        )
    finally:
        hub.stop()
        peer.stop()
    return _tables(batches, singles)


def _tables(batches: Sequence[Line], singles: Sequence[Line]) -> str:
    first = table(
        "Ingest, 100 events a call",
        batches,
        [
            ("ours, batch", "DRF tutorial, batch", 35.0),
            ("ours, batch", "DRF tuned, batch", 6.5),
            ("ours, batch", "limit: 4 bare writers", 0.85),
        ],
    )
    second = table(
        "Ingest, one event a call",
        singles,
        [
            ("ours, single", "DRF tuned, single", 10.0),
            ("ours, single", "limit: 4 bare writers, one commit an event", 1.0),
        ],
    )
    return f"{first}\n\n{second}"


def _post(
    server: Server, path: str, make: Callable[[Random, int], Any], size: int, calls: int, connections: int = CONNECTIONS
) -> tuple[float, float]:
    """Events a second through HTTP; RuntimeError when any answer is not a success."""
    random = Random()
    streams = [
        [
            http_request("POST", path, "localhost", server.headers, json.dumps(make(random, size)).encode())
            for _ in range(calls)
        ]
        for _ in range(connections)
    ]
    load = burst("127.0.0.1", server.port, streams)
    if set(load.statuses) != {202}:
        raise RuntimeError(f"{path}: {load.statuses}")
    return load.requests * size / load.seconds, load.percentile(0.95)


def _when(random: Random) -> str:
    return (datetime.now(UTC) - timedelta(seconds=random.randint(1, 86_400))).isoformat()


def _one(random: Random, size: int) -> dict[str, Any]:
    return {
        "eventId": str(time_ordered_uuid()),
        "userId": f"u{random.randint(1, 100_000)}",
        "campaignId": f"promo_{random.randint(1, 40)}",
        "elementId": "signup-button",
        "timestamp": _when(random),
        "deviceType": random.choice(("mobile", "desktop", "tablet")),
    }


def _ours(random: Random, size: int) -> dict[str, Any]:
    return {"events": [_one(random, 1) | {"type": "click"} for _ in range(size)]}


def _peers(random: Random, size: int) -> dict[str, Any]:
    events = [
        {
            "event_id": str(time_ordered_uuid()),
            "userId": f"u{random.randint(1, 100_000)}",
            "campaign": f"promo_{random.randint(1, 40)}",
            "element": "signup-button",
            "type": random.choice(TYPES),
            "device": "mobile",
            "occurred_at": _when(random),
        }
        for _ in range(size)
    ]
    return {"events": events}


def _bare(stage: Stage, size: int, calls: int) -> tuple[float, float]:
    """The same rows by four processes that do nothing else: one statement and one commit a batch."""
    load = writers(range(4), partial(_write, stage.hub_url, size, calls))
    return load.requests * size / load.seconds, load.percentile(0.95)


def _write(dsn: str, size: int, calls: int, number: int, load: Load) -> None:
    random = Random()
    batches = [json.dumps([_row(random) for _ in range(size)]) for _ in range(calls)]
    with psycopg.connect(dsn, autocommit=True, prepare_threshold=0) as connection:
        for batch in batches:
            started = time.perf_counter()
            connection.execute(BARE_STATEMENT, [batch])
            load.latencies.append(time.perf_counter() - started)
            load.statuses[202] = load.statuses.get(202, 0) + 1


def _row(random: Random) -> dict[str, Any]:
    return {"e": str(time_ordered_uuid()), "u": f"u{random.randint(1, 100_000)}", "t": _when(random)}


BARE_STATEMENT = """
WITH item AS MATERIALIZED (
    SELECT i.e, i.t, c.id, c.consent_ref
    FROM jsonb_to_recordset(%s::jsonb) AS i (e uuid, u text, t timestamptz)
    JOIN customers_customer c ON c.external_id = i.u AND c.consent_mask & 1 = 1
), fresh AS (
    INSERT INTO engagement_event_key (source_id, key, received_at)
    SELECT 1, e, now() FROM item ORDER BY e ON CONFLICT DO NOTHING RETURNING key
)
INSERT INTO engagement_event (event_id, occurred_at, received_at, xid, customer_id, consent_ref, source_id, campaign_id,
    type_id, schema_version, device, consent_kind, properties)
SELECT i.e, i.t, now(), (SELECT pg_current_xact_id()::text::bigint), i.id, i.consent_ref, 1, 1, 1, 1, 1, 1,
    '{"elementId": "signup-button"}'
FROM item i JOIN fresh f ON f.key = i.e
"""
