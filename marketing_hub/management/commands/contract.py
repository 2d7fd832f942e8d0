"""Whether the API still keeps what its released versions promised."""

from datetime import date
from pathlib import Path
from typing import Any, Final

import yaml
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from marketing_hub.contract import breaks

CURRENT: Final = settings.BASE_DIR / "docs/api/openapi.yaml"
RELEASED: Final = settings.BASE_DIR / "docs/api/released"


class Command(BaseCommand):
    """`contract`: compare docs/api/openapi.yaml with every document in docs/api/released/."""

    help = "Fail when the API takes away what a released version of the same major number promised."

    def handle(self, *args: Any, **options: Any) -> None:
        """Name each break; CommandError when there is one."""
        current, on = _read(CURRENT), timezone.now().date()
        found = [text for file in released() for text in _breaks_of(file, current, on)]
        for text in found:
            self.stderr.write(text)
        if found:
            raise CommandError(f"{len(found)} promises of released versions are broken; see docs/guides/versioning.md.")
        self.stdout.write(f"kept: {', '.join(file.stem for file in released())}")


def released() -> list[Path]:
    """The documents of released versions."""
    return sorted(RELEASED.glob("*.yaml"))


def _breaks_of(file: Path, current: dict[str, Any], on: date) -> list[str]:
    return [f"{file.stem}: {text}" for text in breaks(_read(file), current, on=on)]


def _read(file: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.load(file.read_text(), yaml.CSafeLoader)
    return document
