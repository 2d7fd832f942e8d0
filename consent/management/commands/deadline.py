"""`manage.py deadline`: when an answer to a request is due, for scripts and operators."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from consent.rules.cases import CaseError
from consent.rules.deadline_cases import parse_deadline_case, unread_kinds
from consent.rules.deadlines import due


class Command(BaseCommand):
    """Computes due dates by the rules alone: it does not read the database."""

    help = "Due dates of the cases of standard input: regime, type, received, clock, events; one JSON object a line."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--json", action="store_true", help="answer with one JSON object a line")

    def handle(self, *args: object, **options: Any) -> None:
        """Answer every line; a line that cannot be read is answered with its error, and the exit code is then 1."""
        refused = 0
        for answer in _answers(sys.stdin.buffer):
            refused += "error" in answer
            self.stdout.write(json.dumps(answer, ensure_ascii=False) if options["json"] else _sentence(answer))
        if refused:
            raise CommandError(f"{refused} line(s) could not be read as a case; see their errors above.")


def _answers(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield _answer(_object(line))
        except CaseError as error:
            yield {"error": error.code, "field": error.field, "message": str(error), "line": number}


def _answer(raw: dict[str, Any]) -> dict[str, Any]:
    found = due(parse_deadline_case(raw))
    answer = {
        "law_due": found.law_due.isoformat(),
        "safe_due": found.safe_due.isoformat(),
        "why": list(found.why),
        "extension": found.extension,
        "notice_by": found.notice_by.isoformat() if found.notice_by else None,
        "days_stopped": found.days_stopped,
        "rule_set": found.rule_set,
        "holiday_set": found.holiday_set,
    }
    unread = unread_kinds(raw)
    return answer | {"unread": unread} if unread else answer


def _object(line: bytes) -> dict[str, Any]:
    try:
        raw = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise CaseError("invalid_json", "", "This line is not a JSON object in UTF-8.") from error
    if not isinstance(raw, dict):
        raise CaseError("not_an_object", "", "A case must be a JSON object.")
    return raw


def _sentence(answer: dict[str, Any]) -> str:
    if "error" in answer:
        return f"line {answer['line']}: {answer['message']}"
    return f"law {answer['law_due']}, we work towards {answer['safe_due']}: {' '.join(answer['why'])}"
