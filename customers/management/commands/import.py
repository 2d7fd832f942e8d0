# ruff: noqa: N999 - operators type `import`, and Django names commands after their files
"""`manage.py import customers|purchases FILE`: the same import job as the console's, in this terminal."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.actors import Actor, ActorKind
from core.errors import DomainError
from core.models import Job, JobState
from customers.models import ImportFile, ImportTarget
from customers.selectors.imports import header_drift
from customers.services.import_runs import run_import
from customers.services.imports import discard_import, map_import, stage_import, start_import, state_basis

_BAR = 40
OPERATOR = Actor(kind=ActorKind.SYSTEM, id="operator", label="manage.py")


class Command(BaseCommand):
    """Stage the file, map its columns, run the job here with a progress bar, and report."""

    help = "Import customers or purchases from a CSV file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What the command takes."""
        parser.add_argument("target", choices=[ImportTarget.CUSTOMERS.value, ImportTarget.PURCHASES.value])
        parser.add_argument("file", type=Path)
        parser.add_argument("--mapping", type=Path, help="JSON file; without it columns are recognised by name")
        parser.add_argument("--basis", type=Path, help="JSON file: what a consent column rests on")
        parser.add_argument("--encoding")
        parser.add_argument("--delimiter")
        parser.add_argument("--dry-run", action="store_true", help="find out what would happen; store nothing")
        parser.add_argument("--again", action="store_true", help="import content that was imported before")
        parser.add_argument("--json", action="store_true", help="print the report as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import the file; CommandError with the reason when it is refused."""
        try:
            job = self._run(options)
        except DomainError as refusal:
            details = "".join(f"\n  {problem.param}: {problem.message}" for problem in refusal.details)
            raise CommandError(refusal.message + details) from refusal
        job.refresh_from_db()
        self._report(job, as_json=options["json"])
        if job.state != JobState.SUCCEEDED:
            raise CommandError(f"The import ended as {job.state}: {job.error}")

    def _run(self, options: dict[str, Any]) -> Job:
        file = stage_import(
            chunks=_pieces(options["file"]),
            file_name=options["file"].name,
            target=options["target"],
            encoding=options["encoding"],
            delimiter=options["delimiter"],
            by=OPERATOR,
            now=timezone.now(),
        )
        try:
            job = self._start(file, options)
        except DomainError:
            discard_import(file=file, by=OPERATOR, now=timezone.now())
            raise
        drift = header_drift(file)
        for warning in [*file.dialect["warnings"], *([drift.sentence] if drift else [])]:
            self.stderr.write(self.style.WARNING(warning))
        run_import(job_id=job.public_id, clock=timezone.now, progress=None if options["json"] else self._draw)
        return job

    def _start(self, file: ImportFile, options: dict[str, Any]) -> Job:
        now = timezone.now()
        if options["mapping"]:
            map_import(file=file, mapping=file.mapping | _object(options["mapping"]), now=now)
        if options["basis"]:
            state_basis(file=file, basis=_object(options["basis"]), now=now)
        return start_import(
            file=file, dry_run=options["dry_run"], again=options["again"], by=OPERATOR, now=now, run_here=True
        )

    def _draw(self, job: Job) -> None:
        """One line that fills up; only on a terminal."""
        if sys.stderr.isatty():
            share = job.done / job.total if job.total else 0.0
            bar = "#" * round(_BAR * share)
            self.stderr.write(f"\r[{bar:<{_BAR}}] {share:4.0%} {job.done:,} rows", ending="")

    def _report(self, job: Job, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"job": job.public_id, "state": job.state, **job.result}))
            return
        if sys.stderr.isatty():
            self.stderr.write("")
        self.stdout.write(f"{job.title}: {job.get_state_display().lower()}")
        for name, value in job.result.items():
            if value not in ({}, 0, None):
                self.stdout.write(f"  {name.replace('_', ' '):<18} {_words(value)}")


def _pieces(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as content:
            while piece := content.read(1_048_576):
                yield piece
    except OSError as unreadable:
        raise CommandError(f"{path} cannot be read: {unreadable.strerror}") from unreadable


def _object(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError) as unreadable:
        raise CommandError(f"{path} does not hold JSON: {unreadable}") from unreadable
    if not isinstance(value, dict):
        raise CommandError(f"{path} must hold a JSON object.")
    return value


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_words(inner)}" for key, inner in value.items())
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
