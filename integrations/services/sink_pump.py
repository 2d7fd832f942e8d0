"""The pump: one process that writes the log into all sinks, each in a lane of its own.

A lane has a thread for its broker, so that one that hangs holds up nobody else; the database is asked in one thread for
all. Only the process that holds the advisory lock writes; the lock goes with its connection. The place of a sink moves
once its broker has confirmed: what was confirmed and not yet noted when a process dies is written again.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final, TypeVar

import structlog
from django.db import InterfaceError, OperationalError, close_old_connections, connection

from integrations.connectors.brokers import Broker, Receipt, Target
from integrations.connectors.kafka import Kafka
from integrations.connectors.kinesis import Kinesis
from integrations.connectors.rabbitmq import RabbitMQ
from integrations.models import BrokerKind, LogSink
from integrations.rules.sinks import wait_after
from integrations.rules.streams import Mark
from integrations.selectors.sinks import (
    Batch,
    active_sinks,
    place_is_lost,
    place_of,
    read_batch,
    seconds_behind,
    wants_engagement,
)
from integrations.selectors.stream_log import first_behind
from integrations.selectors.webhooks import covered
from integrations.services.sink_progress import give_up, record_passed, record_taken
from integrations.services.sinks import target_of

LOCK: Final = 0x73696E6B  # "sink"
IDLE_S: Final = 0.2
RELOADED_EVERY_S: Final = 1.0
NOTED_EVERY_S: Final = 5.0
REFRESHED_EVERY_S: Final = 3_600.0
STOPS_WITHIN_S: Final = 10.0
BROKEN_PAUSE_S: Final = 1.0
BROKERS: Final[dict[str, Callable[[Target], Broker]]] = {
    BrokerKind.KAFKA: Kafka,
    BrokerKind.RABBITMQ: RabbitMQ,
    BrokerKind.KINESIS: Kinesis,
}
log = structlog.get_logger("sinks")
Clock = Callable[[], datetime]
T = TypeVar("T")


@dataclass(slots=True)
class _Lane:
    """One sink as it was when the lane began: its broker, its place, and the place that is stored."""

    sink: LogSink
    broker: Broker
    place: Mark
    stored: str
    noted_at: float = 0.0
    failures: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)
    thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="broker"))
    task: "asyncio.Task[None] | None" = None


class _Books:
    """All the pump does with the database, in one thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held: Any = None

    def sinks(self) -> list[tuple[LogSink, Target]]:
        """Those that are active now; none while another process holds the lock."""
        if not self._still_held():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
                self._held = connection.connection if cursor.fetchone()[0] else None
        if self._held is None:
            return []
        now = self._clock()
        found = covered(active_sinks(), today=now.date())
        for sink in found:
            if place_is_lost(sink=sink, now=now) and seconds_behind(sink=sink, now=now):
                give_up(sink=sink, now=now)
        return [(sink, target_of(sink=sink)) for sink in found]

    def batch(self, lane: _Lane) -> Batch:
        """What comes next for the sink; that it was passed over is stored every few seconds."""
        now = self._clock()
        batch = Batch((), (), (), lane.place, full=False)
        if first_behind(after=lane.place, engagement=wants_engagement(lane.sink)):
            batch = read_batch(sink=lane.sink, after=lane.place, now=now)
        if not batch.letters:
            self._note_passed(lane, batch.upto, now)
        return batch

    def _note_passed(self, lane: _Lane, place: Mark, now: datetime) -> None:
        pause = REFRESHED_EVERY_S if str(place) == lane.stored else NOTED_EVERY_S
        if time.monotonic() - lane.noted_at > pause:
            lane.noted_at = time.monotonic()
            if record_passed(sink=lane.sink, before=lane.stored, place=place, now=now):
                lane.stored = str(place)

    def note(self, lane: _Lane, batch: Batch, receipt: Receipt) -> Mark | None:
        """What came of a batch."""
        return record_taken(sink=lane.sink, before=lane.stored, batch=batch, receipt=receipt, now=self._clock())

    def _still_held(self) -> bool:
        return self._held is not None and connection.connection is self._held

    def close(self) -> None:
        """Give the lock and the connection back."""
        if self._still_held():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
        self._held = None
        connection.close()


class Pump:
    """Writes until it is told to stop; `clock` gives the time."""

    def __init__(self, *, clock: Clock) -> None:
        self._books, self._thread = _Books(clock), ThreadPoolExecutor(1, thread_name_prefix="books")
        self._lanes: dict[int, _Lane] = {}
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopping.set()
        for lane in self._lanes.values():
            lane.over.set()

    async def run(self) -> None:
        """Write until `stop`; what is under way then has STOPS_WITHIN_S."""
        while not self._stopping.is_set():
            found = await self._asked(self._books.sinks) or []
            self._take_over({sink.pk: (sink, target) for sink, target in found})
            await _rest(self._stopping, RELOADED_EVERY_S)
        if tasks := [lane.task for lane in self._lanes.values() if lane.task]:
            await asyncio.wait(tasks, timeout=STOPS_WITHIN_S)
        await asyncio.get_running_loop().run_in_executor(self._thread, self._books.close)
        self._thread.shutdown()

    def _take_over(self, found: dict[int, tuple[LogSink, Target]]) -> None:
        """A lane for each sink; one that was changed begins anew once the lane it had has ended."""
        for pk, lane in list(self._lanes.items()):
            if pk not in found or found[pk][0].updated_at != lane.sink.updated_at:
                lane.over.set()
            if lane.task and lane.task.done():
                lane.task.result()
                del self._lanes[pk]
        for pk, (sink, target) in found.items():
            if pk not in self._lanes and not self._stopping.is_set():
                lane = _Lane(sink, BROKERS[sink.kind](target), place_of(sink), sink.place)
                lane.task = asyncio.create_task(self._follow(lane))
                self._lanes[pk] = lane

    async def _follow(self, lane: _Lane) -> None:
        """Batch after batch, until the lane is over."""
        loop = asyncio.get_running_loop()
        while not lane.over.is_set():
            batch = await self._asked(partial(self._books.batch, lane))
            if batch is not None and batch.letters:
                receipt = await loop.run_in_executor(lane.thread, lane.broker.send, batch.letters)
                await self._note(lane, batch, receipt)
            elif batch is not None:
                lane.place = batch.upto
                await _rest(lane.over, 0 if batch.full else IDLE_S)
        await loop.run_in_executor(lane.thread, lane.broker.close)
        lane.thread.shutdown()

    async def _note(self, lane: _Lane, batch: Batch, receipt: Receipt) -> None:
        """The place moves as far as the broker confirmed; after a failure the lane rests."""
        place = await self._asked(partial(self._books.note, lane, batch, receipt))
        if place is None:
            lane.over.set()
            return
        lane.place, lane.stored, lane.noted_at = place, str(place), time.monotonic()
        lane.failures = lane.failures + 1 if receipt.error else 0
        if receipt.error:
            log.warning("sink_failed", sink=lane.sink.public_id, failures=lane.failures)
            await _rest(lane.over, wait_after(lane.failures))

    async def _asked(self, work: Callable[[], T]) -> T | None:
        """What `work` answers; while the database is away it is tried again, until `stop`: then None."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                return await loop.run_in_executor(self._thread, work)
            except (OperationalError, InterfaceError) as trouble:
                log.warning("sinks_without_database", reason=type(trouble).__name__)
                await loop.run_in_executor(self._thread, close_old_connections)
                await _rest(self._stopping, BROKEN_PAUSE_S)
                if self._stopping.is_set():
                    return None


async def _rest(until: asyncio.Event, seconds: float) -> None:
    """Return after these seconds, or as soon as the event is there."""
    try:
        await asyncio.wait_for(until.wait(), seconds)
    except TimeoutError:
        return
