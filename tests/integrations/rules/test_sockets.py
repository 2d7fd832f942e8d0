"""Lines of server-sent events as messages of a WebSocket."""

import json

import pytest

from integrations.rules.sockets import HEARTBEAT, Lines, headers_of, last_message, refusal
from integrations.rules.streams import BEGINNING, PING, Mark, frame, last_frame

EVENT = {"specversion": "1.0", "id": "evt_1", "sequence": "7.2", "data": {"text": "a\nb: c"}}


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_lines__pieces_of_any_size__are_whole_messages(size):
    wire = BEGINNING + PING + frame(Mark.published(7, 2), EVENT) + PING
    lines = Lines()

    said = [one for at in range(0, len(wire), size) for one in lines.messages(wire[at : at + size])]

    assert said[0] == said[2] == HEARTBEAT
    assert (json.loads(said[1].text), said[1].code) == (EVENT, 0)


@pytest.mark.parametrize(
    ("code", "status", "number"),
    [
        ("restarting", 0, 1012),
        ("come_back", 0, 1012),
        ("too_slow", 0, 4408),
        ("invalid_token", 401, 4401),
        ("insufficient_scope", 403, 4403),
        ("rate_limited", 429, 4429),
        ("unavailable", 503, 4503),
        ("", 0, 1011),
    ],
)
def test_last_frame__has_the_code_of_its_reason(code, status, number):
    [said] = Lines().messages(last_frame(code, "Why.", status=status))

    assert (said.code, said.reason) == (number, code)
    assert json.loads(said.text) == {"type": "stream.closed", "code": code, "message": "Why."} | (
        {"status": status} if status else {}
    )


def test_refusal__json_or_not__has_a_code():
    body = json.dumps({"error": "RateLimitExceeded", "code": "rate_limited", "message": "Wait."}).encode()

    limited, elsewhere = refusal(429, body, "60"), refusal(301, b"")

    assert (limited.code, json.loads(limited.text)["retry_after"]) == (4429, 60)
    assert (elsewhere.code, json.loads(elsewhere.text)) == (4301, {"type": "stream.closed", "status": 301})
    assert last_message({"code": "x" * 500}).reason == "x" * 100


def test_headers__credential_among_the_protocols__counts_unless_a_header_brings_one():
    sent = [
        (b"host", b"hub"),
        (b"upgrade", b"websocket"),
        (b"sec-websocket-protocol", b"bearer.abc"),
        (b"origin", b"o"),
    ]
    own = (b"authorization", b"Bearer own")

    named = headers_of(sent, ["marketing-hub.v1", "bearer.abc"])
    both = headers_of([*sent, own], ["bearer.abc"])

    accept = (b"accept", b"text/event-stream")
    assert named == [(b"host", b"hub"), (b"origin", b"o"), (b"authorization", b"Bearer abc"), accept]
    assert both == [(b"host", b"hub"), (b"origin", b"o"), own, accept]
