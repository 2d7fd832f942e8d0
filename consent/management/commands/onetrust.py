"""`manage.py onetrust import|export`: consent kept by OneTrust into the ledger, and where people stand out to it."""

import hashlib
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from consent.rules.onetrust import BadExportError, read_export
from consent.services.onetrust import Basis, Fate, import_onetrust
from consent.services.onetrust_export import IDENTIFIERS, Wish, export_onetrust
from core.actors import SYSTEM
from core.errors import DomainError


class Command(BaseCommand):
    """Each row is recorded with its own instant and proof, or answered with the reason why not."""

    help = (
        "Bring an export of OneTrust's consent (CSV, or JSON when the file is named so) into the ledger, or write one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the verb and what the importing person states."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        reads = verbs.add_parser("import", help="bring an export into the ledger")
        reads.add_argument("file", type=Path)
        reads.add_argument("--purpose", action="append", default=[], metavar="THEIRS=OURS", required=True)
        reads.add_argument("--notice", action="append", default=[], metavar="OURS=ntc_...")
        reads.add_argument("--reference", required=True, help="where the consent was given, as an identifier")
        reads.add_argument("--dry-run", action="store_true", help="say what would come of each row, change nothing")

        writes = verbs.add_parser("export", help="write where people stand, for OneTrust to import")
        writes.add_argument("file", type=Path, help="a CSV file that does not exist yet; only its owner may read it")
        writes.add_argument("--purpose", action="append", default=[], metavar="OURS=THEIRS", required=True)
        writes.add_argument("--recipient", required=True, help="the company, by its id in the register (prc_...)")
        writes.add_argument("--identifier", choices=list(IDENTIFIERS), default="email")

    def handle(self, *args: object, **options: Any) -> None:
        """Do it and answer the sums; exit code 1 for a file, a basis or a recipient that cannot be used."""
        if options["verb"] == "export":
            self._export(options["file"], _pairs(options["purpose"]), options["recipient"], options["identifier"])
        else:
            self._bring(options["file"], options)

    def _export(self, file: Path, purposes: dict[str, str], recipient: str, identifier: str) -> None:
        try:
            file.touch(mode=0o600, exist_ok=False)
            with file.open("w", encoding="utf-8", newline="") as out:
                wish = Wish(purposes, recipient, identifier)
                sums = export_onetrust(out=out, wish=wish, by=SYSTEM, now=timezone.now())
        except OSError as trouble:
            raise CommandError(str(trouble)) from trouble
        except DomainError as refusal:
            file.unlink()
            raise CommandError(refusal.message) from refusal
        told = ", ".join(f"{number} {outcome.replace('_', ' ')}" for outcome, number in sorted(sums.items()))
        self.stdout.write(f"{told or 'no rows'}; {file}.")

    def _bring(self, file: Path, options: Mapping[str, Any]) -> None:
        """Answer refused rows by their number, then the sums."""
        try:
            with file.open("rb") as content:
                imported = f"onetrust:{hashlib.file_digest(content, 'sha256').hexdigest()[:32]}"
            basis = Basis(imported, _pairs(options["purpose"]), _pairs(options["notice"]), options["reference"])
            with transaction.atomic() if options["dry_run"] else nullcontext():
                sums = self._import(file, basis)
                if options["dry_run"]:
                    transaction.set_rollback(True)
        except (OSError, UnicodeDecodeError, BadExportError) as trouble:
            raise CommandError(str(trouble)) from trouble
        except DomainError as refusal:
            raise CommandError(refusal.message) from refusal
        told = ", ".join(f"{number} {outcome}" for outcome, number in sorted(sums.items())) or "no rows"
        self.stdout.write(f"{told}; import {imported}.{' Nothing was changed.' if options['dry_run'] else ''}")

    def _import(self, file: Path, basis: Basis) -> Counter[str]:
        sums = Counter[str]()
        with file.open(encoding="utf-8-sig", newline="") as lines:
            statements = read_export(lines, is_json=file.suffix.lower() == ".json")
            for fate in import_onetrust(statements=statements, basis=basis, by=SYSTEM, now=timezone.now()):
                sums[fate.outcome] += 1
                self._say(fate)
        return sums

    def _say(self, fate: Fate) -> None:
        if fate.reason:
            self.stdout.write(f"row {fate.number}: {fate.reason}")


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    """What stands before and behind the last equals sign of each."""
    pairs = [text.rpartition("=") for text in texts]
    if bad := [text for text, (left, _, right) in zip(texts, pairs, strict=True) if not left or not right]:
        raise CommandError(f"Write it as name=value: {bad[0]}")
    return {left.strip(): right.strip() for left, _, right in pairs}
