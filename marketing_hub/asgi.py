"""Server entry of the process that serves streams, also as WebSockets: an ASGI application for one address."""

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import django
from django.core.handlers.asgi import ASGIHandler

from marketing_hub import env
from marketing_hub.passing import caller_named_in
from marketing_hub.sockets import serve

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

STREAM: Final = frozenset({"/api/v1/stream", "/api/stream"})
PATHS: Final = STREAM | {"/healthz", "/metrics"}
_NOT_HERE: Final = b'{"error":"NotFound","message":"Only /api/v1/stream is here.","code":"resource_missing"}'


class Streams(ASGIHandler):
    """Django for PATHS; everything else is not here.

    All requests share one thread while they are admitted: Django would keep a thread, and with it a connection to the
    database, for each request as long as it lasts, and these last.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or begin and end with the server."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http" and scope["path"].rstrip("/") in PATHS:
            caller = caller_named_in(scope["headers"])
            await self.handle({**scope, "client": (caller, 0)} if caller else scope, receive, send)
        elif scope["type"] == "websocket" and scope["path"].rstrip("/") in STREAM:
            await serve(self.handle, scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        elif scope["type"] == "http":
            headers = [(b"content-type", b"application/json")]
            await send({"type": "http.response.start", "status": 404, "headers": headers})
            await send({"type": "http.response.body", "body": _NOT_HERE})


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketing_hub.settings")
with env.refusing():
    django.setup(set_prefix=False)
    from django.utils import timezone

    from integrations.services.streams import start_hub, stop_hub

    application = Streams()


async def _live(receive: Receive, send: Send) -> None:
    await receive()
    await start_hub(clock=timezone.now)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await stop_hub()
    await send({"type": "lifespan.shutdown.complete"})
