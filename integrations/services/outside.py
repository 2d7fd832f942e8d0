"""The world outside for campaigns: where the links of messages lead, and what stands at an address."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from django.conf import settings

from integrations.connectors.http import Answer, Door
from integrations.connectors.links import Seen, look_at

TIMEOUT_S: Final = 10.0
MOST_BYTES: Final = 65_536
AGENT: Final = "Mozilla/5.0 (compatible; marketing_hub link check)"
T = TypeVar("T")


def look_at_links(urls: Sequence[str], /) -> Mapping[str, Seen]:
    """By address: the last status, None without an answer, and a word for what went wrong."""
    return _outside(lambda door: look_at(door, urls))


def read_address(url: str, /) -> bytes | None:
    """What stands at an address that answers 200, at most MOST_BYTES of it; None otherwise."""

    async def read(door: Door) -> Answer:
        return await door.get(url=url, most_bytes=MOST_BYTES, accept="*/*")

    answer = _outside(read)
    return answer.excerpt.encode() if answer.status == 200 else None


def _outside(errand: Callable[[Door], Awaitable[T]]) -> T:
    async def run() -> T:
        door = Door(
            timeout_s=min(TIMEOUT_S, settings.WEBHOOK_TIMEOUT_SECONDS),
            loopback=settings.WEBHOOK_LOOPBACK,
            ca_file=settings.WEBHOOK_CA_FILE,
            agent=AGENT,
        )
        async with door:
            return await errand(door)

    # A thread of its own: where this one has a loop already, another could not run in it.
    with ThreadPoolExecutor(1, thread_name_prefix="outside") as pool:
        return pool.submit(asyncio.run, run()).result()
