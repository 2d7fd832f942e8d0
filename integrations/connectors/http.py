"""The only door out: one POST or GET, to a public address, over verified TLS, bounded in time and size.

A name is resolved once and connected to at one of the addresses that were checked, so that a name which changes its
address in between (DNS rebinding) gains nothing. Redirects are not followed.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from integrations.rules.addresses import may_connect

READ_AT_MOST: Final = 16_384
EXCERPT: Final = 500
RESOLVED_FOR_S: Final = 30
RESOLVERS: Final = 32
LONGEST_ADDRESS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request: `status` of the answer, or a word for what went wrong; how long it took; where it
    leads on."""

    status: int | None
    error: str
    latency_ms: int
    excerpt: str = ""
    retry_after: str = ""
    location: str = ""

    @property
    def arrived(self) -> bool:
        """Whether the receiver took it."""
        return self.status is not None and 200 <= self.status < 300


class AddressRefused(OSError):
    """The name leads to no address that we connect to."""


class GuardedResolver(AbstractResolver):
    """Resolves names in threads of its own, so that one slow name server delays no others, and drops what is not
    allowed."""

    def __init__(self, *, loopback: bool) -> None:
        self._loopback = loopback
        self._threads = ThreadPoolExecutor(RESOLVERS, thread_name_prefix="resolve")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of `host` that may be connected to; AddressRefused when there is none."""
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, self._lookup, host, port, family)
        allowed = [result for result in found if may_connect(result["host"], loopback=self._loopback)]
        if not allowed:
            raise AddressRefused(f"{host} leads to no public address")
        return allowed

    @staticmethod
    def _lookup(host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
        rows = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=int(address[1]),
                family=kind,
                proto=proto,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, proto, _, address in rows
        ]

    async def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class Door:
    """Many POSTs at once; `async with Door(...) as door`."""

    def __init__(self, *, timeout_s: float, loopback: bool, ca_file: str = "", agent: str = "marketing_hub") -> None:
        self._timeout_s, self._loopback, self._agent = timeout_s, loopback, agent
        self._tls = ssl.create_default_context()
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
        if ca_file:
            self._tls.load_verify_locations(ca_file)

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            resolver=GuardedResolver(loopback=self._loopback),
            ttl_dns_cache=RESOLVED_FOR_S,
            limit=0,
            ssl=self._tls,
            keepalive_timeout=30,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=self._timeout_s),
            headers={"User-Agent": self._agent, "Accept-Encoding": "identity"},
            auto_decompress=False,
            trust_env=False,
        )
        return self

    async def __aexit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        await self._session.close()

    async def post(self, *, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        """One attempt; every failure is an answer, with a word that says which."""
        return await self._attempted("POST", url, body, headers, READ_AT_MOST, EXCERPT)

    async def get(self, *, url: str, most_bytes: int, accept: str = "application/json") -> Answer:
        """What stands there, as `excerpt`, whole up to `most_bytes`; every failure is an answer too."""
        return await self._attempted("GET", url, b"", {"Accept": accept}, most_bytes, most_bytes)

    async def _attempted(
        self, method: str, url: str, body: bytes, headers: dict[str, str], most: int, kept: int
    ) -> Answer:
        started = time.perf_counter()
        try:
            status, text, found = await self._asked(method, url, body, headers, most)
        except AddressRefused:
            return Answer(None, "address_refused", _since(started))
        except TimeoutError:
            return Answer(None, "timeout", _since(started))
        except aiohttp.ClientSSLError:
            return Answer(None, "tls", _since(started))
        except aiohttp.ClientConnectorDNSError as trouble:
            refused = isinstance(trouble.os_error, AddressRefused)
            return Answer(None, "address_refused" if refused else "name_unknown", _since(started))
        except aiohttp.ClientConnectorError:
            return Answer(None, "connection_refused", _since(started))
        except (aiohttp.ClientError, OSError, ValueError):
            return Answer(None, "connection_broken", _since(started))
        return Answer(
            status,
            "",
            _since(started),
            text[:kept],
            retry_after=found.get("Retry-After", "")[:60],
            location=found.get("Location", "")[:LONGEST_ADDRESS],
        )

    async def _asked(
        self, method: str, url: str, body: bytes, headers: dict[str, str], most: int
    ) -> tuple[int, str, Mapping[str, str]]:
        host = urlsplit(url).hostname or ""
        if _is_literal(host) and not may_connect(host, loopback=self._loopback):
            raise AddressRefused(host)  # aiohttp asks no resolver about these
        sent = body or None
        async with self._session.request(method, url, data=sent, headers=headers, allow_redirects=False) as answer:
            read = await _at_most(answer.content, most)
            if not answer.content.at_eof():
                answer.close()
            text = read.decode("utf-8", errors="replace").replace("\x00", "")
            return answer.status, text, answer.headers


async def _at_most(content: aiohttp.StreamReader, most: int) -> bytes:
    """What comes, up to so many bytes; one read gives what is there already only."""
    pieces, length = [], 0
    while length < most and (piece := await content.read(most - length)):
        pieces.append(piece)
        length += len(piece)
    return b"".join(pieces)


def _is_literal(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


def _since(started: float) -> int:
    return round(1000 * (time.perf_counter() - started))
