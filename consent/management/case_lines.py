"""Cases on standard input, one JSON object a line, each answered on a line of its own: what the commands share."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from consent.rules.cases import CaseError

Raw = dict[str, Any]


class CaseCommand(BaseCommand):
    """A command that answers cases by the rules alone, without the database."""

    requires_system_checks = []

    def offer_json(self, parser: ArgumentParser) -> None:
        """Declare the form of the answers."""
        parser.add_argument("--json", action="store_true", help="answer with one JSON object a line")

    def answer_lines(self, answer: Callable[[Raw], Raw], sentence: Callable[[Raw], str], *, as_json: bool) -> None:
        """Answer every line; a line that cannot be read is answered with its error, and the exit code is then 1."""
        refused = 0
        for found in _answers(sys.stdin.buffer, answer):
            refused += "error" in found
            self.stdout.write(json.dumps(found, ensure_ascii=False) if as_json else _words(found, sentence))
        if refused:
            raise CommandError(f"{refused} line(s) could not be read as a case; see their errors above.")


def _answers(lines: Iterable[bytes], answer: Callable[[Raw], Raw]) -> Iterator[Raw]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield answer(_object(line))
        except CaseError as error:
            yield {"error": error.code, "field": error.field, "message": str(error), "line": number}


def _object(line: bytes) -> Raw:
    try:
        raw = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise CaseError("invalid_json", "", "This line is not a JSON object in UTF-8.") from error
    if not isinstance(raw, dict):
        raise CaseError("not_an_object", "", "A case must be a JSON object.")
    return raw


def _words(found: Raw, sentence: Callable[[Raw], str]) -> str:
    return f"line {found['line']}: {found['message']}" if "error" in found else sentence(found)
