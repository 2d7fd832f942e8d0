"""Write keys for SDKs from the command line."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.actors import SYSTEM
from core.errors import DomainError
from integrations.services.write_keys import issue_write_key


class Command(BaseCommand):
    """`writekey create --source NAME`."""

    help = "Register a source of events and issue its write key for the SDKs of Segment and RudderStack."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare `create`."""
        create = parser.add_subparsers(dest="verb", required=True).add_parser("create", help="issue a write key")
        create.add_argument("--source", required=True, help="what sends the events, such as 'Shop backend'")
        create.add_argument("--origin", action="append", default=[], help="for web pages of this origin instead")
        create.add_argument("--days", type=int, default=None)
        create.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Issue the key and print it."""
        try:
            issued = issue_write_key(
                source=options["source"],
                origins=options["origin"],
                days=options["days"],
                by=SYSTEM,
                now=timezone.now(),
            )
        except DomainError as refusal:
            raise CommandError(refusal.message) from None
        key = issued.key
        answer = {
            "write_key": issued.secret,
            "id": key.public_id,
            "source": options["source"],
            "client_id": key.client.client_id,
            "client": key.client.public_id,
            "origins": key.origins,
            "expires_at": key.expires_at.isoformat(),
        }
        self.stdout.write(json.dumps(answer, indent=2) if options["json"] else issued.secret)
