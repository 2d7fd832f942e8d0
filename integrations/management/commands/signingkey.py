"""The keys that sign access tokens in JWT form, from the command line."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from core.actors import SYSTEM
from integrations.models import SigningKey
from integrations.selectors.signing import list_published
from integrations.services.signing import rotate_signing_key


class Command(BaseCommand):
    """`signingkey rotate|list`."""

    help = "Rotate and list the keys that sign JWT access tokens; the old key stays published while a token may live."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the verbs."""
        parser.add_argument("verb", choices=("rotate", "list"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the verb."""
        now = timezone.now()
        if options["verb"] == "rotate":
            answer: Any = _facts(rotate_signing_key(by=SYSTEM, now=now))
        else:
            answer = [_facts(key) for key in list_published(now=now)]
        self.stdout.write(json.dumps(answer, indent=2))


def _facts(key: SigningKey) -> dict[str, str | None]:
    until = key.published_until
    return {
        "kid": key.kid,
        "signs_from": key.signs_from.isoformat(),
        "published_until": until.isoformat() if until else None,
    }
