"""Looking at addresses of the web: whether something answers there, through the guarded door."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urljoin, urlsplit

from integrations.connectors.http import Door

AT_ONCE: Final = 10
MOST_REDIRECTS: Final = 5
READ: Final = 1_024
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
Seen = tuple[int | None, str]
"""The last status, None without an answer, and a word for what went wrong."""


async def look_at(door: Door, urls: Sequence[str]) -> Mapping[str, Seen]:
    """What a reader would find at each address after at most MOST_REDIRECTS redirects, each through the door anew.

    AT_ONCE at a time; of each answer no more than READ bytes are read.
    """
    places = asyncio.Semaphore(AT_ONCE)

    async def one(url: str) -> Seen:
        async with places:
            return await _follow(door, url)

    seen = await asyncio.gather(*(one(url) for url in urls))
    return dict(zip(urls, seen, strict=True))


async def _follow(door: Door, url: str) -> Seen:
    for _ in range(MOST_REDIRECTS + 1):
        answer = await door.get(url=url, most_bytes=READ, accept="text/html, */*;q=0.8")
        if answer.status not in _REDIRECTS or not answer.location:
            return answer.status, answer.error
        url = urljoin(url, answer.location)
        if urlsplit(url).scheme not in ("http", "https"):
            return answer.status, ""
    return None, "redirects"
