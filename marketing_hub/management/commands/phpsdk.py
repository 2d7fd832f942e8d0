"""The PHP client as a file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from marketing_hub.portal.php import source


class Command(BaseCommand):
    """`phpsdk --file F`."""

    help = "Write Hub.php, the PHP client's methods, made from the OpenAPI document."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare `--file`."""
        parser.add_argument("--file", required=True, type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the file."""
        options["file"].write_text(source())
