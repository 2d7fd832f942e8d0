"""The stream as WebSockets, heard with a client as partners have it: who may, how it ends, and the server killed."""

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as websocket

from tests.faults.test_streams import BATCH, EVENTS, SAY, speak_through_kills
from tests.support import partner
from tests.support.stack import Stack
from tests.support.waiting import eventually

pytestmark = pytest.mark.fault
PAGE = Path(__file__).parents[2] / "docs/streaming.md"


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack() as stack:
        stack.start("stream")
        yield stack


@pytest.fixture(scope="module")
def token(stack) -> str:
    return partner.register(stack, scopes=("events:read",))


def opened(stack: Stack, query: str = "", token: str = "", **options: Any) -> ClientConnection:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    address = f"{stack.stream_url.replace('http', 'ws')}/api/v1/stream?{query}"
    return websocket(address, additional_headers=headers, open_timeout=30, **options)


def ending(connection: ClientConnection) -> tuple[int, dict[str, Any]]:
    """The code of the close, and what was said before it."""
    said: dict[str, Any] = {}
    try:
        while True:
            said = json.loads(connection.recv(timeout=30))
    except ConnectionClosed:
        return connection.close_code or 0, said


def events(connection: ClientConnection, number: int) -> list[dict[str, Any]]:
    found = (json.loads(text) for text in connection)
    return [next(one for one in found if "specversion" in one) for _ in range(number)]


class Ear(threading.Thread):
    """A listener that connects again whenever the connection ends, with the place of the last event."""

    def __init__(self, stack: Stack, token: str) -> None:
        super().__init__(daemon=True)
        self.stack, self.token = stack, token
        self.heard: list[int] = []
        self.last_id, self.connections, self.over = "", 0, threading.Event()

    def run(self) -> None:
        while not self.over.is_set():
            since = f"&since={self.last_id}" if self.last_id else ""
            try:
                with opened(self.stack, f"topics=campaign.*{since}", self.token) as connection:
                    self.connections += 1
                    self._hear(connection)
            except (OSError, WebSocketException):
                self.over.wait(0.1)

    def _hear(self, connection: ClientConnection) -> None:
        for text in connection:
            event = json.loads(text)
            if "specversion" in event:
                self.last_id = event["sequence"]
                self.heard.append(event["data"]["number"])
            if self.over.is_set():
                return


def test_page__its_program__hears_what_is_there_from_the_beginning(stack, token):
    program: dict[str, Any] = {}
    snippets = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    exec(next(one for one in snippets if "websockets" in one), program)
    stack.manage("shell", "-c", SAY.format(first=0, last=BATCH, batch=BATCH))

    found = program["listen"](stack.stream_url.replace("http", "ws"), token, "campaign.*", "0")

    assert [next(found)["data"]["number"] for _ in range(BATCH)] == [*range(BATCH)]
    found.close()


def test_socket__same_log__gives_the_events_of_server_sent_events(stack, token):
    stack.manage("shell", "-c", SAY.format(first=0, last=BATCH, batch=BATCH))
    headers = {"Authorization": f"Bearer {token}", "Last-Event-ID": "0"}
    sent: list[dict[str, Any]] = []
    with httpx.stream("GET", f"{stack.stream_url}/api/v1/stream", headers=headers, timeout=60) as answer:
        for line in answer.iter_lines():
            sent += [json.loads(line.removeprefix("data: "))] if line.startswith("data: ") else []
            if len(sent) == BATCH:
                break

    with opened(stack, "since=0", token, subprotocols=["marketing-hub.v1"]) as connection:
        found, protocol = events(connection, BATCH), connection.subprotocol

    assert (found, protocol) == (sent, "marketing-hub.v1")


def test_socket__as_browsers_can__takes_the_credential_from_the_protocols(stack, token):
    with opened(stack, subprotocols=["marketing-hub.v1", f"bearer.{token}"]) as connection:
        first, protocol = json.loads(connection.recv(timeout=30)), connection.subprotocol
        is_answered = connection.ping().wait(30)

    assert (first, protocol) == ({"type": "stream.heartbeat"}, "marketing-hub.v1")
    assert is_answered


@pytest.mark.parametrize(
    ("query", "scopes", "number", "code"),
    [
        ("", (), 4401, "missing_credentials"),
        ("access_token=x", ("events:read",), 4400, "credential_in_query"),
        ("", ("customers:read",), 4403, "insufficient_scope"),
        ("topics=engagement.*", ("events:read",), 4403, "insufficient_scope"),
        ("topics=nobody.*", ("events:read",), 4400, "invalid_parameter"),
        ("since=x", ("events:read",), 4400, "invalid_parameter"),
    ],
)
def test_socket__refused__says_why_and_closes_with_the_status(stack, query, scopes, number, code):
    caller = partner.register(stack, scopes=scopes) if scopes else ""

    with opened(stack, query, caller) as connection:
        closed, said = ending(connection)

    assert (closed, said["type"], said["code"]) == (number, "stream.closed", code)
    assert said["message"]


def test_socket__credential_taken_away__is_closed_with_4401(stack):
    token = partner.register(stack, name="leaving", scopes=("events:read",))

    with opened(stack, "", token) as connection:
        assert json.loads(connection.recv(timeout=30)) == {"type": "stream.heartbeat"}
        stack.manage("shell", "-c", "from oauth2_provider.models import get_access_token_model as model\n"
            "model().objects.filter(application__name='leaving').delete()")  # fmt: skip
        closed, said = ending(connection)

    assert (closed, said["type"], said["code"]) == (4401, "stream.closed", "invalid_token")


def test_socket__that_says_something__is_closed(stack, token):
    with opened(stack, "", token) as connection:
        connection.recv(timeout=30)
        connection.send("hello")

        assert ending(connection)[0] == 1003


def test_socket__at_another_address_or_at_the_main_one__is_refused(stack, token):
    with pytest.raises(WebSocketException):
        websocket(f"{stack.stream_url.replace('http', 'ws')}/api/v1/customers", open_timeout=30)
    headers = {"Authorization": f"Bearer {token}", "Upgrade": "websocket", "Connection": "Upgrade"}

    answer = httpx.get(f"{stack.base_url}/api/v1/stream", headers=headers, timeout=30)

    assert (answer.status_code, answer.json()["param"]) == (400, "Upgrade")


def test_socket__killed_again_and_again__everything_is_heard_once_in_order(stack, token):
    ears = [Ear(stack, token), Ear(stack, token)]
    speak_through_kills(stack, ears, ears)

    for ear in ears:
        assert eventually(lambda ear=ear: len(ear.heard) >= EVENTS), stack.log("stream")[-2000:]
        assert ear.heard == [*range(EVENTS)]
        ear.over.set()
