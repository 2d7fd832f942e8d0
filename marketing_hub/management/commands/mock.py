"""The API as a mock on a port, for building against it without an installation."""

from argparse import ArgumentParser
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIServer, make_server

from django.core.management.base import BaseCommand

from marketing_hub.documents import schema
from marketing_hub.portal.mock import MockApi


class _Server(ThreadingMixIn, WSGIServer):
    """A thread for each call."""

    daemon_threads = True


class Command(BaseCommand):
    """`mock --port 8090`."""

    help = "Answer every operation from the examples of the OpenAPI document; needs no database, stores nothing."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare `--host` and `--port`."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8090, help="0 takes a free one")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until interrupted."""
        with make_server(options["host"], options["port"], MockApi(schema()), server_class=_Server) as server:
            self.stdout.write(f"ready http://{options['host']}:{server.server_port}/api/v1")
            self.stdout.flush()
            server.serve_forever()
