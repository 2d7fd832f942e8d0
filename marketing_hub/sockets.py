"""WebSockets of the stream: the call of server-sent events and its answer, in another framing.

So one view decides who may listen to what, one hub tells it, and limits count both alike.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from integrations.rules.sockets import NOTHING_IS_READ, PROTOCOL, Lines, Message, headers_of, refusal

CLOSES_WITHIN_S: Final = 5.0
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Handle = Callable[[Scope, Receive, Send], Awaitable[object]]


async def serve(handle: Handle, scope: Scope, receive: Receive, send: Send) -> None:
    """Let `handle` answer the call as HTTP, and tell the answer through the socket until somebody closes it."""
    await receive()
    socket = _Socket(receive, send, PROTOCOL if PROTOCOL in scope["subprotocols"] else None)
    scheme = "https" if scope["scheme"] in ("wss", "https") else "http"
    headers = headers_of(scope["headers"], scope["subprotocols"])
    try:
        call = {**scope, "type": "http", "method": "GET", "scheme": scheme, "headers": headers}
        await handle(call, socket.receive, socket.send)
    finally:
        await socket.close()


class _Socket:
    """Looks like an HTTP connection to the one who answers."""

    def __init__(self, receive: Receive, send: Send, protocol: str | None) -> None:
        self._receive, self._send, self._protocol = receive, send, protocol
        self._is_asked, self._is_gone, self._open = False, False, asyncio.Event()
        self._status, self._retry_after, self._body = 0, "", b""
        self._lines, self._ending = Lines(), (1011, "")

    async def receive(self) -> Mapping[str, Any]:
        """The call, and afterwards that nobody listens any more; whoever says something is not listened to."""
        if not self._is_asked:
            self._is_asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._open.wait()
        if (await self._receive())["type"] == "websocket.receive":
            self._ending = (NOTHING_IS_READ, "nothing_is_read")
        else:
            self._is_gone = True
        return {"type": "http.disconnect"}

    async def send(self, message: Mapping[str, Any]) -> None:
        """The messages that the answer says so far."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._retry_after = dict(message["headers"]).get(b"Retry-After", b"").decode()
            await self._send({"type": "websocket.accept", "subprotocol": self._protocol})
            self._open.set()
        elif self._status == 200:
            for one in self._lines.messages(message.get("body", b"")):
                await self._say(one)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._say(refusal(self._status, self._body, self._retry_after))

    async def _say(self, one: Message) -> None:
        if one.code:
            self._ending = (one.code, one.reason)
        await self._send({"type": "websocket.send", "text": one.text})

    async def close(self) -> None:
        """The connection has ended, with the code that was said last; one that reads nothing is let go."""
        if not self._is_gone and self._open.is_set():
            code, reason = self._ending
            try:
                async with asyncio.timeout(CLOSES_WITHIN_S):
                    await self._send({"type": "websocket.close", "code": code, "reason": reason})
            except TimeoutError:
                return
