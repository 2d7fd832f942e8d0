"""Passing calls for the stream on to the process that serves it, so that the main address answers it too.

Each such connection holds a thread of the web server, so there are few: a proxy in front that routes the address to
the other process (docs/operations/running.md) costs nothing here. When there is no place left, or that process does
not answer, this one says what is there and ends; a client that comes back, as all do by themselves, loses nothing.
"""

import http.client
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from core.crypto import open_text, sign_text

CALLER: Final = "x-hub-caller"
"""Header in which the web server says from which address the call came; sealed, so that nobody else can say it."""
PATHS: Final = frozenset({"/api/v1/stream", "/api/v1/stream/"})
WAIT_S: Final = 60.0
KEPT_BACK: Final = frozenset({"connection", "transfer-encoding", "keep-alive", "server", "date"})
_SENT: Final = ("ACCEPT", "AUTHORIZATION", "HOST", "LAST_EVENT_ID", "ORIGIN", "SEC_GPC", "TRACEPARENT", "USER_AGENT")
_FORWARDED: Final = ("X_API_KEY", "X_FORWARDED_FOR", "X_FORWARDED_PROTO", "X_REQUEST_ID")
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Passing:
    """`application`, but for the stream, which the process at (host, port) answers for at most `places` at a time."""

    def __init__(self, application: Application, *, host: str, port: int, places: int) -> None:
        self._application, self._address = application, (host, port)
        self._places = threading.BoundedSemaphore(max(1, places))

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """The answer of whoever answers it."""
        if (
            environ["PATH_INFO"] in PATHS
            and environ["REQUEST_METHOD"] == "GET"
            and "HTTP_UPGRADE" not in environ
            and self._places.acquire(blocking=False)
        ):
            return self._passed_on(environ, start_response)
        return self._application(environ, start_response)

    def _passed_on(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        connection = http.client.HTTPConnection(*self._address, timeout=WAIT_S)
        try:
            query = f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
            connection.request("GET", environ["PATH_INFO"] + query, headers=_headers(environ))
            answer = connection.getresponse()
        except (OSError, http.client.HTTPException):
            connection.close()
            self._places.release()
            return self._application(environ, start_response)
        headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in KEPT_BACK]
        start_response(f"{answer.status} {answer.reason}", headers)
        return Body(connection, answer, self._places.release)


class Body:
    """The bytes as they come; closing it hangs up."""

    def __init__(self, connection: http.client.HTTPConnection, answer: Any, release: Callable[[], None]) -> None:
        self._connection, self._answer, self._release = connection, answer, release

    def __iter__(self) -> Iterator[bytes]:
        try:
            while piece := self._answer.read1(65_536):
                yield piece
        except (OSError, http.client.HTTPException):
            return

    def close(self) -> None:
        """Afterwards the place is free."""
        self._connection.close()
        self._release()


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    names = (*_SENT, *_FORWARDED)
    found = {name.replace("_", "-").title(): environ[f"HTTP_{name}"] for name in names if f"HTTP_{name}" in environ}
    return found | {CALLER: sign_text(CALLER, environ.get("REMOTE_ADDR", ""))}


def caller_named_in(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The address that our own web server named; None when the call came without it."""
    for name, value in headers:
        if name == CALLER.encode():
            return open_text(CALLER, value.decode("latin1"))
    return None
