"""The OpenAPI document as a file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from marketing_hub.documents import schema_yaml


class Command(BaseCommand):
    """`schema --file F`."""

    help = "Write the OpenAPI 3.1 document as YAML."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare `--file`."""
        parser.add_argument("--file", required=True, type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the file."""
        options["file"].write_bytes(schema_yaml())
