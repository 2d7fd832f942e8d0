"""The stream: from the commit of an event until listeners have seen it, with few and with many others that wait."""

import asyncio
import json
import statistics
import time
from functools import partial
from typing import Final

import psycopg

from bench.report import Contender, Line, rounds_of
from bench.stage import Server, Stage

LISTENERS, IDLE = 100, 1_000
EVENTS: Final = 40
PAUSE_S: Final = 0.05
GOALS_MS: Final = {0: 50.0, IDLE: 250.0}
SAY: Final = """
INSERT INTO core_outboxmessage (message_id, topic, subject, payload, request_id)
VALUES (%s, 'campaign.paused', 'cmp_bench', %s, '')
"""


def run(stage: Stage, rounds: int) -> str:
    """Median and 95th percentile of accepted to seen in each round, against the goals."""
    hub = stage.start_hub("events:read")
    stream = stage.start_stream(hub)
    try:
        contenders = [
            Contender(f"{LISTENERS} listeners, {idle:,} idle ones beside", partial(_round, stage, stream, idle))
            for idle in GOALS_MS
        ]
        lines = rounds_of(contenders, "ms p50", rounds)
    finally:
        stream.stop()
        hub.stop()
    return "\n".join([_HEAD, *(_told(line, goal) for line, goal in zip(lines, GOALS_MS.values(), strict=True))])


_HEAD: Final = (
    "## Stream, accepted to seen\n| what | p50 ms | min | max | p95 ms | goal p95 | |\n|---|---|---|---|---|---|---|"
)


def _told(line: Line, goal: float) -> str:
    p95 = statistics.median(line.p95s)
    figures = f"{line.median:.1f} | {min(line.figures):.1f} | {max(line.figures):.1f} | {p95:.1f} | {goal:g}"
    return f"| {line.name} | {figures} | {'holds' if p95 < goal else 'MISSED'} |"


def _round(stage: Stage, stream: Server, idle: int) -> tuple[float, float]:
    waits = sorted(asyncio.run(_heard(stage, stream, idle)))
    return statistics.median(waits), waits[int(len(waits) * 0.95)]


async def _heard(stage: Stage, stream: Server, idle: int) -> list[float]:
    """Milliseconds of every event at every listener that wants it."""
    said: dict[int, float] = {}
    waits: list[float] = []
    others = [await _connected(stream, "segment.rebuilt") for _ in range(idle)]
    readers = [await _connected(stream, "campaign.paused") for _ in range(LISTENERS)]
    hearing = [asyncio.create_task(_hear(reader, said, waits)) for reader, _ in readers]
    await _say(stage, said)
    await asyncio.wait_for(asyncio.gather(*hearing), 60)
    for _, writer in [*others, *readers]:
        writer.close()
    return waits


async def _connected(stream: Server, topics: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", stream.port)
    head = f"GET /api/v1/stream?topics={topics} HTTP/1.1\r\nHost: localhost\r\n"
    writer.write(f"{head}Authorization: Bearer {stream.token}\r\n\r\n".encode())
    await reader.readuntil(b":ping\n")
    return reader, writer


async def _hear(reader: asyncio.StreamReader, said: dict[int, float], waits: list[float]) -> None:
    for _ in range(EVENTS):
        await reader.readuntil(b'"number":')
        number = int((await reader.readuntil(b"}"))[:-1])
        waits.append((time.perf_counter() - said[number]) * 1_000)


async def _say(stage: Stage, said: dict[int, float]) -> None:
    """Commit the events one by one; the clock of each starts when its commit begins."""
    async with await psycopg.AsyncConnection.connect(stage.hub_url, autocommit=True) as connection:
        for number in range(EVENTS):
            said[number] = time.perf_counter()
            await connection.execute(SAY, [f"msg_{time.time_ns()}", json.dumps({"number": number})])
            await asyncio.sleep(PAUSE_S)
