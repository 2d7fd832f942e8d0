"""`manage.py duplicates measure FILE`: how well the duplicate finder does on a file whose duplicates are known."""

import csv
import json
import re
import time
from argparse import ArgumentParser
from collections import defaultdict
from itertools import combinations
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from customers.rules.matching import LIKELY, POSSIBLE, Person, measure, pairs_of, person_of

_ENTITY = re.compile(r"rec-(\d+)-(?:org|dup-\d+)")
_COLUMNS = {
    "first_name": ("given_name", "first_name"),
    "last_name": ("surname", "last_name"),
    "birth_date": ("date_of_birth", "birth_date"),
    "city": ("suburb", "city"),
    "postcode": ("postcode",),
    "region": ("state", "region"),
    "email": ("email",),
    "phone": ("phone",),
}


class Command(BaseCommand):
    """Measure the duplicate finder."""

    help = "Precision and recall of the duplicate finder on a FEBRL file (rec-N-org is the same person as rec-N-dup-0)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to do and with which file."""
        parser.add_argument("what", choices=["measure"])
        parser.add_argument("file", type=Path)
        parser.add_argument("--threshold", type=float, default=None, help="Score from which a pair counts.")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, find, compare with the truth, print."""
        people, true = _read(options["file"])
        thresholds = [options["threshold"]] if options["threshold"] is not None else [POSSIBLE, LIKELY]
        begun = time.perf_counter()
        pairs = list(pairs_of(people, threshold=min(thresholds)))
        seconds = time.perf_counter() - begun
        rows = []
        for threshold in thresholds:
            result = measure([(left, right) for left, right, score in pairs if score >= threshold], true)
            figures = {"precision": round(result.precision, 4), "recall": round(result.recall, 4)}
            counts = {"pairs_found": result.found, "pairs_right": result.right, "pairs_true": result.true}
            rows.append({"threshold": threshold, **figures, **counts})
        if options["json"]:
            self.stdout.write(json.dumps({"records": len(people), "seconds": round(seconds, 2), "results": rows}))
            return
        self.stdout.write(f"{len(people):,} records, {len(true):,} true pairs, {seconds:.2f} s")
        for row in rows:
            self.stdout.write(
                f"score >= {row['threshold']:g}: precision {row['precision']:.4f}, recall {row['recall']:.4f} "
                f"({row['pairs_right']} of {row['pairs_true']} found, {row['pairs_found'] - row['pairs_right']} wrong)"
            )


def _read(file: Path) -> tuple[dict[str, Person], list[tuple[str, str]]]:
    """People by record id, and the pairs of records that are one person. Social-security numbers are not looked at."""
    if not file.is_file():
        raise CommandError(f"There is no file {file}.")
    people: dict[str, Person] = {}
    entities: dict[str, list[str]] = defaultdict(list)
    with file.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines, skipinitialspace=True):
            name = row.get("rec_id", "").strip()
            found = _ENTITY.fullmatch(name)
            if found is None:
                raise CommandError("Every record needs a rec_id such as rec-7-org or rec-7-dup-0.")
            entities[found[1]].append(name)
            people[name] = person_of(_values(row))
    return people, [pair for names in entities.values() for pair in combinations(names, 2)]


def _values(row: dict[str, str]) -> dict[str, str]:
    values = {
        name: next((row[column].strip() for column in columns if row.get(column)), "")
        for name, columns in _COLUMNS.items()
    }
    street = f"{row.get('street_number') or ''} {row.get('address_1') or row.get('street') or ''}".strip()
    return values | {"street": street}
