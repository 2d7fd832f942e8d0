"""Receivers of webhooks on this machine: they take, refuse or hang, and remember what they were sent."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Got:
    """One request."""

    headers: dict[str, str]
    body: bytes
    at: float


@dataclass
class Sink:
    """Answers `status` (with `extra` headers) to every POST; while `hangs`, nothing at all."""

    url: str = ""
    status: int = 200
    extra: dict[str, str] = field(default_factory=dict)
    answer: bytes = b'{"ok":true}'
    hangs: bool = False
    got: list[Got] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def ids(self) -> list[str]:
        """The ids of the messages in the order in which they came."""
        return [got.headers["webhook-id"] for got in self.got]


@contextmanager
def sink(**facts: object) -> Iterator[Sink]:
    """A running receiver; it is gone with the block."""
    found = Sink(**facts)  # type: ignore[arg-type]
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(lambda: found))
    server.daemon_threads = True
    found.url = f"http://127.0.0.1:{server.server_port}/hooks"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        found.released.set()
        server.shutdown()
        server.server_close()


def _handler(found: Callable[[], Sink]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            own = found()
            own.got.append(Got({k.lower(): v for k, v in self.headers.items()}, body, time.time()))
            if own.hangs:
                own.released.wait(60)
                self.close_connection = True
                return
            self.send_response(own.status)
            for name, value in own.extra.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(own.answer)))
            self.end_headers()
            self.wfile.write(own.answer)

        def log_message(self, *_: object) -> None:
            return

    return Handler
