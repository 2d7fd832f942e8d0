"""The courier: a process that sends what is due, each endpoint in a lane of its own.

A lane has places of its own, and a breaker: an endpoint that hangs holds its own places and nobody else's. Several
processes share the endpoints out among them (`courier_shares`); another one takes over as soon as one dies. What is
under way is known to this process alone; what it did not write down is sent again.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection

from integrations.connectors.http import Answer, Door
from integrations.connectors.kept import KeptDoor
from integrations.models import WebhookEndpoint
from integrations.rules.backoff import wait_asked_for
from integrations.rules.shards import shard_of
from integrations.selectors.webhook_queue import NO_CONSENT, Audience, Content, Due, audience_of, contents, read_due
from integrations.selectors.webhooks import active_endpoints, covered
from integrations.services.courier_lanes import Lane, Parcel, letter
from integrations.services.courier_shares import Shares
from integrations.services.webhook_messages import with_words
from integrations.services.webhook_planning import plan_deliveries
from integrations.services.webhook_results import Outcome, health_of, record_outcomes
from integrations.services.webhooks import signing_secrets

IDLE_S: Final = 0.1
RELOADED_EVERY_S: Final = 1.0
STOPS_WITHIN_S: Final = 5.0
BROKEN_PAUSE_S: Final = 1.0
log = structlog.get_logger("courier")
Clock = Callable[[], datetime]
T = TypeVar("T")


@dataclass(slots=True)
class _Found:
    """What a look into the books gave: endpoints as they are now, with secrets when all were read anew."""

    written: Mapping[int, WebhookEndpoint] = field(default_factory=dict)
    lanes: list[tuple[WebhookEndpoint, list[str]]] | None = None
    parcels: list[Parcel] = field(default_factory=list)
    ended: list[Outcome] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """Deliveries that need not be read again, and the parts that something is under way to."""

    deliveries: set[int]
    parts: set[int]


class _Books:
    """All the courier does with the database, one call at a time in a thread of its own."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._shares = clock, Shares()

    def plan(self) -> int | None:
        """The next stretch of the log."""
        return plan_deliveries(now=self._clock())

    def write(self, outcomes: Sequence[Outcome]) -> Mapping[int, WebhookEndpoint]:
        """Store what came of attempts."""
        return record_outcomes(outcomes=outcomes, now=self._clock()) if outcomes else {}

    def turn(
        self,
        outcomes: Sequence[Outcome],
        lanes: Sequence[tuple[WebhookEndpoint, int]],
        under_way: _UnderWay,
        reload: bool,
    ) -> _Found:
        """Store what came of attempts; then what is due at these endpoints, read anew before when that is asked for."""
        found = _Found(written=self.write(outcomes))
        now = self._clock()
        if reload or not self._shares.still_held():
            found.lanes = self._endpoints(under_way.parts, now)
            places = {endpoint.pk: free for endpoint, free in lanes}
            lanes = [(endpoint, places[endpoint.pk]) for endpoint, _ in found.lanes if endpoint.pk in places]
        if lanes:
            due = read_due(lanes=lanes, held=under_way.deliveries, now=now)
            self._sort(due, {endpoint.pk: endpoint for endpoint, _ in lanes}, found, now)
        return found

    def _sort(self, due: Sequence[Due], endpoints: Mapping[int, WebhookEndpoint], found: _Found, now: datetime) -> None:
        """Parcels of what may be said; outcomes of what may not, or is not known any more."""
        audiences: dict[Audience, list[Due]] = defaultdict(list)
        for one in due:
            audiences[audience_of(endpoints[one.endpoint_id])].append(one)
        said: dict[tuple[Audience, str], Content] = {}
        for audience, own in audiences.items():
            events = {one.message_id: one.event for one in own if one.event}
            found_now = contents(audience=audience, events=list(events.values()), now=now)
            for message_id, content in with_words(found=found_now, events=events, full=audience.full, now=now).items():
                said[audience, message_id] = content
        for one in due:
            told = said.get((audience_of(endpoints[one.endpoint_id]), one.message_id))
            if one.event is not None and told is not None and told.allowed:
                found.parcels.append(Parcel(one, one.event, told))
            else:
                why = told.why if told and told.why else NO_CONSENT
                found.ended.append(_ended(one, "payload_gone" if one.event is None else why, now))

    def _endpoints(self, busy: set[int], now: datetime) -> list[tuple[WebhookEndpoint, list[str]]]:
        """Those that are active now and this process sends to, with their secrets."""
        parts = self._shares.settle(busy=busy)
        rows = [row for row in active_endpoints() if shard_of(row.pk) in parts]
        return [(row, signing_secrets(endpoint=row, now=now)) for row in covered(rows, today=now.date())]

    def close(self) -> None:
        """Give the locks and the connection back."""
        self._shares.leave()
        connection.close()


class Courier:
    """Sends until it is told to stop; `clock` gives the time."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._lanes: dict[int, Lane] = {}
        self._closing: dict[int, Lane] = {}
        self._outcomes: list[Outcome] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._news, self._stopping = asyncio.Event(), asyncio.Event()
        self._books, self._thread = _Books(clock), ThreadPoolExecutor(1, thread_name_prefix="books")
        self._plans, self._planner = _Books(clock), ThreadPoolExecutor(1, thread_name_prefix="planner")
        self._reload_at = 0.0

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopping.set()
        self._news.set()

    async def run(self) -> None:
        """Plan and send until `stop`; what is under way then has STOPS_WITHIN_S."""
        async with _door() as door:
            planning = asyncio.create_task(self._plan())
            while not self._stopping.is_set():
                if not await self._turn(door):
                    await self._rest()
            await planning
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=STOPS_WITHIN_S)
            await self._in_thread(self._thread, lambda: self._books.write(self._outcomes))
        await self._close()

    async def run_until_empty(self) -> None:
        """Plan and send what is due now, and return."""
        async with _door() as door:
            while await self._in_thread(self._planner, self._plans.plan):
                continue
            await self._turn(door)
            while await self._turn(door) or self._tasks or self._outcomes:
                await self._rest()
        await self._close()

    async def _plan(self) -> None:
        while not self._stopping.is_set():
            if await self._in_thread(self._planner, self._plans.plan):
                self._news.set()
            else:
                await asyncio.sleep(IDLE_S)

    async def _turn(self, door: Door | KeptDoor) -> bool:
        """Write what came of attempts, read what is due, begin it; whether there was anything."""
        now, batch = self._clock(), self._outcomes[:]
        reload = now.timestamp() >= self._reload_at
        lanes = [(lane.endpoint, free) for lane in self._lanes.values() if (free := lane.free(now))]
        under_way = self._under_way(batch)
        found = await self._in_thread(self._thread, lambda: self._books.turn(batch, lanes, under_way, reload))
        if found is None:
            return False
        del self._outcomes[: len(batch)]
        self._outcomes += found.ended
        self._take_over(found)
        for outcome in batch:
            if lane := self._lanes.get(outcome.endpoint_id) or self._closing.get(outcome.endpoint_id):
                lane.stalled.discard(outcome.order_key)
        for lane in self._lanes.values():
            self._begin(lane, door)
        return bool(found.parcels or found.ended or batch)

    def _under_way(self, batch: Sequence[Outcome]) -> _UnderWay:
        lanes = self._closing | self._lanes
        deliveries = {outcome.pk for outcome in batch}.union(*(lane.held for lane in lanes.values()))
        return _UnderWay(deliveries, {shard_of(pk) for pk, lane in lanes.items() if lane.running})

    def _take_over(self, found: _Found) -> None:
        if found.lanes is not None:
            self._reload_at = self._clock().timestamp() + RELOADED_EVERY_S
            known = self._closing | self._lanes
            self._lanes = {endpoint.pk: self._lane(endpoint, secrets, known) for endpoint, secrets in found.lanes}
            # Nothing more begins in these; they are asked about only until what is under way in them has ended.
            self._closing = {pk: lane for pk, lane in known.items() if pk not in self._lanes and lane.running}
            for lane in self._closing.values():
                lane.waiting.clear()
        for pk, endpoint in found.written.items():
            if pk in self._lanes:
                self._lanes[pk].endpoint = endpoint
                if endpoint.state != "active":
                    self._closing[pk] = self._lanes.pop(pk)
        for parcel in found.parcels:
            if parcel.due.endpoint_id in self._lanes:
                self._lanes[parcel.due.endpoint_id].put([parcel])

    @staticmethod
    def _lane(endpoint: WebhookEndpoint, secrets: list[str], known: Mapping[int, Lane]) -> Lane:
        """The lane there is, else a new one; once people changed something, it does as well as they say."""
        lane = known.get(endpoint.pk) or Lane(endpoint, secrets, health_of(endpoint))
        if lane.endpoint.updated_at != endpoint.updated_at:
            lane.health = health_of(endpoint)
        lane.endpoint, lane.secrets = endpoint, secrets
        return lane

    def _begin(self, lane: Lane, door: Door | KeptDoor) -> None:
        while not self._stopping.is_set() and (parcel := lane.next(self._clock())):
            task = asyncio.create_task(self._send(lane, parcel, door))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _send(self, lane: Lane, parcel: Parcel, door: Door | KeptDoor) -> None:
        now, url = self._clock(), lane.endpoint.url
        body, headers = letter(lane=lane, parcel=parcel, now=now)
        answer = await door.post(url=url, body=body, headers=headers)
        outcome = _outcome(parcel, answer, now)
        self._outcomes.append(outcome)
        lane.done(outcome)
        self._news.set()
        if self._lanes.get(parcel.due.endpoint_id) is lane:
            self._begin(lane, door)

    async def _rest(self) -> None:
        """Until something happened, at most IDLE_S."""
        try:
            await asyncio.wait_for(self._news.wait(), IDLE_S)
        except TimeoutError:
            return
        finally:
            self._news.clear()

    async def _in_thread(self, threads: ThreadPoolExecutor, work: Callable[[], T]) -> T | None:
        """What `work` answers; None when the database was away, which is tried again."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(threads, work)
        except (OperationalError, InterfaceError) as trouble:
            log.warning("courier_without_database", reason=type(trouble).__name__)
            await loop.run_in_executor(threads, close_old_connections)
            await asyncio.sleep(BROKEN_PAUSE_S)
            return None

    async def _close(self) -> None:
        for threads, books in ((self._thread, self._books), (self._planner, self._plans)):
            await asyncio.get_running_loop().run_in_executor(threads, books.close)
            threads.shutdown()


def _door() -> Door | KeptDoor:
    if settings.WEBHOOK_KEPT_PATH:
        return KeptDoor(Path(settings.WEBHOOK_KEPT_PATH))
    return Door(
        timeout_s=settings.WEBHOOK_TIMEOUT_SECONDS,
        loopback=settings.WEBHOOK_LOOPBACK,
        ca_file=settings.WEBHOOK_CA_FILE,
        agent=f"marketing_hub/{settings.API_VERSION}",
    )


def _outcome(parcel: Parcel, answer: Answer, now: datetime) -> Outcome:
    due, content = parcel.due, parcel.content
    asks = answer.retry_after and not answer.arrived
    return Outcome(
        endpoint_id=due.endpoint_id,
        pk=due.pk,
        order_key=due.order_key,
        round=due.round,
        attempts=due.attempts + 1,
        first_at=due.first_at or now,
        at=now,
        status=answer.status,
        error=answer.error,
        latency_ms=answer.latency_ms,
        answer=answer.excerpt,
        asked_wait=wait_asked_for(answer.retry_after, now) if asks else None,
        told=(content.customer_id, content.kinds) if content.customer_id else None,
    )


def _ended(due: Due, why: str, now: datetime) -> Outcome:
    first_at = due.first_at or now
    return Outcome(due.endpoint_id, due.pk, due.order_key, due.round, due.attempts, first_at, now, ended=why)
