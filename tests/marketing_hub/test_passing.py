"""Calls for the stream are passed on while there is a place and somebody answers; everything else is not touched."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from marketing_hub.passing import CALLER, Passing, caller_named_in
from marketing_hub.processes import free_port


def by_itself(environ, start_response):
    return [b"by itself"]


def call(passing, path="/api/v1/stream", method="GET", **more):
    said = []
    environ = {"PATH_INFO": path, "REQUEST_METHOD": method, "REMOTE_ADDR": "192.0.2.7", **more}
    body = passing(environ, lambda status, headers: said.extend([status, dict(headers)]))
    return body, said


@pytest.fixture
def elsewhere():
    """A server that answers in two pieces, and keeps what it was asked."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            self.wfile.write(b":ping\n")
            self.wfile.write(b"id: 7.2\n")

        def log_message(self, *_):
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield server.server_port, asked
    server.shutdown()
    server.server_close()


def test_stream__asked_for_as_a_websocket__is_not_passed_on(elsewhere):
    port, asked = elsewhere
    passing = Passing(by_itself, host="127.0.0.1", port=port, places=1)

    assert call(passing, HTTP_UPGRADE="websocket")[0] == [b"by itself"]
    assert asked == []


def test_stream__somebody_answers__is_passed_on_with_who_called(elsewhere):
    port, asked = elsewhere
    passing = Passing(by_itself, host="127.0.0.1", port=port, places=1)

    body, said = call(passing, QUERY_STRING="since=0", HTTP_AUTHORIZATION="Bearer x", HTTP_COOKIE="session=1")

    assert b"".join(body) == b":ping\nid: 7.2\n"
    assert (said[0], said[1]["Content-Type"]) == ("200 OK", "text/event-stream")
    path, headers = asked[0]
    assert (path, headers["authorization"]) == ("/api/v1/stream?since=0", "Bearer x")
    assert "cookie" not in headers
    assert caller_named_in([(CALLER.encode(), headers[CALLER].encode())]) == "192.0.2.7"


def test_stream__no_place_left__is_answered_here_until_one_is_free(elsewhere):
    passing = Passing(by_itself, host="127.0.0.1", port=elsewhere[0], places=1)
    held, _ = call(passing)

    assert call(passing)[0] == [b"by itself"]
    held.close()
    again, _ = call(passing)
    assert b"".join(again).startswith(b":ping")


def test_stream__nobody_answers__is_answered_here_again_and_again():
    passing = Passing(by_itself, host="127.0.0.1", port=free_port(), places=1)

    assert [call(passing)[0] for _ in range(3)] == [[b"by itself"]] * 3


@pytest.mark.parametrize(("path", "method"), [("/api/v1/streams", "GET"), ("/api/v1/stream", "POST")])
def test_other_calls__are_not_passed_on(elsewhere, path, method):
    port, asked = elsewhere
    passing = Passing(by_itself, host="127.0.0.1", port=port, places=1)

    assert (call(passing, path, method)[0], asked) == ([b"by itself"], [])


@pytest.mark.parametrize("value", [b"192.0.2.7", b"", b"AAAA"])
def test_caller__not_sealed_by_us__is_nobody(value):
    assert caller_named_in([(CALLER.encode(), value)]) is None
