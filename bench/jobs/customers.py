"""The customer list: 200 rows a page, filtered, by offset and by cursor, against REST framework and bare psycopg."""

import json
import time
from functools import partial

import psycopg

from bench.client import Connection, Load, burst, http_request, writers
from bench.report import Contender, rounds_of, table
from bench.stage import Server, Stage

CONNECTIONS, CALLS = 8, 40
WHOLE_PATH = "/api/v1/customers?status=active&limit=200"
FIELDS = "id,external_id,email,first_name,last_name,country,status,created_at,updated_at"
PATH = f"{WHOLE_PATH}&fields={FIELDS}"


def run(stage: Stage, rounds: int) -> str:
    """The customer list line of the goals table, with the fields that the peer has, and the cost of the last page."""
    hub, peer = stage.start_hub(), stage.start_peer()
    try:
        last = _last_path(hub)
        lines = rounds_of(
            [
                Contender("ours, first page by cursor", partial(_get, hub, f"{PATH}&pagination=cursor")),
                Contender("ours, last page by cursor", partial(_get, hub, last)),
                Contender("ours, first page by offset", partial(_get, hub, f"{PATH}&count=none")),
                Contender("ours, whole customers", partial(_get, hub, f"{WHOLE_PATH}&pagination=cursor")),
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
            ("ours, last page by cursor", "ours, first page by cursor", 0.66),
        ],
    )


def _get(server: Server, path: str, calls: int = CALLS) -> tuple[float, float]:
    request = http_request("GET", path, "localhost", server.headers)
    load = burst("127.0.0.1", server.port, [[request] * calls for _ in range(CONNECTIONS)])
    if set(load.statuses) != {200}:
        raise RuntimeError(f"{path}: {load.statuses}")
    return load.requests / load.seconds, load.percentile(0.95)


def _last_path(server: Server) -> str:
    """The address of the last whole page, found by reading all pages before it."""
    connection, path = Connection("127.0.0.1", server.port), f"{PATH}&pagination=cursor"
    while True:
        _, body = connection.send(http_request("GET", path, "localhost", server.headers))
        following = json.loads(body)["pagination"]["next_cursor"]
        if not following:
            return path
        path = f"{PATH}&cursor={following}"


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
SELECT public_id, external_id, email, first_name, last_name, country, status, created_at, updated_at
FROM customers_customer
WHERE status = 'active' AND (created_at, id) < (%s, %s)
ORDER BY created_at DESC, id DESC LIMIT 200
"""
