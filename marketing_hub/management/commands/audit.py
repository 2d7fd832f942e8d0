"""`manage.py audit verify`: prove from a shell that nobody changed the audit trail."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from marketing_hub.system.seals import proofs


class Command(BaseCommand):
    """Reads every entry within its retention; changes nothing."""

    help = "Questions about the audit trail. `verify` proves every seal; the exit code is 1 when one does not match."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the sub-commands."""
        commands = parser.add_subparsers(dest="subcommand", required=True)
        verify = commands.add_parser("verify", help="prove every seal of the audit trail")
        verify.add_argument("--json", action="store_true", help="answer with one JSON object")

    def handle(self, *args: object, **options: Any) -> None:
        """Walk the seals and say what was found."""
        seals, wrong, last = 0, [], None
        for seal, matches in proofs(now=timezone.now()):
            seals, last = seals + 1, seal
            wrong += [] if matches else [seal.until.isoformat()]
        found = {"seals": seals, "broken": wrong, "digest": last.digest if last else None}
        if options["json"]:
            self.stdout.write(json.dumps(found))
        else:
            end = f"; sealed until {last.until:%Y-%m-%d %H:%M:%S} UTC, digest {last.digest}" if last else ""
            self.stdout.write(f"{seals:,} seals, {len(wrong):,} that do not match{end}")
        if wrong:
            raise CommandError(f"The audit trail does not match its seals up to {', '.join(wrong[:5])}.")
