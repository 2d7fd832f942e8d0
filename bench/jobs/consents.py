"""May we process, for one customer: a plain view against a REST framework view and against the framework's hello."""

from functools import partial

from bench.client import burst, http_request
from bench.report import Contender, rounds_of, table
from bench.stage import Server, Stage

CONNECTIONS, CALLS = 8, 150


def run(stage: Stage, rounds: int) -> str:
    """The consent check line of the goals table."""
    hub, peer = stage.start_hub(), stage.start_peer()
    try:
        lines = rounds_of(
            [
                Contender("ours", partial(_get, hub, "/api/v1/consents/check?subject=u77&purpose=analytics", CALLS)),
                Contender("DRF view", partial(_get, peer, "/consent?subject=u77", CALLS // 3)),
                Contender("limit: the framework's hello", partial(_get, hub, "/healthz", CALLS)),
            ],
            "answers/s",
            rounds,
        )
    finally:
        hub.stop()
        peer.stop()
    return table("Consent check", lines, [("ours", "DRF view", 15.0), ("ours", "limit: the framework's hello", 0.5)])


def _get(server: Server, path: str, calls: int) -> tuple[float, float]:
    request = http_request("GET", path, "localhost", server.headers)
    load = burst("127.0.0.1", server.port, [[request] * calls for _ in range(CONNECTIONS)])
    if set(load.statuses) != {200}:
        raise RuntimeError(f"{path}: {load.statuses}")
    return load.requests / load.seconds, load.percentile(0.95)
