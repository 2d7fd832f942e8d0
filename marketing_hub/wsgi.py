"""Server entries: `application` for any WSGI server, `server` for ours, which passes calls for the stream on."""

import os
from importlib import import_module
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse

from marketing_hub import addresses, env
from marketing_hub.passing import Passing
from marketing_hub.sandbox import clock
from marketing_hub.sandbox.door import Inside, TestDoor


class Application(WSGIHandler):
    """Hands an answer that is whole to the server in one piece, instead of pieces to ask for."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """The body of the answer; a stream or a file as Django answers it."""
        response = super().__call__(environ, start_response)
        if not isinstance(response, HttpResponse):
            return response
        response.close()
        return [response.content]


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketing_hub.settings")
with env.refusing():
    django.setup(set_prefix=False)
    application = Application()
    if settings.SANDBOX:
        import_module("marketing_hub.sandbox.drive").begin()  # it needs the apps
    own = (
        Inside(application, before=clock.keep_time)
        if settings.SANDBOX
        else TestDoor(application, url=env.text("SANDBOX_URL", ""))
    )
    server = Passing(
        own,
        host=addresses.own_host(),
        port=addresses.stream_port(),
        places=env.number("WEB_THREADS", 16, 1, 64) // 2,
    )
