"""A load generator that costs little: prepared requests over kept-open sockets, grouped into processes."""

import multiprocessing
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Load:
    """What one burst of requests did: answers by status, seconds, latencies in seconds."""

    seconds: float = 0.0
    statuses: dict[int, int] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)

    @property
    def requests(self) -> int:
        """Answers received."""
        return sum(self.statuses.values())

    def percentile(self, share: float) -> float:
        """Latency in milliseconds below which `share` of the answers came."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 if ordered else 0.0


def http_request(method: str, path: str, host: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """One request on the wire, connection kept open."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *(f"{k}: {v}" for k, v in headers.items())]
    if body or method != "GET":
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


class Connection:
    """One kept-open connection that sends prepared bytes and reads one whole answer."""

    def __init__(self, host: str, port: int) -> None:
        self.address = (host, port)
        self.socket = self._open()
        self.buffer = b""

    def _open(self) -> socket.socket:
        opened = socket.create_connection(self.address, timeout=60)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened

    def send(self, request: bytes) -> tuple[int, bytes]:
        """(status, body) of the answer; opens a new connection when the server closed the old one."""
        try:
            self.socket.sendall(request)
            return self._receive()
        except ConnectionError:
            self.socket, self.buffer = self._open(), b""
            self.socket.sendall(request)
            return self._receive()

    def _receive(self) -> tuple[int, bytes]:
        head, _, rest = self._until(b"\r\n\r\n")
        status = int(head[9:12])
        lowered = head.lower()
        if b"transfer-encoding: chunked" in lowered:
            return status, self._chunks(rest)
        marker = lowered.find(b"content-length:")
        length = int(lowered[marker + 15 :].split(b"\r\n", 1)[0]) if marker >= 0 else 0
        while len(rest) < length:
            rest += self._more()
        self.buffer = rest[length:]
        return status, rest[:length]

    def _until(self, mark: bytes) -> tuple[bytes, bytes, bytes]:
        data = self.buffer
        while mark not in data:
            data += self._more()
        return data.partition(mark)

    def _chunks(self, rest: bytes) -> bytes:
        body = b""
        while True:
            while b"\r\n" not in rest:
                rest += self._more()
            size, _, rest = rest.partition(b"\r\n")
            length = int(size, 16)
            while len(rest) < length + 2:
                rest += self._more()
            body, rest = body + rest[:length], rest[length + 2 :]
            if not length:
                self.buffer = rest
                return body

    def _more(self) -> bytes:
        data = self.socket.recv(262_144)
        if not data:
            raise ConnectionResetError("the server closed the connection")
        return data


def burst(host: str, port: int, streams: Sequence[Sequence[bytes]], processes: int = 2) -> Load:
    """Send the requests over as many connections as there are streams; the clock runs from first to last.

    The connections of a process take turns at its requests, as those of any load generator do: else the clock would
    stop when the connection is done that shares its server process with most others.
    """
    shares = [streams[i::processes] for i in range(processes) if streams[i::processes]]
    groups = [[deque(request for stream in share for request in stream)] * len(share) for share in shares]
    return _in_processes(groups, lambda waiting, load: _drive(host, port, waiting, load))


def writers(statements: Sequence[Any], write: Callable[[Any, Load], None]) -> Load:
    """Run `write(item, load)` for each item in a process of its own, all at once."""
    return _in_processes([[item] for item in statements], write)


def _drive(host: str, port: int, waiting: "deque[bytes]", load: Load) -> None:
    connection = Connection(host, port)
    while waiting:
        try:
            request = waiting.popleft()
        except IndexError:
            return
        started = time.perf_counter()
        status, _ = connection.send(request)
        load.latencies.append(time.perf_counter() - started)
        load.statuses[status] = load.statuses.get(status, 0) + 1


def _in_processes(groups: Sequence[Sequence[Any]], work: Callable[[Any, Load], None]) -> Load:
    context = multiprocessing.get_context("fork")
    queue: Any = context.Queue()
    ready = context.Barrier(len(groups) + 1)
    children = [context.Process(target=_child, args=(group, work, ready, queue), daemon=True) for group in groups]
    for child in children:
        child.start()
    ready.wait()
    started = time.perf_counter()
    loads = [queue.get() for _ in children]
    total = Load(seconds=time.perf_counter() - started)
    for load in loads:
        total.latencies += load.latencies
        for status, count in load.statuses.items():
            total.statuses[status] = total.statuses.get(status, 0) + count
    for child in children:
        child.join()
    return total


def _child(group: Sequence[Any], work: Callable[[Any, Load], None], ready: Any, queue: Any) -> None:
    loads = [Load() for _ in group]
    threads = [threading.Thread(target=work, args=(item, load)) for item, load in zip(group, loads, strict=True)]
    ready.wait()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    merged = Load()
    for load in loads:
        merged.latencies += load.latencies
        for status, count in load.statuses.items():
            merged.statuses[status] = merged.statuses.get(status, 0) + count
    queue.put(merged)
