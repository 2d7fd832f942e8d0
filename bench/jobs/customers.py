"""The customer list: 200 rows a page, filtered, by offset and by cursor, against REST framework and bare psycopg."""

import json
import time
from functools import partial

import psycopg

from bench.client import Connection, Load, burst, http_request, writers
from bench.report import Contender, rounds_of, table
from bench.stage import Server, Stage

CONNECTIONS, CALLS = 8, 40
PATH = "/api/v1/customers?status=active&limit=200&pagination=cursor"
OFFSET_PATH = "/api/v1/customers?status=active&limit=200&count=none"


def run(stage: Stage, rounds: int) -> str:
    """The customer list line of the goals table, and the cost of a page far down."""
    hub, peer = stage.start_hub(), stage.start_peer()
    try:
        deep = _deep_path(hub, pages=200)
        lines = rounds_of(
            [
                Contender("ours, first page by cursor", partial(_get, hub, PATH)),
                Contender("ours, page 200 by cursor", partial(_get, hub, deep)),
                Contender("ours, first page by offset", partial(_get, hub, OFFSET_PATH)),
                Contender("DRF page numbers", partial(_get, peer, "/customers", 4)),
                Contender("DRF cursor", partial(_get, peer, "/customers/cursor", 10)),
                Contender("limit: bare psycopg keyset", partial(_bare, stage)),
            ],
            "pages/s",
            rounds,
        )
    finally:
        hub.stop()
        peer.stop()
    return table(
        f"Customer list, 200 of {stage.customers:,} rows",
        lines,
        [
            ("ours, first page by cursor", "DRF page numbers", 30.0),
            ("ours, first page by cursor", "DRF cursor", 8.0),
            ("ours, first page by cursor", "limit: bare psycopg keyset", 0.4),
            ("ours, page 200 by cursor", "ours, first page by cursor", 0.66),
        ],
    )


def _get(server: Server, path: str, calls: int = CALLS) -> tuple[float, float]:
    request = http_request("GET", path, "localhost", server.headers)
    load = burst("127.0.0.1", server.port, [[request] * calls for _ in range(CONNECTIONS)])
    if set(load.statuses) != {200}:
        raise RuntimeError(f"{path}: {load.statuses}")
    return load.requests / load.seconds, load.percentile(0.95)


def _deep_path(server: Server, pages: int) -> str:
    connection, path = Connection("127.0.0.1", server.port), PATH
    for _ in range(pages):
        _, body = connection.send(http_request("GET", path, "localhost", server.headers))
        following = json.loads(body)["pagination"]["next_cursor"]
        if not following:
            return path
        path = f"/api/v1/customers?status=active&limit=200&cursor={following}"
    return path


def _bare(stage: Stage) -> tuple[float, float]:
    load = writers(range(4), partial(_read, stage.hub_url))
    return load.requests / load.seconds, load.percentile(0.95)


def _read(dsn: str, number: int, load: Load) -> None:
    with psycopg.connect(dsn, autocommit=True, prepare_threshold=0) as connection:
        for _ in range(CALLS * 4):
            started = time.perf_counter()
            connection.execute(BARE_STATEMENT, ["2100-01-01", 2**62]).fetchall()
            load.latencies.append(time.perf_counter() - started)
            load.statuses[200] = load.statuses.get(200, 0) + 1


BARE_STATEMENT = """
SELECT public_id, external_id, email, first_name, last_name, country, status, created_at, updated_at, last_order_id,
    last_order_amount, last_order_currency, last_order_at
FROM customers_customer
WHERE status = 'active' AND (created_at, id) < (%s, %s)
ORDER BY created_at DESC, id DESC LIMIT 200
"""
