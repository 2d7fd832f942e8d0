"""Webhooks: deliveries a second beside bare loops to the same receiver, and healthy ones beside those that fail."""

import asyncio
import json
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

import aiohttp
import httpx

from bench.report import Contender, rounds_of, table
from bench.stage import ROOT, Stage
from marketing_hub.processes import free_port

EVENTS: Final = 1_000
OURS: Final = {"one courier": 1, "two couriers": 2, "three couriers": 3}
AT_ONCE: Final = 32
SAID: Final = 10_000
SAID_WITHIN_S: Final = 600.0
SHARE: Final = 0.5
RECEIVERS: Final = 20
GOAL_S: Final = 1.0
BODY: Final = json.dumps({"type": "campaign.paused", "data": {"id": "cmp_1", "number": 1}, "id": "evt_1"}).encode()


def run(stage: Stage, rounds: int) -> str:
    """A table of deliveries a second with the goals, and what healthy and sick receivers got of 10,000 events."""
    with _receiver() as address:
        contenders = [
            *(Contender(name, partial(_ours, stage, address, number)) for name, number in OURS.items()),
            Contender("bare httpx loop", lambda: (asyncio.run(_httpx(address)), 0.0)),
            Contender("bare aiohttp loop", lambda: (asyncio.run(_aiohttp(address)), 0.0)),
        ]
        lines = rounds_of(contenders, "deliveries/s", rounds)
    goals = [(name, peer, 0.5) for name in OURS for peer in ("bare httpx loop", "bare aiohttp loop")]
    rate = max(SAID / SAID_WITHIN_S, SHARE * lines[0].median / RECEIVERS)
    return f"{table('Webhooks, to four receivers', lines, goals)}\n\n{_bulkhead(stage, rate)}"


def _ours(stage: Stage, address: str, couriers: int) -> tuple[float, float]:
    return float(_inside(stage, "fan_out", address, EVENTS, couriers)[-1]), 0.0


def _bulkhead(stage: Stage, rate: float) -> str:
    """At half of what the courier can do, so that what is measured is no queue in front of it, but within ten minutes.

    With the patience of `bench.inside.webhooks` the whole ends within seventeen minutes, however slow the machine is.
    """
    with _receiver() as address:
        words = _inside(stage, "bulkhead", address, SAID, rate)
        told, healthy = _asked(f"{address}/told"), sorted(_asked(f"{address}/waits"))
    p95 = healthy[int(len(healthy) * 0.95)]
    lost = [path for path, (number, _, _) in told.items() if number < SAID]
    repeats, disorder = (sum(row[place] for row in told.values()) for place in (1, 2))
    arrived = not lost and len(told) == RECEIVERS
    return (
        f"{SAID:,} events, {rate:.0f} a second, to 16 healthy receivers beside 3 that fail and one that hangs: "
        f"{' '.join(words)}; p50 {statistics.median(healthy):.3f} s, p95 {p95:.3f} s at the healthy ones, "
        f"goal {GOAL_S:g} s: {'holds' if p95 < GOAL_S else 'MISSED'}; "
        f"addresses that lack events after the replay: {len(lost)} of {len(told)}, goal none of {RECEIVERS}: "
        f"{'holds' if arrived else 'MISSED'}; "
        f"repeats {repeats}, out of order {disorder}"
    )


@contextmanager
def _receiver() -> Iterator[str]:
    """The address of a fresh receiver."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.receiver", str(port)], cwd=ROOT)
    address = f"http://127.0.0.1:{port}"
    try:
        _until_up(address)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


def _inside(stage: Stage, what: str, address: str, number: int, more: float) -> list[str]:
    """The words that the product printed, which runs in a process of its own."""
    environment = stage.environment() | {"DJANGO_SETTINGS_MODULE": "marketing_hub.settings", "WEBHOOK_LOOPBACK": "1"}
    words = [sys.executable, "-m", "bench.inside.webhooks", what, address, str(number), str(more)]
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"webhooks: {done.stderr[-3000:]}")
    return done.stdout.split()


def _asked(address: str) -> Any:
    with urllib.request.urlopen(address) as answer:
        return json.load(answer)


def _until_up(address: str) -> None:
    limit = time.monotonic() + 30
    while time.monotonic() < limit:
        try:
            _asked(f"{address}/waits")
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the receiver did not start")


async def _aiohttp(address: str) -> float:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:

        async def post(number: int) -> None:
            async with session.post(f"{address}/ok/{number % 4}", data=BODY) as answer:
                await answer.read()

        return await _timed(post)


async def _httpx(address: str) -> float:
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    async with httpx.AsyncClient(limits=limits, timeout=60) as client:

        async def post(number: int) -> None:
            await client.post(f"{address}/ok/{number % 4}", content=BODY)

        return await _timed(post)


async def _timed(post: Callable[[int], Awaitable[None]]) -> float:
    """Deliveries a second of four times EVENTS, AT_ONCE at a time, as many as the courier has places for four."""
    began = time.perf_counter()
    numbers = iter(range(4 * EVENTS))

    async def work() -> None:
        for number in numbers:
            await post(number)

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return 4 * EVENTS / (time.perf_counter() - began)
