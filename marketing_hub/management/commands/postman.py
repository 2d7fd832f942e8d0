"""The Postman collection and its environment as files."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from marketing_hub.portal.postman import as_json, collection, environment


class Command(BaseCommand):
    """`postman --folder F`."""

    help = "Write collection.json and environment.json, made from the OpenAPI document and its examples."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare `--folder`."""
        parser.add_argument("--folder", required=True, type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write both files; the folder is made."""
        folder: Path = options["folder"]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "collection.json").write_bytes(as_json(collection()))
        (folder / "environment.json").write_bytes(as_json(environment()))
        self.stdout.write(f"{folder}/collection.json {folder}/environment.json")
