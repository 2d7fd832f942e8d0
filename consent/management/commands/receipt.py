"""`manage.py receipt verify`: whether a consent receipt is genuine and the ledger still says so."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from consent.selectors.receipts import verify_receipt


class Command(BaseCommand):
    """Reads a receipt from standard input: the downloaded file, or its signed form alone."""

    help = "Verify a consent receipt: signature, and the entry of the ledger with its chain."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the verb."""
        parser.add_argument("verb", choices=["verify"])

    def handle(self, *args: object, **options: Any) -> None:
        """Say what was found; the exit code is 1 unless the receipt is genuine and in the ledger."""
        verdict = verify_receipt(sys.stdin.read())
        if not (verdict.genuine and verdict.in_ledger):
            raise CommandError(verdict.why)
        self.stdout.write(verdict.why)
