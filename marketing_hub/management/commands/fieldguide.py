"""What is done with each field of the API, as a page of the documentation."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from marketing_hub.system.field_guide import field_guide


class Command(BaseCommand):
    """`fieldguide --file F`."""

    help = "Write encryption, scope, permission, GDPR and CCPA handling of each field as Markdown."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare `--file`."""
        parser.add_argument("--file", required=True, type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the file."""
        options["file"].write_text(field_guide(), encoding="utf-8")
