"""A receiver of webhooks in a process of its own: /ok takes, /bad refuses until healed, /hang is silent.

GET /waits answers the seconds from said to taken at /ok since somebody last asked; GET /told answers for each address
how many different events arrived, how many more than once, and how many came after a later one about the same thing.
"""

import asyncio
import json
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field

from aiohttp import web


@dataclass
class Told:
    """What one address was told."""

    numbers: set[int] = field(default_factory=set)
    repeats: int = 0
    newest: dict[str, int] = field(default_factory=lambda: defaultdict(lambda: -1))
    out_of_order: int = 0

    def take(self, subject: str, number: int) -> None:
        """One event."""
        if number in self.numbers:
            self.repeats += 1
            return
        self.numbers.add(number)
        self.out_of_order += number < self.newest[subject]
        self.newest[subject] = max(number, self.newest[subject])


WAITS: list[float] = []
TOLD: dict[str, Told] = defaultdict(Told)
HEALED = asyncio.Event()


async def _ok(request: web.Request) -> web.Response:
    data = json.loads(await request.read()).get("data", {})
    if "said" in data:
        if request.path.startswith("/ok/"):
            WAITS.append(time.time() - data["said"])
        TOLD[request.path].take(data["id"], data["number"])
    return web.Response(text="ok")


async def _bad(request: web.Request) -> web.Response:
    if HEALED.is_set():
        return await _ok(request)
    await request.read()
    return web.Response(status=500)


async def _hang(request: web.Request) -> web.Response:
    if HEALED.is_set():
        return await _ok(request)
    await request.read()
    await HEALED.wait()
    return web.Response(status=503)


async def _heal(request: web.Request) -> web.Response:
    HEALED.set()
    return web.Response(text="ok")


async def _waits(request: web.Request) -> web.Response:
    found = WAITS[:]
    WAITS.clear()
    return web.json_response(found)


async def _told(request: web.Request) -> web.Response:
    return web.json_response(
        {path: [len(told.numbers), told.repeats, told.out_of_order] for path, told in sorted(TOLD.items())}
    )


def main(port: int) -> None:
    """Answer until it is ended."""
    application = web.Application()
    posts = (("/ok/{n}", _ok), ("/bad/{n}", _bad), ("/hang/{n}", _hang), ("/heal", _heal))
    application.add_routes([web.post(path, handler) for path, handler in posts])
    application.add_routes([web.get("/waits", _waits), web.get("/told", _told)])
    web.run_app(application, host="127.0.0.1", port=port, access_log=None, print=None)


if __name__ == "__main__":
    main(int(sys.argv[1]))
