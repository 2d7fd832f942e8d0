"""The stream: one reader of the log for all listeners of a process, and a short queue for each of them.

A listener that comes back reads what it missed by itself, up to where the reader is, and then listens: both happen in
one thread, so nothing lies between and nothing comes twice. One that does not keep up is cut, and says where it was
when it comes back. Nothing about a listener outlives its connection or this process.
"""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

import structlog
from django.db import InterfaceError, OperationalError, close_old_connections, connection

from core.errors import DomainError, RateLimited, Unavailable
from customers.services.telling import note_told
from integrations.rules.streams import BEGINNING, HEARTBEAT_S, PING, Mark, Wish, last_frame
from integrations.selectors.stream_log import Stretch, Told, head, read_stretch

WITH_LISTENERS_S: Final = 0.015
WITHOUT_LISTENERS_S: Final = 0.25
MOST_WAITING: Final = 1_000
MOST_LISTENERS: Final = 10_000
MOST_OF_ONE_CLIENT: Final = 2_000
ASKED_AGAIN_EVERY_S: Final = 5.0
STUCK_S: Final = 30.0
BROKEN_PAUSE_S: Final = 1.0
WAY: Final = "stream"
log = structlog.get_logger("stream")
T = TypeVar("T")
Clock = Callable[[], datetime]


@dataclass(eq=False, slots=True)
class Listener:
    """One open connection: who, what it wants, up to where it was told, and what waits to be sent.

    `still_welcome` raises DomainError once its credential holds no more.
    """

    client: str
    wish: Wish
    still_welcome: Callable[[], object]
    place: Mark
    waiting: deque[tuple[Told, tuple[str, ...], int | None]] = field(default_factory=deque)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    last_words: bytes = b""
    task: "asyncio.Task[object] | None" = None

    def end(self, words: bytes) -> None:
        """Nothing more but these words."""
        self.waiting.clear()
        self.last_words = words
        self.news.set()


class Hub:
    """Follows the log from `start` to `stop`; `clock` gives the time."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._place = Mark()
        self._known: set[Listener] = set()
        self._live: set[Listener] = set()
        self._clients: Counter[str] = Counter()
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="reader")
        self._catcher = ThreadPoolExecutor(1, thread_name_prefix="catching-up")
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def listeners(self) -> int:
        """How many there are."""
        return len(self._known)

    async def start(self) -> None:
        """Follow the log from now on; returns once the log was reached."""
        self._place = await self._in_thread(self._reader, head)
        self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._ask_again())]

    async def stop(self) -> None:
        """All listeners are told to come back, and nothing is followed any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for listener in list(self._known):
            listener.end(last_frame("restarting", "This server ends; connect again."))
        await asyncio.sleep(0)
        for threads in (self._reader, self._catcher):
            await asyncio.get_running_loop().run_in_executor(threads, lambda: connection.close())
            threads.shutdown()

    def admit(self, client: str) -> None:
        """Return while there is room for one more listener of this client."""
        if self._clients[client] >= MOST_OF_ONE_CLIENT:
            raise RateLimited("This client has too many streams open.", headers={"Retry-After": "60"})
        if len(self._known) >= MOST_LISTENERS:
            raise Unavailable("Too many streams are open; try again later.", headers={"Retry-After": "60"})

    async def listen(
        self, *, client: str, wish: Wish, after: Mark | None, still_welcome: Callable[[], object]
    ) -> AsyncIterator[bytes]:
        """What is told from `after` on, else from now on, as bytes of an event stream, until somebody hangs up."""
        listener = Listener(client, wish, still_welcome, self._place if after is None else after)
        listener.task = asyncio.current_task()
        self._known.add(listener)
        self._clients[client] += 1
        try:
            yield BEGINNING + PING
            while not listener.last_words:
                async for piece in self._pieces(listener):
                    yield piece
            yield listener.last_words
        finally:
            self._known.discard(listener)
            self._live.discard(listener)
            self._clients[client] -= 1

    async def _pieces(self, listener: Listener) -> AsyncIterator[bytes]:
        """What waits, what it missed piece by piece, and then it waits for what is new."""
        if piece := _taken(listener):
            yield piece
        while listener not in self._live and not listener.last_words:
            if listener.place >= self._place:
                self._live.add(listener)
            elif piece := _sent(listener, _for(listener, (await self._missed(listener)).events)):
                yield piece
        if listener.waiting or listener.last_words:
            return
        listener.news.clear()
        try:
            async with asyncio.timeout(HEARTBEAT_S):
                await listener.news.wait()
        except TimeoutError:
            yield PING

    async def _missed(self, listener: Listener) -> Stretch:
        wish = listener.wish
        read = partial(read_stretch, after=listener.place, types=wish.types, gates=frozenset({wish.gate}))
        stretch = await self._in_thread(self._catcher, partial(self._now, read, upto=self._place))
        listener.place = stretch.upto
        return stretch

    async def _follow(self) -> None:
        while True:
            types = frozenset[str]().union(*{listener.wish.types for listener in self._known})
            gates = frozenset(listener.wish.gate for listener in self._known)
            read = partial(read_stretch, after=self._place, types=types, gates=gates)
            stretch = await self._in_thread(self._reader, partial(self._now, read))
            for listener in list(self._live):
                self._tell(listener, stretch)
            self._place = stretch.upto
            if not stretch.full:
                await asyncio.sleep(WITH_LISTENERS_S if self._known else WITHOUT_LISTENERS_S)

    def _now(self, read: Callable[..., Stretch], **places: Mark) -> Stretch:
        """What `read` answers, with people asked about at this moment."""
        return read(now=self._clock(), **places)

    def _tell(self, listener: Listener, stretch: Stretch) -> None:
        if not stretch.events:
            listener.place = stretch.upto
        elif not stretch.covers(listener.wish):
            self._live.discard(listener)
            listener.news.set()
        elif len(listener.waiting) > MOST_WAITING:
            self._cut(listener, last_frame("too_slow", "More waited than is kept; connect again to go on."))
        else:
            listener.waiting.extend(_for(listener, stretch.events))
            listener.place = stretch.upto
            if listener.waiting:
                listener.news.set()

    def _cut(self, listener: Listener, words: bytes) -> None:
        """It gets these last words, if it still reads; its connection ends in any case."""
        self._live.discard(listener)
        listener.end(words)
        if listener.task is not None:
            asyncio.get_running_loop().call_later(STUCK_S, listener.task.cancel)

    async def _ask_again(self) -> None:
        while True:
            await asyncio.sleep(ASKED_AGAIN_EVERY_S)
            by_asking: dict[Callable[[], object], list[Listener]] = defaultdict(list)
            for listener in self._known:
                by_asking[listener.still_welcome].append(listener)
            for asking, listeners in by_asking.items():
                refusal = await self._in_thread(self._catcher, partial(_refusal, asking))
                if refusal is not None:
                    for listener in listeners:
                        self._cut(listener, last_frame(refusal.code, refusal.message, status=refusal.status))

    async def _in_thread(self, threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        """What `work` answers; while the database is away it is tried again."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                return await loop.run_in_executor(threads, work)
            except (OperationalError, InterfaceError) as trouble:
                log.warning("stream_without_database", reason=type(trouble).__name__)
                await loop.run_in_executor(threads, close_old_connections)
                await asyncio.sleep(BROKEN_PAUSE_S)


def _refusal(asking: Callable[[], object]) -> DomainError | None:
    try:
        asking()
    except DomainError as error:
        return error
    return None


def _for(listener: Listener, events: Iterable[Told]) -> Iterable[tuple[Told, tuple[str, ...], int | None]]:
    for told in events:
        if content := told.for_wish(listener.wish):
            yield told, content.kinds, content.customer_id


def _taken(listener: Listener) -> bytes:
    """What waited, and waits no more."""
    waiting = list(listener.waiting)
    listener.waiting.clear()
    return _sent(listener, waiting)


def _sent(listener: Listener, events: Iterable[tuple[Told, tuple[str, ...], int | None]]) -> bytes:
    """The bytes of these events; that people are told about is noted."""
    people: dict[tuple[str, ...], set[int]] = defaultdict(set)
    pieces = []
    for told, kinds, customer_id in events:
        pieces.append(told.bytes)
        if customer_id is not None:
            people[kinds].add(customer_id)
    for kinds, ids in people.items():
        note_told(to=f"client:{listener.client}", way=WAY, kinds=kinds, customer_ids=ids)
    return b"".join(pieces)


class _Running:
    """The hub of this process, if it has one."""

    hub: Hub | None = None


def running_hub() -> Hub | None:
    """The hub of this process; None in processes that do not serve streams."""
    return _Running.hub


async def start_hub(*, clock: Clock) -> Hub:
    """This process serves streams from now on."""
    hub = Hub(clock=clock)
    await hub.start()
    _Running.hub = hub
    return hub


async def stop_hub() -> None:
    """This process serves no streams any more."""
    hub, _Running.hub = _Running.hub, None
    if hub is not None:
        await hub.stop()


def what_is_there(*, client: str, wish: Wish, after: Mark | None, now: datetime) -> bytes:
    """For processes that cannot hold a connection: one piece of what lies behind `after`, and where to go on.

    A listener that comes back with that place, as all do by themselves, misses nothing and gets nothing twice.
    """
    place = head() if after is None else after
    stretch = read_stretch(after=place, types=wish.types, gates=frozenset({wish.gate}), now=now)
    listener = Listener(client, wish, lambda: None, stretch.upto)
    message = "This server holds no streams open; connect again to go on."
    last = last_frame("come_back", message, stretch.upto)
    return BEGINNING + _sent(listener, _for(listener, stretch.events)) + last
