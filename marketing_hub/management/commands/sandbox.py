"""The sandbox from the command line."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from marketing_hub import run
from marketing_hub.sandbox.databases import is_ready, let_somebody_in, prepare, reset


class Command(BaseCommand):
    """`sandbox prepare|reset|serve`, with SANDBOX=1."""

    help = "Make or update the sandbox (prepare), bring it back to its mock data (reset), or run it (serve)."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the verb."""
        parser.add_argument("verb", choices=("prepare", "reset", "serve"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it; refused where live data is."""
        if not settings.SANDBOX:
            raise CommandError("This is not a sandbox: set SANDBOX=1 and a DATABASE_URL that ends with _sandbox.")
        if options["verb"] == "serve":
            if not is_ready():
                prepare()
            let_somebody_in(now=timezone.now())
            run.become(run.web())
        elif options["verb"] == "prepare":
            made = prepare()
            self.stdout.write(f"The sandbox is ready; {made} invented people were added to its template.")
        else:
            reset()
            self.stdout.write("The sandbox holds its mock data again.")
