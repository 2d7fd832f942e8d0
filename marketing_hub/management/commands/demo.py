"""The demo: a real shop's purchases, invented people, their consent and what they did lately."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core.errors import DomainError
from marketing_hub.demo.files import ImportNotDoneError
from marketing_hub.demo.load import MismatchError, is_loaded, load
from marketing_hub.demo.shop import ShopError


class Command(BaseCommand):
    """`demo load [--small] [--base-url URL]`."""

    help = (
        "Load the demo through the product's own imports, services and HTTP API; once, and completing if interrupted."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the verb."""
        load_parser = parser.add_subparsers(dest="verb", required=True).add_parser("load", help="load the demo")
        load_parser.add_argument("--small", action="store_true", help="a tenth of the people, for a quick look")
        load_parser.add_argument("--base-url", default=settings.PUBLIC_URL, help="where the web server answers")

    def handle(self, *args: Any, **options: Any) -> None:
        """Load, with one line a step; exit status 1 and one sentence when a figure is not the known one."""
        if settings.PRODUCTION:
            raise CommandError("HUB_ENV is production: the demo and its staff accounts belong on a trial installation.")
        if is_loaded():
            self.stdout.write("The demo is loaded already.")
            return
        try:
            load(base_url=options["base_url"], small=options["small"], out=sys.stdout)
        except (MismatchError, ImportNotDoneError, ShopError) as error:
            raise CommandError(f"The demo did not load: {error} Start it again to complete it.") from error
        except DomainError as refusal:
            raise CommandError(f"The demo did not load: {refusal.message}") from refusal
        self.stdout.write("The demo is loaded; every total reconciles with the known answers.")
