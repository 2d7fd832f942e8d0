"""What a user is shown, promotion and flag: against REST framework views and against the framework's hello."""

import json
from functools import partial
from itertools import count
from typing import Any, Final

from bench.client import Connection, burst, http_request
from bench.report import Contender, rounds_of, table
from bench.stage import SCOPES, Server, Stage

CONNECTIONS, CALLS, PEOPLE = 8, 150, 1_000
MINE: Final = f"{SCOPES} offers:write promotions:write promotions:serve experiments:write flags:evaluate"
BOTH: Final = [{"key": key, "weight": 1, "content": {"headline": f"Variant {key}"}} for key in ("A", "B")]
SPLIT: Final = [{"key": key, "weight": 1, "value": f"Variant {key}"} for key in ("A", "B")]
STORY: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("/api/v1/offers", {"key": "bench", "name": "Bench", "kind": "percent", "value": 10}),
    ("/api/v1/promotions", {"key": "bench", "name": "Bench", "offer": "bench", "variants": BOTH}),
    ("/api/v1/promotions/bench/activate", {}),
    ("/api/v1/experiments", {"key": "button", "name": "Button", "variants": SPLIT}),
    ("/api/v1/experiments/button/start", {}),
)
PROMOTION: Final = "/api/v1/promotion?userId=u{}&promotion=bench"
FLAG: Final = "/ofrep/v1/evaluate/flags/button"


def run(stage: Stage, rounds: int) -> str:
    """The promotion and flag line of the goals table; people who were seen before, and people who come first."""
    hub, peer = stage.start_hub(MINE), stage.start_peer()
    fresh = count(PEOPLE + 1)
    try:
        _set_up(hub)
        _get(hub, PROMOTION, PEOPLE // CONNECTIONS)
        lines = rounds_of(
            [
                Contender("promotion", partial(_get, hub, PROMOTION, CALLS)),
                Contender("promotion, first time", partial(_get, hub, PROMOTION, CALLS, fresh)),
                Contender("flag", partial(_flag, hub, CALLS)),
                Contender("DRF promotion", partial(_get, peer, "/promotion?userId=u{}", CALLS // 3)),
                Contender("DRF flag", partial(_get, peer, "/flag?userId=u{}", CALLS // 3)),
                Contender("limit: the framework's hello", partial(_get, hub, "/healthz", CALLS)),
            ],
            "answers/s",
            rounds,
        )
    finally:
        hub.stop()
        peer.stop()
    hello = "limit: the framework's hello"
    goals = [("promotion", "DRF promotion", 15.0), ("flag", "DRF flag", 7.0), ("promotion", hello, 0.5)]
    words = table("Promotion and flag", lines, [*goals, ("flag", hello, 0.5)])
    said = [f"{line.name} p95 {_p95(line.p95s):.1f} ms, goal 5 ms" for line in lines[:3]]
    return f"{words}\n{'; '.join(said)}"


def _set_up(hub: Server) -> None:
    """A promotion and an experiment in two variants, both running."""
    connection = Connection("127.0.0.1", hub.port)
    for path, body in STORY:
        status, answer = connection.send(
            http_request("POST", path, "localhost", hub.headers, json.dumps(body).encode())
        )
        if status not in (200, 201):
            raise RuntimeError(f"{path}: {status} {answer.decode()[:300]}")


def _get(server: Server, path: str, calls: int, fresh: "count[int] | None" = None) -> tuple[float, float]:
    """So many calls a connection, of one person after the other: the same PEOPLE, or such as never came before."""
    people = [next(fresh) if fresh else 1 + n % PEOPLE for n in range(calls * CONNECTIONS)]
    return _burst(server, [http_request("GET", path.format(one), "localhost", server.headers) for one in people])


def _flag(server: Server, calls: int) -> tuple[float, float]:
    bodies = [
        json.dumps({"context": {"targetingKey": f"u{1 + n % PEOPLE}"}}).encode() for n in range(calls * CONNECTIONS)
    ]
    return _burst(server, [http_request("POST", FLAG, "localhost", server.headers, body) for body in bodies])


def _burst(server: Server, requests: list[bytes]) -> tuple[float, float]:
    load = burst("127.0.0.1", server.port, [requests[n::CONNECTIONS] for n in range(CONNECTIONS)])
    if set(load.statuses) != {200}:
        raise RuntimeError(f"{requests[0][:80]!r}: {load.statuses}")
    return load.requests / load.seconds, load.percentile(0.95)


def _p95(found: tuple[float, ...]) -> float:
    return sorted(found)[len(found) // 2]
