"""`manage.py erasures`: the list of erasures that is kept outside, and erasing again after an old backup came back."""

import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from consent.rules.erased_list import BadList, Entry, check_list, read_entries, write_list
from consent.selectors.erased import erasures, sign_erasures
from consent.services.repeated_erasure import find_back, keep_away, repeat_erasures
from core.actors import SYSTEM


class Command(BaseCommand):
    """`export` writes the list; `repeat` erases again whoever of it is back in the database."""

    help = "Keep a signed list of erasures outside, and repeat them after an old backup was restored."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the verbs."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        export = verbs.add_parser("export", help="write the signed list to standard output, or to a file")
        export.add_argument("--file", type=Path)
        repeat = verbs.add_parser("repeat", help="erase again whoever of the list is back")
        repeat.add_argument("--file", type=Path, required=True)
        repeat.add_argument("--dry-run", action="store_true", help="say who is back and change nothing")

    def handle(self, *args: object, **options: Any) -> None:
        """Do what the verb says; exit code 1 for a list that is not ours, and when somebody could not be erased."""
        if options["verb"] == "export":
            self._export(options["file"])
            return
        file: Path = options["file"]
        try:
            with file.open(encoding="utf-8") as lines:
                number = check_list(lines, sign_erasures)
        except (OSError, BadList, UnicodeDecodeError) as trouble:
            raise CommandError(str(trouble)) from trouble
        self.stdout.write(f"{number} entries, signed by this installation.")
        if options["dry_run"]:
            self._say_who(file)
        else:
            self._repeat(file)

    def _export(self, file: Path | None) -> None:
        lines = write_list(erasures(), sign_erasures, timezone.now().isoformat())
        if file is None:
            sys.stdout.writelines(lines)
            return
        draft = file.with_name(f"{file.name}.part")
        with draft.open("w", encoding="utf-8") as out:
            out.writelines(lines)
        draft.replace(file)
        self.stdout.write(f"{file} written.")

    def _say_who(self, file: Path) -> None:
        found, now = Counter[bool](), timezone.now()
        with transaction.atomic():
            keep_away(entries=_entries(file), by=SYSTEM)
            for row, entry in find_back(entries=_entries(file), now=now):
                found[bool(entry.purpose)] += 1
                again = f"holds again what is kept for {entry.purpose}" if entry.purpose else "is back"
                self.stdout.write(f"{row.public_id} {again}: {entry.verb}, first by {entry.request or 'another door'}")
            transaction.set_rollback(True)
        self.stdout.write(f"{found[False]} people are back.")
        self.stdout.write(f"{found[True]} erasures for one purpose are to be repeated. Nothing was changed.")

    def _repeat(self, file: Path) -> None:
        now, done, waiting = timezone.now(), Counter[bool](), 0
        self.stdout.write(f"{keep_away(entries=_entries(file), by=SYSTEM)} identifiers are kept away again.")
        back = find_back(entries=_entries(file), now=now)
        for told in repeat_erasures(back=back, by=SYSTEM, now=now):
            done[bool(told.purpose)] += not told.waits
            waiting += bool(told.waits)
            again = f"erased again what is kept for {told.purpose}" if told.purpose else "erased again"
            self.stdout.write(f"{told.customer}: {told.waits or again} ({told.request or 'no request'})")
        self.stdout.write(f"{done[False]} people erased again.")
        self.stdout.write(f"{done[True]} erasures for one purpose repeated.")
        if waiting:
            raise CommandError(f"{waiting} people could not be erased; their requests wait on the desk.")


def _entries(file: Path) -> Iterator[Entry]:
    with file.open(encoding="utf-8") as lines:
        yield from read_entries(lines)
