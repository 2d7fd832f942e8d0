"""The stream as messages of a WebSocket (RFC 6455): what the lines of server-sent events say, one message each.

An event is its CloudEvent. Two messages are none: the heartbeat, and the last one, which says why, beside the code of
the close.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from integrations.rules.envelopes import encoded

PROTOCOL: Final = "marketing-hub.v1"
BEARER: Final = "bearer."
NOTHING_IS_READ: Final = 1003
_RESTARTING, _TOO_SLOW, _BROKEN, _OWN = 1012, 4408, 1011, 4000
_CODES: Final = {"restarting": _RESTARTING, "come_back": _RESTARTING, "too_slow": _TOO_SLOW}
_FOR_STREAMS_ALONE: Final = frozenset({b"accept", b"accept-encoding", b"connection", b"upgrade"})
Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Message:
    """One text; with `code` it is the last one, and the connection is closed with that code and reason."""

    text: str
    code: int = 0
    reason: str = ""


HEARTBEAT: Final = Message('{"type":"stream.heartbeat"}')


class Lines:
    """Reads an event stream as it comes, in pieces of any size."""

    def __init__(self) -> None:
        self._rest, self._is_last = b"", False

    def messages(self, piece: bytes) -> Iterator[Message]:
        """What is complete with this piece."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            name, _, value = line.partition(b": ")
            if line == b":ping":
                yield HEARTBEAT
            elif name == b"event":
                self._is_last = value == b"closed"
            elif name == b"data":
                yield last_message(json.loads(value)) if self._is_last else Message(value.decode())


def last_message(facts: Mapping[str, Any]) -> Message:
    """Why it ends: `code` and `status` of a refusal, or the word of the hub."""
    code, status = str(facts.get("code", "")), facts.get("status", 0)
    number = _CODES.get(code) or (_OWN + status if 300 <= status < 600 else _BROKEN)
    return Message(encoded({"type": "stream.closed", **facts}).decode(), number, code[:100])


def refusal(status: int, body: bytes, retry_after: str = "") -> Message:
    """The last message for an answer that is no stream."""
    try:
        facts = json.loads(body)
    except ValueError:
        facts = {}
    waiting = {"retry_after": int(retry_after)} if retry_after.isdecimal() else {}
    return last_message({**(facts if isinstance(facts, dict) else {}), "status": status, **waiting})


def headers_of(headers: Iterable[Header], protocols: Iterable[str]) -> list[Header]:
    """The headers of the call for the stream that this one stands for.

    Browsers can set none but the offered protocols: `bearer.` and the credential among them is the credential, unless
    a header brings one.
    """
    kept = [
        (name, value)
        for name, value in headers
        if name not in _FOR_STREAMS_ALONE and not name.startswith(b"sec-websocket-")
    ]
    offered = [one.removeprefix(BEARER) for one in protocols if one.startswith(BEARER)]
    if offered and not any(name in (b"authorization", b"x-api-key") for name, _ in kept):
        kept.append((b"authorization", b"Bearer " + offered[0].encode()))
    return [*kept, (b"accept", b"text/event-stream")]
